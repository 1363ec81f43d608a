"""The changed lines of a patch in a few bytes each: enough to find a quoted line again, in it or in its next version.

A line is three 32-bit numbers: a hash of its kind and text (blanks do not count: replies bend them), its number in
the file, and the place of the file in the patch. They are sorted, so that a line is found by halving.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator

from linter.patch.model import LineKind, Patch

MAX_LINES = 20000


def line_key(kind: LineKind, text: bytes) -> int:
    """The hash of a line that a patch adds or removes."""
    return zlib.crc32(kind.value.encode() + b" ".join(text.split()))


def pack_lines(patch: Patch) -> bytes:
    """The changed lines of a patch; of a very long one the first."""
    found: set[tuple[int, int, int]] = set()
    for place, file in enumerate(patch.files):
        for hunk in file.hunks:
            for line in hunk.lines:
                if line.kind is not LineKind.CONTEXT and len(found) < MAX_LINES:
                    number = line.post_lineno if line.kind is LineKind.ADDED else line.pre_lineno
                    found.add((line_key(line.kind, line.text), number or 0, place))
    return array("I", [value for entry in sorted(found) for value in entry]).tobytes()


class ChangedLines:
    """Packed lines, for looking up."""

    def __init__(self, packed: bytes) -> None:
        values = array("I")
        values.frombytes(packed)
        self._keys, self._lines, self._files = values[0::3], values[1::3], values[2::3]

    def find(self, key: int) -> Iterator[tuple[int, int]]:
        """Number and place of file of each line with this hash."""
        at = bisect_left(self._keys, key)
        while at < len(self._keys) and self._keys[at] == key:
            yield self._lines[at], self._files[at]
            at += 1

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Hash and place of file of every line."""
        return zip(self._keys, self._files, strict=True)
