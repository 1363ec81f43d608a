"""The words that several formats share: how a patch, a place, a count and a skipped part are called."""

from __future__ import annotations

from linter.patch.model import Location, Patch
from linter.render.escape import Glyphs, one_line, visible, width
from linter.render.options import RenderOptions
from linter.review.model import Counts, Judged, PatchReport, Skip, Verdict

WIDEST = 120  # prose wider than this is hard to read
NOTHING = "no patch was reviewed"


def shown(report: PatchReport, options: RenderOptions) -> tuple[Judged, ...]:
    """The findings to show: the reported ones and, where asked for, those that a person put aside."""
    wanted = {Verdict.REPORTED}
    if options.show_suppressed:
        wanted |= {Verdict.SUPPRESSED, Verdict.BASELINED}
    return tuple(judged for judged in report.judged if judged.verdict in wanted)


def tag(patch: Patch, unicode: Glyphs = True) -> str:
    """What a subject's bracket says, `[PATCH v3 2/7]`; the short commit id for a commit."""
    if patch.commit:
        return patch.commit[:12]
    return one_line(f"[{' '.join(patch.prefixes)}]", unicode) if patch.prefixes else ""


def heading(patch: Patch, unicode: Glyphs = True) -> str:
    """The bracket and the title on one line."""
    words = (tag(patch, unicode), one_line(patch.title or patch.subject, unicode))
    return " ".join(filter(None, words)) or visible(patch.source, unicode)


def place(location: Location, patch: Patch, unicode: Glyphs = True) -> str:
    """`path:line` where both are known, else what is."""
    path = visible(location.path, unicode) if location.path is not None else None
    if path is not None and location.line is not None:
        return f"{path}:{location.line}"
    where = f"line {location.patch_lineno} of the {'mail' if patch.mail else 'patch'}" if location.patch_lineno else ""
    if path is not None:
        return f"{path} ({where})" if where else path
    if where:
        return where
    return "the whole patch"


def file_position(location: Location, patch: Patch, unicode: Glyphs = True) -> tuple[str, int]:
    """A file and a line that an editor can open: of the tree where they are known, else of the input."""
    if location.path is not None and location.line is not None:
        return visible(location.path, unicode), location.line
    source = patch.commit[:12] if patch.commit else patch.source
    return visible(source, unicode), location.patch_lineno or 1


def plural(count: int, noun: str) -> str:
    """`1 patch`, `2 patches`, `0 warnings`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun}{'es' if noun.endswith(('ch', 's', 'sh')) else 's'}"


def findings_phrase(counts: Counts) -> str:
    """`1 error, 0 warnings` and, where there is any, info."""
    parts = [plural(counts.error, "error"), plural(counts.warning, "warning")]
    if counts.info:
        parts.append(f"{counts.info} info")
    return ", ".join(parts)


def _parts(skipped: int, files: int | None) -> str:
    """How many of the skipped parts are files; the rest are messages, functions and inputs."""
    if files is None or files > skipped:
        return plural(skipped, "part")
    named = [plural(files, "file")] if files else []
    if skipped > files:
        named.append(plural(skipped - files, "other part" if files else "part"))
    return " and ".join(named)


def aside(counts: Counts, hint: str = "", files: int | None = None) -> str:
    """What was hidden or skipped, in parentheses; empty where nothing was."""
    hidden = [
        f"{count} {name}"
        for count, name in (
            (counts.suppressed, "suppressed"),
            (counts.baselined, "baselined"),
            (counts.hidden, "below the threshold"),
            (counts.preexisting, "pre-existing"),
        )
        if count
    ]
    groups = [", ".join(hidden)] if hidden else []
    if counts.skipped:
        groups.append(f"{_parts(counts.skipped, files)} not analysed{hint}")
    if counts.unreadable:
        groups.append(f"{plural(counts.unreadable, 'input')} unreadable")
    return f" ({'; '.join(groups)})" if groups else ""


def summary(counts: Counts, hint: str = "", files: int | None = None) -> str:
    """One line over a whole run; what was hidden or skipped is always in it."""
    rest = aside(counts, hint, files)
    if not counts.patches:
        messages = f": {plural(counts.messages, 'message')} without one" if counts.messages else ""
        return NOTHING + messages + rest
    over = f" in {plural(counts.patches, 'patch')}"
    if counts.error or counts.warning or counts.info:
        return findings_phrase(counts) + over + rest
    return "no findings" + over + rest


def skip_line(skip: Skip, unicode: Glyphs = True) -> str:
    """What was not analysed, at which stage, and why, on one line."""
    what = skip.path or (f"<{skip.message_id}>" if skip.message_id else "input")
    return f"{visible(what, unicode)}: {skip.stage}: {one_line(skip.reason, unicode)}"


def wrap(text: str, columns: int) -> list[str]:
    """Prose in lines of at most so many columns; words longer than a line are left whole."""
    lines: list[str] = []
    current = ""
    for word in text.split():
        if current and width(current) + 1 + width(word) > columns:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}" if current else word
    if current:
        lines.append(current)
    return lines
