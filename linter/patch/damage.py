"""Hunks that unidiff refuses in, hunks as far as their headers allow and what had hurt them out.

Three readings of a hunk are tried against the counts of its header: every line without a marker is a context line
that lost its blank; it is the rest of a wrapped line; or the counts themselves are wrong. The header decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from linter.patch.model import Damage, DamageKind, Hunk, Line, LineKind
from linter.patch.vanished import place_blanks
from linter.pattern import lazy
from linter.record import record

_HEADER = lazy(rb"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@[ ]?(.*)", re.DOTALL)
_VERSION = lazy(rb"\d+\.[\w.+-]+(?: \(.*\))?$|[\w. -]{0,40}\bgit\b.{0,20}$")
_STOP = lazy(rb"_{8,}\r?$|diff --|Index: |From [0-9a-f]{40} |---\r?$|base-commit: |\[\.\.\.|<snip>|GIT binary patch")
_KINDS = {b"+": LineKind.ADDED, b"-": LineKind.REMOVED, b" ": LineKind.CONTEXT, b"": LineKind.CONTEXT}
_NO_BREAK = b"\xc2\xa0"
_LONG = 55  # a line this long may have been wrapped

Item = tuple[LineKind, bytes, int]  # kind, text, index of the line


@record(frozen=False)
class _Reading:
    """One way to read the lines under a hunk header."""

    items: list[Item]
    used: int  # lines consumed
    pre: int  # lines of the pre-image still owed
    post: int
    stray: list[int]  # lines without a marker that were read in spite of it
    unterminated: list[int]

    @property
    def exact(self) -> bool:
        return self.pre == 0 and self.post == 0


def mend_hunks(lines: Sequence[bytes], linenos: Sequence[int], *, is_c: bool) -> tuple[tuple[Hunk, ...], list[Damage]]:
    """Read damaged hunks; the first line is a hunk header."""
    hunks: list[Hunk] = []
    damage: list[Damage] = []
    lines = _undo_no_break_spaces(lines, linenos, damage)
    starts = [i for i, line in enumerate(lines) if line[:3] in (b"@@ ", b"@@", b"@@\r")]
    if not starts:
        damage.append(Damage(DamageKind.HEADER, linenos[0], 1, "a hunk header cannot be read"))
        return (), damage
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        hunk = _mend_hunk(lines[start:end], linenos[start:end], damage, is_last=end == len(lines), is_c=is_c)
        if hunk is not None:
            hunks.append(hunk)
    return tuple(hunks), damage


def _undo_no_break_spaces(lines: Sequence[bytes], linenos: Sequence[int], damage: list[Damage]) -> Sequence[bytes]:
    """Some mail programs indent with no-break spaces; make them blanks again."""
    hurt = [index for index, line in enumerate(lines) if _NO_BREAK in line]
    if not hurt:
        return lines
    damage.append(Damage(DamageKind.TABS, linenos[hurt[0]], len(hurt), "no-break spaces"))
    return [line.replace(_NO_BREAK, b" ") for line in lines]


def _mend_hunk(
    lines: Sequence[bytes], linenos: Sequence[int], damage: list[Damage], *, is_last: bool, is_c: bool
) -> Hunk | None:
    match = _HEADER.match(lines[0])
    skip = 1
    if match is None and len(lines) > 1 and (match := _HEADER.match(lines[0].rstrip() + b" " + lines[1])):
        damage.append(Damage(DamageKind.WRAPPED, linenos[1], 1, "a hunk header is wrapped"))
        skip = 2
    if match is None:
        damage.append(Damage(DamageKind.HEADER, linenos[0], 1, "a hunk header has no line numbers"))
        return _build_unnumbered(lines[1:], linenos)
    numbers = [int(number) if number else 1 for number in match.groups()[:4]]
    body = lines[skip:]
    end = region_end(body)
    strict = _read(body, end, numbers, stray="stop")
    if strict.exact and not _marked(body[strict.used : end]):
        return _build(numbers, match[5], strict, linenos, skip)
    reading, kind = _best_reading(body, end, numbers)
    if kind is DamageKind.LOST_BLANK and reading.pre:
        reading.items = place_blanks(reading.items, reading.pre)
        reading.pre = reading.post = 0
    if (
        kind is DamageKind.COUNT
        and not any(line.strip() for line in body[reading.used :])
        and is_last
        and reading.pre > 0
    ):
        kind = DamageKind.TRUNCATED
    stray = reading.stray
    first = linenos[skip + stray[0]] if stray else linenos[0]
    if kind is DamageKind.TRUNCATED:
        first = linenos[max(skip + reading.used - 1, 0)]
    damage.append(Damage(kind, first, max(len(stray), 1), _detail(kind, reading)))
    return _build(numbers, match[5], reading, linenos, skip)


def _detail(kind: DamageKind, reading: _Reading) -> str:
    if kind in (DamageKind.COUNT, DamageKind.TRUNCATED):
        lacking = max(reading.pre, reading.post)
        return f"{lacking} lines fewer than the header says" if lacking > 0 else "more lines than the header says"
    return ""


def region_end(body: Sequence[bytes]) -> int:
    """Where the lines of a hunk end at the latest: a signature, a footer, the next file."""
    for index, line in enumerate(body):
        start = line[:2]
        if start == b"--" and line.rstrip() == b"--":
            following = body[index + 1] if index + 1 < len(body) else b""
            if not following.strip() or _VERSION.match(following.strip()) or line == b"--":
                return index
        elif (start in _STOPS and _STOP.match(line)) or (start[:1].isupper() and _is_prose(line)):
            return index
    return len(body)


def _is_prose(line: bytes) -> bool:
    """Whether a line is what a person writes between the lines of a patch."""
    return _PROSE.match(line) is not None and not _CODE.search(line)


_PROSE = lazy(rb"[A-Z][a-z']*,?(?: [\w',.?!-]+){3}")
_CODE = lazy(rb"[;{}=]|\w\(|->|\*/")
_STOPS = frozenset({b"__", b"di", b"In", b"Fr", b"--", b"ba", b"[.", b"<s", b"GI"})


def _read(body: Sequence[bytes], end: int, numbers: list[int], *, stray: str, counted: bool = True) -> _Reading:
    """Read lines until the counts are met; `stray`: stop at, join or take as context a line without a marker."""
    pre, post = numbers[1], numbers[3]
    reading = _Reading([], 0, pre, post, [], [])
    items = reading.items
    for index in range(end):
        if counted and pre <= 0 and post <= 0 and not body[index].startswith(b"\\"):
            break
        line = body[index]
        marker = line[:1]
        if marker == b"\\":
            reading.unterminated.append(len(items) - 1)
        elif marker in _KINDS or line == b"\r":
            kind = _KINDS.get(marker, LineKind.CONTEXT)
            if counted and ((kind is not LineKind.ADDED and pre <= 0) or (kind is not LineKind.REMOVED and post <= 0)):
                break
            items.append((kind, line[1:] if marker in b"+- " else line, index))
            pre -= kind is not LineKind.ADDED
            post -= kind is not LineKind.REMOVED
        elif stray == "stop":
            break
        elif stray == "join":
            reading.stray.append(index)
            if items:
                kind, text, at = items[-1]
                items[-1] = (kind, text + b" " + line, at)
        else:
            reading.stray.append(index)
            items.append((LineKind.CONTEXT, line, index))
            pre, post = pre - 1, post - 1
        reading.used = index + 1
    reading.pre, reading.post = pre, post
    return reading


def _best_reading(body: Sequence[bytes], end: int, numbers: list[int]) -> tuple[_Reading, DamageKind]:
    joined = _read(body, end, numbers, stray="join")
    if joined.exact:  # the rest of the last wrapped line
        while joined.used < end and _is_continuation(body, joined.used):
            joined.stray.append(joined.used)
            kind, text, at = joined.items[-1]
            joined.items[-1] = (kind, text + b" " + body[joined.used], at)
            joined.used += 1
    blank = _read(body, end, numbers, stray="context")
    joined_fits = joined.exact and bool(joined.stray) and not _marked(body[joined.used : end])
    blank_fits = (
        blank.pre == blank.post and blank.pre >= 0 and bool(blank.stray) and not _marked(body[blank.used : end])
    )
    if joined_fits and (not blank_fits or _follows_long_lines(body, joined.stray)):
        return joined, DamageKind.WRAPPED
    if blank_fits and (blank.pre == 0 or blank.pre <= 2 + len(blank.stray)):
        _keep_indent(blank, body)
        return blank, DamageKind.LOST_BLANK
    plain = _read(body, end, numbers, stray="stop", counted=False)
    while (
        plain.items
        and plain.items[-1][0] is LineKind.CONTEXT
        and not plain.items[-1][1]
        and (plain.pre < 0 or plain.post < 0)
    ):  # blank lines behind the hunk
        plain.items.pop()
        plain.pre, plain.post = plain.pre + 1, plain.post + 1
    return plain, DamageKind.COUNT


def _is_continuation(body: Sequence[bytes], index: int) -> bool:
    line = body[index]
    return bool(line.strip()) and line[:1] not in b" +-\\" and len(body[index - 1]) >= _LONG


def _follows_long_lines(body: Sequence[bytes], stray: Sequence[int]) -> bool:
    return all(index == 0 or len(body[index - 1]) >= _LONG // 2 for index in stray)


def _keep_indent(reading: _Reading, body: Sequence[bytes]) -> None:
    """Where most context lines lost their blank, the blank of the others is indentation."""
    marked = [i for i, item in enumerate(reading.items) if item[0] is LineKind.CONTEXT and body[item[2]][:1] == b" "]
    if len(reading.stray) > len(marked):
        for i in marked:
            kind, _, at = reading.items[i]
            reading.items[i] = (kind, body[at], at)


def _marked(lines: Sequence[bytes]) -> bool:
    """Whether lines of the patch are left over."""
    for line in lines:
        if line.strip():
            return line[:1] == b"+" or (line[:1] == b"-" and line[:2] != b"--")
    return False


def _build(numbers: list[int], section: bytes, reading: _Reading, linenos: Sequence[int], skip: int) -> Hunk:
    pre, post = numbers[0], numbers[2]
    built: list[Line] = []
    for kind, text, index in reading.items:
        lineno = linenos[skip + index]
        if kind is LineKind.ADDED:
            built.append(Line(kind, text, None, post, lineno))
        elif kind is LineKind.REMOVED:
            built.append(Line(kind, text, pre, None, lineno))
        else:
            built.append(Line(kind, text, pre, post, lineno))
        pre += kind is not LineKind.ADDED
        post += kind is not LineKind.REMOVED
    cut = reading.pre > 0 or reading.post > 0
    starts = (numbers[0], numbers[1], numbers[2], numbers[3])
    ends = tuple(reading.unterminated)
    return Hunk(*starts, section.strip(), tuple(built), linenos[0], cut=cut, unterminated=ends)


def _build_unnumbered(body: Sequence[bytes], linenos: Sequence[int]) -> Hunk | None:
    reading = _read(body, region_end(body), [0, 0, 0, 0], stray="stop", counted=False)
    if not reading.items:
        return None
    built = tuple(Line(kind, text, None, None, linenos[1 + index]) for kind, text, index in reading.items)
    return Hunk(0, 0, 0, 0, b"", built, linenos[0], numbered=False)
