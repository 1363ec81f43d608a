"""A patch to the lines that a reply quotes: those that the remarks are about, and what is needed to read them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from linter.pattern import lazy
from linter.render.escape import decode, visible
from linter.render.source import Source

ABOVE = 4  # lines kept above a remark
ASIDE = 1  # lines kept around the other places of a path
HEADER = 6  # a file's header is kept whole up to this many lines
LONGEST = 2000  # bytes of a quoted line
LONGEST_STATEMENT = 8  # lines
CUT = "> [ … ]"

_LITERAL = lazy(rb'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|/\*.*?\*/|//.*')


def kept_lines(source: Source, remarked: Collection[int], mentioned: Iterable[int]) -> set[int]:
    """The 1-based lines of the message to quote."""
    kept: set[int] = set()
    last = max(remarked, default=0)
    for number in remarked:
        kept |= {number, *_around(source, number, ABOVE, 0)}
    for number in mentioned:
        kept |= _around(source, number, ASIDE, ASIDE)
    return {number for number in kept if number <= last}  # below the last remark there is nothing to read


def statement_end(source: Source, number: int) -> int:
    """The last line of the statement that begins on a line: a remark does not cut a call in two."""
    place = source.place(number)
    if place is None:
        return number
    depth = 0
    kind = place.line.kind
    for line in place.hunk.lines[place.index : place.index + LONGEST_STATEMENT]:
        code = _LITERAL.sub(b"", line.text[:LONGEST])
        depth += code.count(b"(") - code.count(b")")
        if line.kind is not kind:
            return number
        if depth <= 0:
            return max(line.patch_lineno, number)
    return number


def _around(source: Source, number: int, above: int, below: int) -> set[int]:
    place = source.place(number)
    if place is None:
        first = max(number - 2, source.patch.body_lineno, 1)
        return set(range(first, number + 1))
    lines = place.hunk.lines
    at = max(place.index - above, 0)
    while at < place.index and not lines[at].text.strip():
        at += 1
    start = lines[at].patch_lineno
    end = lines[min(place.index + below, len(lines) - 1)].patch_lineno
    head = place.file.patch_lineno
    first_hunk = place.file.hunks[0].patch_lineno
    header = range(head, first_hunk) if first_hunk - head <= HEADER else range(head, head + 1)
    return {*range(start, end + 1), place.hunk.patch_lineno, *(n for n in header if n > 0)}


def quoted(source: Source, number: int) -> str:
    """One line of the message behind `> `."""
    text = source.mail_line(number) or b""
    whole = text.rstrip(b"\r")
    words = visible(decode(whole[:LONGEST]), keep="\t\u00a0\u3000") + (" …" if len(whole) > LONGEST else "")
    return f"> {words}".rstrip() if not words.strip() else f"> {words}"


def quote(source: Source, kept: set[int], remarks: dict[int, list[str]]) -> Iterator[str]:
    """The quotation with the remarks below their lines; runs of left-out lines become one mark, a single one stays."""
    previous: int | None = max(source.patch.body_lineno, 1) - 1
    for number in sorted(kept):
        if previous is not None and number == previous + 2 and number - 1 >= source.patch.body_lineno:
            yield quoted(source, number - 1)
        elif previous is None or number > previous + 1:
            yield CUT
        yield quoted(source, number)
        previous = number
        if number in remarks:
            yield ""
            yield from remarks[number]
            yield ""
