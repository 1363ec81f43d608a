"""Checks of what a patch changes in an interface that exists: members, enumerators, values of macros.

The hunks are compared line by line: whether a declaration is new shows in its first line, and what it replaces stands
beside it. Something that lies wholly in added lines is new and may look as it likes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from tree_sitter import Node

from linter.detect.model import Context, Grid
from linter.detect.uapi_layout import Calculator, is_packed, name_of, structures
from linter.detect.uapi_struct import Check, Found
from linter.patch.model import FilePatch, Hunk, Image, Line, LineKind, Patch, Side
from linter.pattern import compiled, lazy
from linter.record import record, replace
from linter.syntax.model import Unit

_MEMBER = lazy(
    rb"^\s*((?:struct\s+|union\s+|enum\s+|unsigned\s+|const\s+)*\w+)\s+(\*?\s*)(\w+)\s*((?:\[[^\]]*\])*)\s*;"
)
_ENUMERATOR = lazy(rb"^\s*([A-Z_][A-Za-z0-9_]*)\s*(=[^,]*)?,?\s*(?:/[*/].*)?$")
_LAST = lazy(r"(?:^__|^NUM_|^N_|^MAX_|_MAX$|_LAST$|_COUNT$|_NUM$|_END$|_CNT$|_SIZE$|MAX$)")
_GROWS = lazy(r"^_UAPI|VERSION|MAJOR|MINOR|PATCH|REVISION|_REV$|_ABI(?:_|$)|_DATE$|_SUPPORTED$|_ALL$|_MASK$|_VALID$")
_DEFINE = lazy(rb"^\s*#\s*define\s+(\w+)\s+(.+?)\s*(?:/[*/].*)?$")
_SPARE = lazy(rb"(?i)(?:pad|resv|reserved|rsvd|unused|spare|mbz|__res|fill|align)")
_SIZES = {b"8": 1, b"16": 2, b"32": 4, b"64": 8}
_FIXED = lazy(rb"(?:__)?[us](8|16|32|64)\Z|u?int(8|16|32|64)_t\Z|__[lb]e(16|32|64)\Z")


@record
class _Member:
    line: Line
    name: str
    size: int | None
    spare: bool
    type: bytes


def _member(line: Line) -> _Member | None:
    match = _MEMBER.match(line.text[:300])
    if match is None or match[1] in (b"return", b"goto", b"typedef", b"extern"):
        return None
    return _Member(
        line, match[3].decode(), _size(match[1], match[2], match[4]), bool(_SPARE.search(match[3])), match[1]
    )


def _size(kind: bytes, pointer: bytes, array: bytes) -> int | None:
    fixed = _FIXED.match(kind)
    if pointer.strip() or (fixed is None and kind not in (b"char", b"int", b"unsigned int")):
        return None
    digits = next((group for group in fixed.groups() if group), b"32") if fixed else b"32"
    size = 1 if kind == b"char" else _SIZES[digits]
    for part in compiled(rb"\[([^\]]*)\]").findall(array):
        if not part.strip().isdigit():
            return None
        size *= int(part)
    return size


def _is_new(unit: Unit, start: int) -> bool:
    place = unit.location(start, start)
    return place.changed


def _members(unit: Unit, context: Context) -> Iterator[Found]:
    """A member put before, taken from, or resized among the members of a structure that exists."""
    file = context.file
    if file is None or unit.image.side is not Side.POST:
        return
    by_line = {line.patch_lineno: (hunk, index) for hunk in file.hunks for index, line in enumerate(hunk.lines)}
    for node in structures(unit):
        if node.type != "struct_specifier" or _is_new(unit, node.start_byte) or not name_of(node):
            continue
        first, last = (
            unit.location(node.start_byte, node.start_byte + 1),
            unit.location(node.end_byte - 1, node.end_byte),
        )
        start, end = by_line.get(first.patch_lineno), by_line.get(last.patch_lineno)
        if start is None or end is None or start[0] is not end[0] or is_packed(unit, node):
            continue
        name, inside = name_of(node), start[0].lines[start[1] + 1 : end[1]]
        for found in _compare(unit, name, inside, context.patch):
            yield replace(found, grids=_layouts(unit, node, name, inside))


def _layouts(unit: Unit, node: Node, name: str, inside: Sequence[Line]) -> tuple[Grid, ...]:
    """The layout before and after, where both can be known."""
    from linter.detect.uapi_grid import change_grid
    from linter.syntax.parse import parse_image

    members = [line.text for line in inside if line.kind is not LineKind.ADDED]
    text = b"\n".join((f"struct {name} {{".encode(), *members, b"};", b""))
    count = len(members) + 2
    before = parse_image(Image(unit.image.path, Side.PRE, text, (None,) * count, tuple(range(1, count + 1)), True))
    old = next((Calculator(before).layout(one) for one in structures(before) if name_of(one) == name), None)
    new = Calculator(unit).layout(node)
    return (change_grid(old, new, f"struct {name}"),) if old is not None and new is not None else ()


def _compare(unit: Unit, struct: str, lines: Sequence[Line], patch: Patch | None) -> Iterator[Found]:
    """Look at each run of changed lines, and at what follows it."""
    if any(b"{" in line.text or b"#if" in line.text for line in lines):
        return  # nested bodies: which member belongs where is not seen from lines
    moved = {member.name for member in map(_member, lines) if member is not None and member.line.kind is LineKind.ADDED}
    for index, run in _runs(lines):
        added = [found for line in run if line.kind is LineKind.ADDED and (found := _member(line))]
        removed = [found for line in run if line.kind is LineKind.REMOVED and (found := _member(line))]
        rest = [
            found for line in lines[index + len(run) :] if line.kind is LineKind.CONTEXT and (found := _member(line))
        ]
        if _same_size(added, removed) or (not removed and not rest) or (removed and not added and not rest):
            continue
        if not rest and removed and not any(member.name in moved for member in removed):
            continue
        if added and not removed and rest:
            texts = {"NAME": f"`{added[0].name}` is put before `{rest[0].name}` in `struct {struct}`"}
            yield _at(unit, added[0].line, texts, f"{struct}.{added[0].name}")
        elif removed and added and _both_known(added, removed) and rest:
            texts = {
                "NAME": f"`{added[0].name}` takes another number of bytes than `{removed[0].name}` in `struct {struct}`"
            }
            yield _at(unit, added[0].line, texts, f"{struct}.{added[0].name}")
        elif removed and not added and rest and removed[0].name not in moved:
            line = next(line for line in lines[index + len(run) :] if line.kind is LineKind.CONTEXT)
            texts = {"NAME": f"`{removed[0].name}` is taken out of `struct {struct}`"}
            yield _at(unit, line, texts, f"{struct}.{removed[0].name}")


def _same_size(added: Sequence[_Member], removed: Sequence[_Member]) -> bool:
    if [(m.type, m.size) for m in added] == [(m.type, m.size) for m in removed]:
        return True
    left, right = [m.size for m in added], [m.size for m in removed]
    if None in left or None in right:
        return bool(left) and bool(right) and len(left) == len(right)
    return sum(size or 0 for size in left) == sum(size or 0 for size in right)


def _both_known(added: Sequence[_Member], removed: Sequence[_Member]) -> bool:
    return all(member.size is not None for member in (*added, *removed))


def _runs(lines: Sequence[Line]) -> Iterator[tuple[int, list[Line]]]:
    """Changed lines that follow each other, each run with the index of its first line."""
    run: list[Line] = []
    for index, line in enumerate(lines):
        if line.kind is LineKind.CONTEXT:
            if run:
                yield index - len(run), run
            run = []
        else:
            run.append(line)
    if run:
        yield len(lines) - len(run), run


def _at(unit: Unit, line: Line, texts: Mapping[str, str], key: str) -> Found:
    """A finding at a line of the post-image."""
    for row in range(len(unit.rows)):
        if unit.line_of(row) is line:
            start = unit.line_starts[row]
            indent = len(line.text) - len(line.text.lstrip())
            return Found(start + indent, start + len(line.text), texts, key)
    return Found(0, 0, texts, key)


def _enumerators(unit: Unit, context: Context) -> Iterator[Found]:
    """An enumerator without a value put before others: they are renumbered."""
    file = context.file
    if file is None or unit.image.side is not Side.POST:
        return
    for hunk in file.hunks:
        for index, run in _runs(hunk.lines):
            added = [match[1].decode() for match in _matches(run, LineKind.ADDED) if not match[2]]
            removed = [match[1].decode() for match in _matches(run, LineKind.REMOVED) if not match[2]]
            if len(added) <= len(removed) or len(added) + len(removed) < len(run) - _quiet(run) or _any_value(run):
                continue
            follower = _follower(hunk, index + len(run))
            line = next((line for line in run if line.kind is LineKind.ADDED and _ENUMERATOR.match(line.text)), None)
            if follower and line is not None and _in_enum(unit, line, added[0]):
                yield _at(unit, line, {"NAME": added[0], "OTHER": follower}, added[0])


def _matches(run: Sequence[Line], kind: LineKind) -> list[re.Match[bytes]]:
    return [match for line in run if line.kind is kind and (match := _ENUMERATOR.match(line.text[:300]))]


def _any_value(run: Sequence[Line]) -> bool:
    return any(b"=" in line.text for line in run)


def _quiet(run: Sequence[Line]) -> int:
    return sum(not line.text.strip() or line.text.lstrip().startswith((b"/*", b"*", b"//", b"#")) for line in run)


def _follower(hunk: Hunk, index: int) -> str:
    """The next enumerator that is in sight, has no value of its own and is no end marker."""
    for line in hunk.lines[index:]:
        if (
            line.kind is LineKind.REMOVED
            or not line.text.strip()
            or line.text.lstrip().startswith((b"/*", b"*", b"//"))
        ):
            continue
        match = _ENUMERATOR.match(line.text[:300])
        if match is None or match[2] or line.kind is not LineKind.CONTEXT:
            return ""
        name = match[1].decode()
        return "" if _LAST.search(name) else name
    return ""


def _in_enum(unit: Unit, line: Line, name: str) -> bool:
    from linter.detect.match_find import sites_of

    for site in sites_of(unit, name.encode()):
        if site.parent is not None and site.parent.type == "enumerator":
            enum = next((node for node in site.path if node.type == "enum_specifier"), None)
            return enum is not None and not _is_new(unit, enum.start_byte)
    return False


def _values(unit: Unit, context: Context) -> Iterator[Found]:
    """A macro that keeps its name and changes its number."""
    if context.file is None or unit.image.side is not Side.POST:
        return
    before = dict(_defines(context.file, LineKind.REMOVED))
    after = dict(_defines(context.file, LineKind.ADDED))
    fresh = {number(value) for name, (_, value) in after.items() if name not in before}
    for name, (line, value) in after.items():
        if name not in before or _LAST.search(name) or _GROWS.search(name):
            continue
        old, new = number(before[name][1]), number(value)
        if old in fresh or new in fresh:
            continue  # a count of the names, which grows with each
        if old is not None and new is not None and old != new:
            texts = {"NAME": name, "OLD": before[name][1].decode(), "NEW": value.decode()}
            yield _at(unit, line, texts, name)


def _defines(file: FilePatch, kind: LineKind) -> Iterator[tuple[str, tuple[Line, bytes]]]:
    for hunk in file.hunks:
        for line in hunk.lines:
            if line.kind is kind and (match := _DEFINE.match(line.text[:300])):
                yield match[1].decode("utf-8", "replace"), (line, match[2])


def number(text: bytes) -> int | None:
    """The value of a plain number, a shift of two, or BIT(n)."""
    bare = text.replace(b"(", b" ").replace(b")", b" ").split()
    words = [compiled(rb"(?i)(?<=[0-9a-f])u?l{0,2}\Z").sub(b"", word) for word in bare]
    if words and words[0] in (b"BIT", b"BIT_ULL", b"_BITUL", b"_BITULL", b"__BIT") and len(words) == 2:
        words = [b"1", b"<<", words[1]]
    if len(words) == 1:
        return _literal(words[0])
    if len(words) == 3 and words[1] == b"<<":
        left, right = _literal(words[0]), _literal(words[2])
        return left << right if left is not None and right is not None and right < 256 else None
    return None


def _literal(word: bytes) -> int | None:
    try:
        return int(word, 8 if compiled(rb"0[0-7]").match(word) else 0)
    except ValueError:
        return None


CHANGES: Mapping[str, Check] = {"members": _members, "enumerators": _enumerators, "values": _values}
