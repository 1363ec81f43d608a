"""The lines of a diff in, `FilePatch`es out, each line with its place in both images and in the mail.

unidiff reads the hunks, one file at a time, so that a hunk it refuses costs that file's hunks alone; those go to
`damage.py`, which knows how patches get hurt. Lines are split on newline bytes only and passed to unidiff as
Latin-1, so every byte comes back as it was.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk as UnidiffHunk
from unidiff.patch import PatchSet

from linter.patch.fileheader import FileHeader, parse_file_header
from linter.patch.model import Change, Damage, DamageKind, FilePatch, Hunk, Line, LineKind
from linter.pattern import lazy
from linter.record import record, replace

# What stands below a `diff --git` line; some of it may be broken or lost, but prose has none of it.
_BELOW = (
    rb"(?=(?:(?!diff |---\r?\n)[^\n]*+\n){1,6}?[ ]?(?:index [0-9a-f]{4}|--- |\+\+\+ |@@ -\d|old mode |new mode "
    rb"|new file mode |deleted file mode |(?:dis)?similarity index |rename from |copy from |Binary files |GIT binary ))"
)
_START = lazy(
    rb"^(?:diff --(?:git|cc|combined) [^\n]" + _BELOW + rb"|diff -[^\n]* [^\n]*\n(?:---|index|new|old|Bin)"
    rb"|Index: [^\n]+\n(?:=====|---|diff)"
    rb"|--- [^\n]*\n\+\+\+ [^\n]*\n@@)",
    re.MULTILINE,
)
_BINARY = lazy(rb"^Binary files [^\n]+ differ\r?$", re.MULTILINE)
_KINDS = {"+": LineKind.ADDED, "-": LineKind.REMOVED, " ": LineKind.CONTEXT}


@record
class Diff:
    """The files of one diff and what had been done to it on its way."""

    files: tuple[FilePatch, ...]
    damage: tuple[Damage, ...] = ()


def find_diff(text: bytes, position: int = 0, end: int = sys.maxsize) -> int:
    """The offset of the first line of a diff at or behind `position`, or -1.

    A line of prose that looks like one is none: files follow a diff. A change of binary files alone may have one line.
    """
    match = _START.search(text, position, end) or _BINARY.search(text, position, end)
    return match.start() if match else -1


def parse_diff(lines: Sequence[bytes], linenos: Sequence[int]) -> Diff:
    """Read a diff that starts at the first line; text behind it (a signature, a footer) is left alone."""
    starts = _section_starts(lines)
    if not starts:
        return Diff(())
    files: list[FilePatch] = []
    damage: list[Damage] = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        _parse_section(lines[start:end], linenos[start:end], files, damage)
    return Diff(tuple(files), merge_damage(damage))


def merge_damage(damage: Sequence[Damage]) -> tuple[Damage, ...]:
    """One entry a kind: the first place, the sum of the lines."""
    merged: dict[DamageKind, Damage] = {}
    for entry in damage:
        known = merged.get(entry.kind)
        if known is None:
            merged[entry.kind] = entry
        else:
            first = min(known, entry, key=lambda one: one.patch_lineno)
            merged[entry.kind] = replace(first, count=known.count + entry.count)
    return tuple(sorted(merged.values(), key=lambda one: one.patch_lineno))


_HEADS = frozenset({b"diff", b"--- ", b"Inde", b"Bina"})


def _section_starts(lines: Sequence[bytes]) -> list[int]:
    """The lines at which the section of a file begins."""
    starts: list[int] = []
    headed = False  # the last section is still in its header
    last = -1
    for index in [i for i, line in enumerate(lines) if line[:4] in _HEADS]:
        line = lines[index]
        if headed and not _is_header_run(lines, last, index):
            headed = False
        if line.startswith((b"diff --git ", b"diff --cc ", b"diff --combined ")):
            starts.append(index)
        elif headed:
            continue
        elif line.startswith(b"--- "):
            following = lines[index + 1 : index + 3]
            if len(following) < 2 or not following[0].startswith(b"+++ ") or not following[1].startswith(b"@@ "):
                continue
            starts.append(index)
        elif _BINARY.match(line) or _START.match(b"\n".join(lines[index : index + 3])):
            starts.append(index)
        else:
            continue
        headed, last = True, index
    return starts


def _is_header_run(lines: Sequence[bytes], start: int, end: int) -> bool:
    return end - start < 20 and not any(line.startswith((b"@@ ", b"GIT binary")) for line in lines[start:end])


def _parse_section(
    lines: Sequence[bytes], linenos: Sequence[int], files: list[FilePatch], damage: list[Damage]
) -> None:
    first = next((i for i, line in enumerate(lines) if line[:2] == b"@@"), len(lines))
    header = parse_file_header(lines[: min(first, 40)] if first == len(lines) else lines[:first])
    hunks: tuple[Hunk, ...] = ()
    if first < len(lines) and not header.combined:
        read = _read_hunks(lines[first:], linenos[first:])
        if read is None:
            from linter.patch.damage import mend_hunks  # a clean patch does without it, and starts sooner

            hunks, hurt = mend_hunks(lines[first:], linenos[first:], is_c=_is_c(header))
            damage.extend(hurt)
        else:
            hunks = read
    files.append(_build_file(header, hunks, linenos[0]))


def _is_c(header: FileHeader) -> bool:
    return (header.post_path or header.pre_path or "").endswith((".c", ".h"))


def _read_hunks(lines: Sequence[bytes], linenos: Sequence[int]) -> tuple[Hunk, ...] | None:
    """Let unidiff read the hunks; None where it refuses or where a line of the patch would be left over."""
    text = ["--- a\n", "+++ b\n"]
    text += [line + "\n" for line in b"\n".join(lines).decode("latin-1").split("\n")]
    try:
        parsed = PatchSet(text)
    except (UnidiffParseError, ValueError):
        return None
    if len(parsed) != 1 or len(parsed[0]) != sum(line[:2] == b"@@" for line in lines):
        return None
    hunks = []
    end = 0
    for hunk in parsed[0]:
        built, end = _convert(hunk, lines, linenos, end)
        hunks.append(built)
    while end < len(lines) and not lines[end].strip():
        end += 1
    if end < len(lines) and _is_left_over(lines[end]):
        return None
    return tuple(hunks)


def _is_left_over(line: bytes) -> bool:
    return line[:1] == b"+" or (line[:1] == b"-" and line[:2] != b"--")


def _convert(hunk: UnidiffHunk, lines: Sequence[bytes], linenos: Sequence[int], at: int) -> tuple[Hunk, int]:
    """Turn unidiff's hunk into ours; `at` is where to look for its header, the new value where it ends."""
    built: list[Line] = []
    unterminated: list[int] = []
    append = built.append
    first = None
    number = at
    for line in hunk:
        kind = _KINDS.get(line.line_type)
        if kind is None:
            if line.line_type == "\\":
                unterminated.append(len(built) - 1)
                number += line.diff_line_no is None
            continue
        number = (line.diff_line_no or 3) - 3
        first = number if first is None else first
        append(Line(kind, lines[number][1:], line.source_line_no, line.target_line_no, linenos[number]))
    start = at
    while not lines[start].startswith(b"@@ "):
        start += 1
    end = max(number, start) + 1
    while end < len(lines) and lines[end][:1] == b"\\":
        end += 1
    result = Hunk(
        hunk.source_start,
        hunk.source_length,
        hunk.target_start,
        hunk.target_length,
        hunk.section_header.strip().encode("latin-1"),
        tuple(built),
        linenos[start],
        unterminated=tuple(unterminated),
    )
    return result, end


def _build_file(header: FileHeader, hunks: tuple[Hunk, ...], lineno: int) -> FilePatch:
    change = header.change
    pre_path, post_path = header.pre_path, header.post_path
    if change is Change.MODIFY and not hunks and not header.binary and header.pre_mode != header.post_mode:
        change = Change.MODE
    if not header.git and change is Change.MODIFY and len(hunks) == 1 and hunks[0].pre_start == hunks[0].pre_count == 0:
        change, pre_path = Change.ADD, None
    return FilePatch(
        pre_path,
        post_path,
        change,
        hunks,
        lineno,
        header.binary,
        header.pre_blob,
        header.post_blob,
        header.pre_mode,
        header.post_mode,
        combined=header.combined,
        strip=header.strip,
    )
