"""The lines of a diff from a `format=flowed` mail in, the lines as they were written out.

Such a mail may carry an extra space before lines that start with one (stuffing), and breaks long lines behind a space
(RFC 3676). A patch has lines of its own that start or end so: the header of a hunk decides. What adds up is left alone,
and a break is undone only where the hunk adds up for it. Prose is left as it came.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from linter.patch.model import Damage, DamageKind
from linter.pattern import lazy

_HUNK = lazy(rb"@@ -\d{1,9}(?:,(\d{1,9}))? \+\d{1,9}(?:,(\d{1,9}))? @@")
_BROKEN_HUNK = lazy(rb"@@ -\d{1,9}(?:,\d{1,9})? (?:\+\d{1,9}(?:,\d{1,9})? )?$")
_HEADERS = (b"diff --git ", b"rename ", b"copy ", b"--- ", b"+++ ")
_WIDTH = 55  # no mail program breaks where the line and the word behind it are shorter
_SIGNATURE = b"-- "
_NO_BREAK = b"\xc2\xa0"

Text = tuple[list[bytes], list[int]]  # lines, and the line of the mail that each comes from
Join = Callable[[bytes], bool]


def unflow(lines: Sequence[bytes], linenos: Sequence[int], *, delsp: bool) -> tuple[Text, tuple[Damage, ...]]:
    """Undo what a mail program did to the diff that starts at the first line."""
    stuffed = _is_stuffed(lines)
    texts = [line[1:] if line[:1] == b" " else line for line in lines] if stuffed else list(lines)
    starts = [i for i, line in enumerate(texts) if line.startswith((b"@@ ", b"diff --git ")) or _is_file(texts, i)]
    done: Text = ([], [])
    broken: list[int] = []
    bounds = [0, *(start for start in starts if start), len(texts)]
    for start, end in itertools.pairwise(bounds):
        part = texts[start:end], list(linenos[start:end])
        mended = _unflow_hunk(part, delsp) if texts[start].startswith(b"@@ ") else _unflow_header(part, delsp)
        broken += sorted(set(part[1]) - set(mended[1]))
        done[0].extend(mended[0])
        done[1].extend(mended[1])
    if not broken:
        return done, ()
    wrapped = Damage(DamageKind.WRAPPED, broken[0], len(broken), "format=flowed")
    hurt = [lineno for line, lineno in zip(*done, strict=True) if _NO_BREAK in line]
    if not hurt:
        return done, (wrapped,)
    texts = [line.replace(_NO_BREAK, b" ") for line in done[0]]  # the same programs indent with them
    return (texts, done[1]), (wrapped, Damage(DamageKind.TABS, hurt[0], len(hurt), "no-break spaces"))


def _is_file(lines: Sequence[bytes], index: int) -> bool:
    """Whether the `---` and `+++` lines of a file begin here."""
    return lines[index].startswith(b"--- ") and any(line.startswith(b"+++ ") for line in lines[index + 1 : index + 3])


def _is_stuffed(lines: Sequence[bytes]) -> bool:
    """Whether each context line has a space too many, and one of them could not be indented so by its author."""
    seen = inside = False
    for line in lines:
        if line.startswith(b"@@ "):
            inside = True
        elif line == _SIGNATURE:
            break
        elif inside and line[:1] == b" " and line.strip():
            if line[1:2] != b" " and not line.startswith((b" >", b" From ")):
                return False
            seen = seen or (line[1:2] == b" " and line[2:3] not in b" *")
    return seen


def _unflow_hunk(part: Text, delsp: bool) -> Text:
    """Join the soft breaks of one hunk where it adds up for that, those before a line without a marker first."""
    if not any(line[-1:] == b" " for line in part[0]):
        return part
    headed = _join(part, delsp, lambda _: True, 1) if _heads(part[0]) else part
    if _adds_up(headed[0]):
        return headed
    readings: tuple[Join, ...] = (lambda line: line[:1] not in (b"+", b"-", b" ", b"\\"), lambda _: True)
    for wanted in readings:
        joined = _join(headed, delsp, wanted, len(headed[0]))
        if _adds_up(joined[0]):
            return joined
    return headed


def _heads(lines: Sequence[bytes]) -> bool:
    """Whether the line of the hunk header goes on in the next line."""
    if len(lines) < 2 or lines[0][-1:] != b" ":
        return False
    if _BROKEN_HUNK.match(lines[0]):
        return lines[1].endswith(b"@@") or b"@@ " in lines[1]
    return lines[1][:1] not in (b"", b"+", b"-", b" ", b"\\")


def _unflow_header(part: Text, delsp: bool) -> Text:
    """Join the broken names of a file header."""
    lines, linenos = part
    kept: Text = ([], [])
    for line, lineno in zip(lines, linenos, strict=True):
        above = kept[0][-1] if kept[0] else b""
        plain = line and not line.startswith((*_HEADERS, b"index ", b"new ", b"old ", b"deleted ", b"similarity "))
        if plain and above.startswith(_HEADERS) and _is_soft(above, line):
            kept[0][-1] = above[: len(above) - delsp] + line
        else:
            kept[0].append(line)
            kept[1].append(lineno)
    return kept


def _join(part: Text, delsp: bool, wanted: Join, until: int) -> Text:
    """Undo the soft breaks before lines that are `wanted`, down to line `until`."""
    kept: Text = ([part[0][0]], [part[1][0]])
    for index in range(1, len(part[0])):
        line, above = part[0][index], kept[0][-1]
        if line == _SIGNATURE:
            until = 0
        last = part[0][index - 1]
        if index <= until and wanted(line) and (_is_soft(last, line) or (until == 1 and last[:2] == b"@@")):
            kept[0][-1] = above[: len(above) - delsp] + line
        else:
            kept[0].append(line)
            kept[1].append(part[1][index])
    return kept


def _is_soft(above: bytes, line: bytes) -> bool:
    """Whether a mail program would break a line here: behind a space, at its width, outside quotations."""
    if above[-1:] != b" " or above == _SIGNATURE or not line.strip() or line[:1] == b">":
        return False
    return len(above) + len(line.split(None, 1)[0]) >= _WIDTH


def _adds_up(lines: Sequence[bytes]) -> bool:
    """Whether a hunk has the lines that its header says, and no more."""
    match = _HUNK.match(lines[0])
    if match is None:
        return False
    pre, post = (int(count) if count else 1 for count in match.groups())
    for index, line in enumerate(lines[1:], 1):
        marker = line[:1]
        if pre <= 0 and post <= 0 and marker != b"\\":
            return pre == post == 0 and not _goes_on(lines[index - 1], line)
        if marker not in (b"+", b"-", b" ", b"", b"\\"):
            return False
        pre -= marker in (b"-", b" ", b"")
        post -= marker in (b"+", b" ", b"")
    return pre == post == 0


def _goes_on(above: bytes, line: bytes) -> bool:
    """Whether the line behind a whole hunk belongs to it: the rest of its last line, or one more of its lines."""
    if line.startswith((b"--", b"base-commit:")):
        return False
    return line[:1] in (b"+", b"-") or _is_soft(above, line)
