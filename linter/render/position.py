"""Where a finding is put by formats that only know the file after the patch: forges, editors, CI servers.

A finding on a removed line goes to the line that took its place; one about the mail has no line in any file.
"""

from __future__ import annotations

from linter.detect.model import Finding
from linter.patch.model import LineKind, Location, Side
from linter.record import record
from linter.render.escape import decode, one_line
from linter.render.source import Place, Source
from linter.review.model import Judged
from linter.rulebook.model import Severity


@record
class Position:
    """A line of the post-image; columns count bytes from 1, the end is exclusive, both None for the whole line."""

    path: str
    line: int
    column: int | None = None
    end_column: int | None = None
    text: bytes | None = None  # of the line, where it is known

    def character(self, byte_column: int) -> int:
        """The column counted in characters, for formats that count so."""
        if self.text is None:
            return byte_column
        return len(decode(self.text[: byte_column - 1])) + 1


def _stands_for(place: Place) -> int:
    """The post-image line to show for a removed one: the line that took its place, else the one after it."""
    hunk = place.hunk
    last = hunk.post_start + hunk.post_count - 1
    return max(1, min(place.post, last) if hunk.post_count else place.post)


def position(location: Location, source: Source) -> Position | None:
    """The place in the post-image; None for the mail, and for a patch without hunk headers."""
    if location.path is None or location.line is None:
        return None
    place = source.place(location.patch_lineno) if location.patch_lineno else None
    if location.side is Side.PRE:
        if place is None or place.line.kind is not LineKind.CONTEXT:
            path = place.file.path if place is not None else location.path
            return Position(path or location.path, _stands_for(place) if place is not None else location.line)
        post = place.line.post_lineno or location.line
        return Position(place.file.path or location.path, post, location.column, location.end_column, place.line.text)
    row = source.row(location)
    return Position(
        location.path, location.line, location.column, location.end_column, row.text if row is not None else None
    )


def headline(finding: Finding) -> str:
    """The message and the primary label in one sentence, for formats with room for one."""
    message, label = one_line(finding.message), one_line(finding.primary.text)
    if not label or label.lower() in message.lower():
        return message
    return f"{message}: {label}"


def sentence(text: str) -> str:
    """The text with a full stop, unless it ends in a mark of its own."""
    return text if not text or text[-1] in ".?!:;" else f"{text}."


def by_severity(severity: Severity, error: str, warning: str, info: str) -> str:
    """A format's own word for a severity."""
    return {Severity.ERROR: error, Severity.WARNING: warning, Severity.INFO: info}[severity]


class Unique:
    """Makes fingerprints unique within one output: the second of two equal ones gets `-2`, the third `-3`."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def __call__(self, judged: Judged) -> str:
        """The fingerprint, told apart from those that came before."""
        count = self._seen[judged.fingerprint] = self._seen.get(judged.fingerprint, 0) + 1
        return judged.fingerprint if count == 1 else f"{judged.fingerprint}-{count}"
