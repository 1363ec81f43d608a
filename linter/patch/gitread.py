"""The lines of a damaged diff in, out what `git am` makes of them: refuses, reads all, or leaves lines out.

git reads a hunk until the counts of its header are met. A line within that has no marker, or a header of a file that is
not whole, and git refuses the patch. What follows a whole hunk is passed over in silence, up to the next file; one more
hunk there is an error. A hunk that does not end with context only fits at the end of the file. See parse_fragment(),
find_header() and apply_one_fragment() in git's apply.c, and handle_filter_flowed() in its mailinfo.c.
"""

from __future__ import annotations

from collections.abc import Sequence

from linter.patch.damage import region_end
from linter.patch.model import Damage, DamageKind, Fate
from linter.pattern import lazy
from linter.record import replace

_FRAGMENT = lazy(rb"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_EXTENDED = (
    *(b"index ", b"old mode ", b"new mode ", b"deleted file mode ", b"new file mode ", b"copy ", b"rename "),
    *(b"similarity index ", b"dissimilarity index ", b"--- ", b"+++ "),
)
_NAMES = lazy(rb"diff --git \S.* \S")
_SIGNATURE = b"-- "
_NO_BREAK = b"\xc2\xa0"


def judge_damage(damage: Sequence[Damage], lines: Sequence[bytes], *, flowed: bool, delsp: bool) -> tuple[Damage, ...]:
    """The damage with what `git am` makes of the diff that starts at the first line."""
    if flowed:
        lines = unflow_as_git(lines, delsp=delsp)
    fate, left_out = read_as_git(lines)
    if fate is Fate.WHOLE and any(_hurts_context(entry, lines) for entry in damage):
        fate = Fate.REFUSED
    return tuple(replace(entry, fate=fate, left_out=left_out) for entry in damage)


def _hurts_context(damage: Damage, lines: Sequence[bytes]) -> bool:
    """Whether lines that have to be found in the file are no longer as they are there."""
    if damage.kind is not DamageKind.TABS:
        return False
    hurt = [line for line in lines if _NO_BREAK in line]
    return not hurt or any(line[:1] != b"+" for line in hurt)


def read_as_git(lines: Sequence[bytes]) -> tuple[Fate, int]:
    """What becomes of the diff that starts at the first line, and how many lines are left out of it."""
    index, left_out, sure, found = 0, 0, True, False
    while index < len(lines):
        line = lines[index]
        new = False
        if line.startswith(b"diff --git "):
            index, new = _skip_header(lines, index)
        elif line.startswith(b"--- ") and _FRAGMENT.match(_line(lines, index + 2)):
            index += 2
        elif _FRAGMENT.match(line):
            return Fate.REFUSED, 0
        else:
            index += 1
            continue
        if index < 0:
            return Fate.REFUSED, 0
        index, lost, fits = _skip_hunks(lines, index)
        if index < 0:
            return Fate.REFUSED, 0
        found = True
        left_out += lost
        sure = sure and (fits or new or not lost)
    if not left_out:
        return Fate.WHOLE if found else Fate.REFUSED, 0
    return Fate.SHORT if sure else Fate.UNSURE, left_out


def _line(lines: Sequence[bytes], index: int) -> bytes:
    return lines[index] if index < len(lines) else b""


def _skip_header(lines: Sequence[bytes], index: int) -> tuple[int, bool]:
    """The line behind a file's header, -1 where git cannot read it; and whether the file is new."""
    named = _NAMES.match(lines[index]) is not None
    new = False
    index += 1
    while index < len(lines) and lines[index].startswith(_EXTENDED):
        new = new or lines[index].startswith(b"new file mode ")
        named = named or lines[index].startswith((b"rename ", b"copy "))
        index += 1
    line = _line(lines, index)
    ends = not line.strip() or line.startswith((b"@@ -", b"diff --git ", b"GIT binary", b"Binary files", b"--"))
    return (index, new) if named and ends else (-1, new)


def _skip_hunks(lines: Sequence[bytes], index: int) -> tuple[int, int, bool]:
    """The line behind the hunks of a file, -1 where git refuses; lines left out; and whether context ends the last."""
    fits = True
    start = index
    while _line(lines, index).startswith(b"@@ -"):
        index, fits = _skip_hunk(lines, index)
        if index < 0:
            return -1, 0, False
    if index == start:
        return index, 0, True
    return index, _count_left_out(lines[index : index + region_end(lines[index:])]), fits


def _count_left_out(lines: Sequence[bytes]) -> int:
    """The lines right behind a hunk that belong to it all the same; what somebody wrote below a blank line does not."""
    count = 0
    below = False
    for index, line in enumerate(lines):
        if line.startswith(b"--- ") and _line(lines, index + 1).startswith(b"+++ "):
            break
        below = below or not line.strip()
        count += line[:1] == b"+" or (line[:1] == b"-" and line[:2] != b"--") or not below
    return count


def _skip_hunk(lines: Sequence[bytes], index: int) -> tuple[int, bool]:
    """The line behind one hunk, -1 where git refuses; and whether its last line is context."""
    match = _FRAGMENT.match(lines[index])
    if match is None:
        return -1, False
    pre, post = (int(count) if count else 1 for count in match.groups())
    marker = b""
    index += 1
    while pre or post:
        line = lines[index] if index < len(lines) else b"?"
        marker = line[:1]
        if marker not in (b"", b" ", b"+", b"-", b"\r"):
            if marker != b"\\":
                return -1, False
        else:
            pre -= marker != b"+"
            post -= marker != b"-"
        index += 1
        if pre < 0 or post < 0:
            return -1, False  # the counts are never met at once
    return index + _line(lines, index).startswith(b"\\"), marker not in (b"+", b"-")


def unflow_as_git(lines: Sequence[bytes], *, delsp: bool) -> list[bytes]:
    """The lines of a `format=flowed` mail as git joins them: a patch is no prose, and often does not survive it."""
    joined: list[bytes] = []
    held = b""
    for line in lines:
        text = line.rstrip(b"\r")
        if text == _SIGNATURE:
            joined += [held, text] if held else [text]
            held = b""
            continue
        text = text[1:] if text[:1] == b" " else text
        if text[-1:] == b" ":
            held += text[:-1] if delsp else text
        else:
            joined.append(held + text)
            held = b""
    return [*joined, held] if held else joined
