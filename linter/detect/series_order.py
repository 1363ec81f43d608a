"""Checks of the order of patches: symbols used before they exist, patches that repair what the series broke."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from linter.detect.message_parts import place
from linter.detect.message_people import is_backport
from linter.detect.model import Context
from linter.patch.model import Change, FilePatch, Line, LineKind, Location, Patch, Series, Side
from linter.pattern import lazy
from linter.record import field, record

Check = Callable[[Series, Context], Iterator["Found"]]
MAX_PATCHES = 200
_DEFINED = lazy(rb"^(?:#[ \t]*define[ \t]+(\w{4,})|(?:[A-Za-z_]\w*[ \t*]+){1,6}(\w{4,})\((?!\s*\*))")
_ONE_LINE = lazy(rb"^(\w{4,})\([^;]*$")
_USED = lazy(rb"\b([A-Za-z_]\w{3,})\s*\(")
_WORD = lazy(rb"\b[A-Za-z_]\w{3,}\b")
_FIX = lazy(r"(?i)^[^:]*:?.{0,60}\b(?:fix|fixup|repair|correct)(?:es|ed|ing|s)?\b")


@record
class Found:
    """What a check found: the index of the patch, the place, texts for the message."""

    index: int
    location: Location
    texts: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    others: tuple[tuple[Location, str], ...] = ()


def line_place(file: FilePatch, line: Line) -> Location:
    """The place of a line of a patch."""
    side = Side.PRE if line.kind is LineKind.REMOVED else Side.POST
    lineno = line.pre_lineno if side is Side.PRE else line.post_lineno
    return Location(file.path, side, lineno, 1, line.patch_lineno, None, line.kind is not LineKind.CONTEXT)


def is_ordered(series: Series) -> bool:
    """Whether the patches are those of one numbered series, one after the other."""
    numbers = [patch.index for patch in series.patches]
    if len(numbers) < 2 or len(numbers) > MAX_PATCHES or None in numbers:
        return False
    return all(a is not None and b is not None and a < b for a, b in pairwise(numbers))


@record(frozen=False)
class _Symbols:
    """Names that the patches of a series define, use and show, by index of the patch."""

    defined: dict[bytes, tuple[int, FilePatch, Line, bool]] = field(default_factory=dict)
    known: set[bytes] = field(default_factory=set)  # stand in lines that no patch of the series added
    used: dict[bytes, tuple[int, FilePatch, Line]] = field(default_factory=dict)


def _collect(series: Series) -> _Symbols:
    found = _Symbols()
    written: set[bytes] = set()  # lines that earlier patches added
    for index, patch in enumerate(series.patches):
        added: set[bytes] = set()
        for file in patch.files:
            if not (file.path or "").endswith((".c", ".h")):
                continue
            for hunk in file.hunks:
                for line in hunk.lines:
                    if line.kind is LineKind.ADDED:
                        added.add(line.text.strip())
                        _note_added(found, index, file, line)
                    elif line.text.strip() not in written:
                        found.known.update(_WORD.findall(line.text))
                found.known.update(_WORD.findall(hunk.section))
        written |= added
    return found


def _note_added(found: _Symbols, index: int, file: FilePatch, line: Line) -> None:
    text = line.text
    if text[:1] not in b" \t/*{}" and text[:1]:
        match = _DEFINED.match(text)
        name = (match[1] or match[2]) if match else None
        if name is None and (single := _ONE_LINE.match(text)):
            name = single[1]
        if name is not None and not text.rstrip().endswith(b";"):
            found.defined.setdefault(name, (index, file, line, text.startswith(b"static")))
            return
    if text[:1] in b" \t" and not text.lstrip().startswith((b"*", b"/*", b"//")):
        code = re.sub(rb'"(?:[^"\\]|\\.)*"|/\*.*?\*/|//.*$', b"", text)
        for name in _USED.findall(code):
            found.used.setdefault(name, (index, file, line))


def _too_early(series: Series, context: Context) -> Iterator[Found]:
    """A call of a function that a later patch of the series introduces: the tree does not build in between."""
    if not is_ordered(series):
        return
    symbols = _collect(series)
    for name, (index, file, line) in symbols.used.items():
        where = symbols.defined.get(name)
        if where is None or where[0] <= index or name in symbols.known:
            continue
        later, other, at, static = where
        if static and other.path != file.path and not (other.path or "").endswith(".h"):
            continue
        if not _is_built(series, index, file):
            continue
        texts = {"NAME": name.decode(), "PATCH": str(series.patches[later].index)}
        label = Location(other.path, Side.POST, at.post_lineno, 1, 0, None, False)
        yield Found(
            index, line_place(file, line), texts, name.decode(), ((label, f"defined in patch {texts['PATCH']}"),)
        )


def _is_built(series: Series, last: int, file: FilePatch) -> bool:
    """Whether a file is compiled once this patch is there: one that the series adds needs a line in a Makefile."""
    path = file.path or ""
    earlier = [each for patch in series.patches[: last + 1] for each in patch.files]
    if not any(each.path == path and each.change is Change.ADD for each in earlier):
        return True
    object_name = rb"\b" + re.escape(path.rpartition("/")[2].rpartition(".")[0].encode()) + rb"\.o\b"
    return any(
        line.kind is LineKind.ADDED and re.search(object_name, line.text) is not None
        for each in earlier
        if (each.path or "").endswith(("Makefile", "Kbuild"))
        for hunk in each.hunks
        for line in hunk.lines
    )


def _repairs(series: Series, context: Context) -> Iterator[Found]:
    """A Fixes: tag for a patch of the same series, or a fix that takes back lines of an earlier one."""
    if not is_ordered(series):
        return
    if any(map(is_backport, series.patches)):
        return  # a stable tree keeps the commits of mainline as they are
    titles = {_normal(patch.title): index for index, patch in enumerate(series.patches)}
    written: dict[tuple[str, bytes], int] = {}
    for index, patch in enumerate(series.patches):
        found = _fixes_earlier(patch, index, titles) or _takes_back(patch, index, written)
        if found is not None:
            earlier, at = found
            first = series.patches[earlier]
            yield Found(index, at, {"PATCH": str(first.index), "NAME": first.title[:60]}, _normal(first.title))
        lines = [(file.path or "", line) for file in patch.files for hunk in file.hunks for line in hunk.lines]
        moved = {line.text.strip() for _, line in lines if line.kind is LineKind.REMOVED}
        for path, line in lines:
            if line.kind is LineKind.ADDED and len(line.text.strip()) > 12 and line.text.strip() not in moved:
                written[path, line.text.strip()] = index


def _fixes_earlier(patch: Patch, index: int, titles: Mapping[str, int]) -> tuple[int, Location] | None:
    for trailer in patch.trailers:
        match = re.search(r'\("(.*)"\)', trailer.value) if trailer.token.lower() == "fixes" else None
        earlier = titles.get(_normal(match[1])) if match else None
        if earlier is not None and earlier < index:
            return earlier, place(trailer.patch_lineno)
    return None


def _takes_back(patch: Patch, index: int, written: Mapping[tuple[str, bytes], int]) -> tuple[int, Location] | None:
    """A patch called a fix of nothing older, most of whose removed lines an earlier patch of the series wrote anew."""
    if not _FIX.match(patch.title) or any(trailer.token.lower() == "fixes" for trailer in patch.trailers):
        return None  # what it repairs is older
    hits: dict[int, int] = defaultdict(int)
    total, first = 0, None
    for file in patch.files:
        for hunk in file.hunks:
            for line in hunk.lines:
                if line.kind is LineKind.REMOVED and len(line.text.strip()) > 12:
                    total += 1
                    earlier = written.get((file.path or "", line.text.strip()))
                    if earlier is not None:
                        hits[earlier] += 1
                        first = first or line_place(file, line)
    if first is None or sum(hits.values()) * 2 <= total:
        return None
    return max(hits, key=lambda each: hits[each]), first


def _normal(title: str) -> str:
    return " ".join(title.lower().split())


ORDERS: Mapping[str, Check] = {"symbol-too-early": _too_early, "repairs-itself": _repairs}
