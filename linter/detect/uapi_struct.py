"""Checks of structures that user space shares: holes, and bytes at the end that belong to no member."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from linter.detect.model import Context, Grid
from linter.detect.uapi_grid import layout_grid
from linter.detect.uapi_layout import ABIS, Calculator, Layout, called, structures
from linter.record import field, record
from linter.syntax.model import Unit

Check = Callable[[Unit, Context], Iterator["Found"]]


@record
class Found:
    """What a check found: bytes of the unit's text, texts for the rule's message, other places with words."""

    start: int
    end: int
    texts: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    others: tuple[tuple[int, int, str], ...] = ()
    severity: str = ""
    confidence: str = ""
    grids: tuple[Grid, ...] = ()


def _layouts(unit: Unit) -> Iterator[Layout]:
    calculator = Calculator(unit)
    for node in structures(unit):
        parent = node.parent
        if parent is not None and parent.type == "field_declaration":
            continue
        layout = calculator.layout(node)
        if layout is not None:
            yield layout


def _padding(unit: Unit, context: Context) -> Iterator[Found]:
    """A hole, or unnamed bytes at the end, in a structure that passes through an ioctl or a socket."""
    for layout in _layouts(unit):
        if layout.node.type == "union_specifier":
            continue
        for member in layout.members:
            hole = max(member.holes)
            if hole:
                where = _machines(member.holes)
                texts = {
                    "STRUCT": called(layout),
                    "BYTES": _bytes(hole),
                    "WHERE": where,
                    "NAME": f"before {_called(member.name)}",
                }
                yield Found(member.node.start_byte, member.node.end_byte, texts, **_shown(layout, member.name))
                break
        else:
            tail = max(layout.tail)
            if tail:
                last = layout.members[-1]
                texts = {
                    "STRUCT": called(layout),
                    "BYTES": _bytes(tail),
                    "WHERE": _machines(layout.tail),
                    "NAME": f"after {_called(last.name)}, at the end",
                }
                yield Found(last.node.start_byte, last.node.end_byte, texts, **_shown(layout, last.name))


def _shown(layout: Layout, name: str) -> dict[str, Any]:
    """What the finding is about, and the whole structure with its holes."""
    return {"key": f"{layout.name}.{name}", "grids": (layout_grid(layout, called(layout)),)}


def _called(name: str) -> str:
    return f"`{name}`" if name else "an unnamed member"


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"


def _machines(values: tuple[int, int, int]) -> str:
    hit = [abi for value, abi in zip(values, ABIS, strict=True) if value]
    return "" if len(hit) == len(ABIS) else " on " + " and ".join(hit)


STRUCTS: Mapping[str, Check] = {"padding": _padding}

__all__ = ["STRUCTS", "Check", "Found"]
