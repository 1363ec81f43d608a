"""A structure's layout to a grid for people: every member with its offset and size, every hole, the total.

Machines on which all offsets and sizes agree share their columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tree_sitter import Node

from linter.detect.model import Grid
from linter.detect.uapi_layout import ABIS, Calculator, Layout, Member, called
from linter.syntax.model import Unit

MOST_ROWS = 200
"""Of a structure with more members the first are shown: a generated header shall not fill a page."""

Cells = tuple[tuple[str, ...], ...]
"""The words of one row for each machine."""


def layout_around(unit: Unit, node: Node) -> tuple[Grid, ...]:
    """The layout of the outermost structure around a node; nothing where a part of it is unknown."""
    outer: Node | None = None
    current: Node | None = node
    while current is not None:
        if current.type in ("struct_specifier", "union_specifier") and current.child_by_field_name("body") is not None:
            outer = current
        current = current.parent
    layout = Calculator(unit).layout(outer) if outer is not None else None
    return (layout_grid(layout, called(layout), node),) if layout is not None else ()


def layout_grid(layout: Layout, name: str, about: Node | None = None) -> Grid:
    """The layout with its holes marked, or with the member that a node lies in."""
    rows: list[tuple[str, Cells]] = []
    marked: list[int] = []
    for member in layout.members:
        if any(member.holes):
            marked += [len(rows)] if about is None else []
            rows.append(("hole", _hole(member)))
        if about is not None and member.node.start_byte <= about.start_byte < member.node.end_byte:
            marked.append(len(rows))
        rows.append((member.name or "unnamed", _cells(zip(member.offsets, member.shape.size, strict=True))))
    if any(layout.tail):
        marked += [len(rows)] if about is None else []
        ends = (size - tail for size, tail in zip(layout.shape.size, layout.tail, strict=True))
        rows.append(("padding at the end", _cells(zip(ends, layout.tail, strict=True))))
    total = ("total", tuple(("", str(size)) for size in layout.shape.size))
    return _grid(f"Layout of {name}", ("offset", "size"), rows, total, marked)


def change_grid(before: Layout, after: Layout, name: str) -> Grid:
    """Both layouts, with the members marked that stand elsewhere or have another size."""
    was = {member.name: member for member in before.members}
    now = {member.name: member for member in after.members}
    rows: list[tuple[str, Cells]] = []
    marked: list[int] = []
    for label in _merged(list(was), list(now)):
        old, new = was.get(label), now.get(label)
        if old is None or new is None or (old.offsets, old.shape.size) != (new.offsets, new.shape.size):
            marked.append(len(rows))
        rows.append((label or "unnamed", _changed(old, new)))
    sizes = zip(before.shape.size, after.shape.size, strict=True)
    total = ("total", tuple(("", "", str(new), str(old)) for old, new in sizes))
    columns = ("offset", "before", "size", "before")
    return _grid(f"Layout of {name} before and after", columns, rows, total, marked)


def _merged(was: list[str], now: list[str]) -> list[str]:
    """The members of both, in the order of the new one; one that went stands where it stood."""
    merged = list(now)
    for at, label in enumerate(was):
        if label not in merged:
            above = next((merged.index(other) for other in reversed(was[:at]) if other in merged), -1)
            merged.insert(above + 1, label)
    return merged


def _changed(old: Member | None, new: Member | None) -> Cells:
    return tuple(
        (
            str(new.offsets[machine]) if new else "",
            str(old.offsets[machine]) if old else "",
            str(new.shape.size[machine]) if new else "",
            str(old.shape.size[machine]) if old else "",
        )
        for machine in range(len(ABIS))
    )


def _hole(member: Member) -> Cells:
    starts = (offset - hole for offset, hole in zip(member.offsets, member.holes, strict=True))
    return _cells(zip(starts, member.holes, strict=True))


def _cells(pairs: Iterable[tuple[int, int]]) -> Cells:
    """Offset and size; bytes that a machine does not have are left empty."""
    return tuple((str(start), str(size)) if size else ("", "") for start, size in pairs)


def _grid(
    caption: str, kinds: Sequence[str], rows: list[tuple[str, Cells]], total: tuple[str, Cells], marked: Sequence[int]
) -> Grid:
    if len(rows) > MOST_ROWS:
        more = (f"{len(rows) - MOST_ROWS} more", (("",) * len(kinds),) * len(ABIS))
        rows = [*rows[:MOST_ROWS], more]
    rows = [*rows, total]
    same: dict[tuple[tuple[str, ...], ...], list[int]] = {}
    for machine in range(len(ABIS)):
        same.setdefault(tuple(cells[machine] for _, cells in rows), []).append(machine)
    groups = [(" and ".join(ABIS[machine] for machine in machines), len(kinds)) for machines in same.values()]
    words = tuple(
        (label, *(word for machines in same.values() for word in cells[machines[0]])) for label, cells in rows
    )
    return Grid(
        caption,
        ("member", *(kind for _ in same for kind in kinds)),
        words,
        frozenset(at for at in marked if at < MOST_ROWS),
        (("", 1), *groups) if len(groups) > 1 else (),
    )
