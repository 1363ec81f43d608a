"""A grid of words as aligned lines of text; a star stands before the rows that the finding is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from linter.detect.model import Grid
from linter.render.escape import Glyphs, one_line, width

GAP = "  "


def grid_lines(grid: Grid, unicode: Glyphs = True) -> Iterator[str]:
    """The names of the columns, then a line a row; numbers stand to the right."""
    count = max(map(len, (grid.columns, *grid.rows)))
    rows = [[one_line(cell, unicode) for cell in row] + [""] * (count - len(row)) for row in (grid.columns, *grid.rows)]
    widths = [max(width(row[at]) for row in rows) for at in range(count)]
    right = [all(not row[at] or row[at].isdigit() for row in rows[1:]) for at in range(count)]
    at = 0
    over = []
    for name, columns in grid.groups:
        name = one_line(name, unicode)
        last = min(at + columns, count) - 1
        taken = sum(widths[at : last + 1]) + len(GAP) * (last - at)
        if last >= at:
            widths[last] += max(0, width(name) - taken)
        over.append(name + " " * (max(taken, width(name)) - width(name)))
        at = last + 1
    if over:
        yield f"  {GAP.join(over)}".rstrip()
    for number, row in enumerate(rows):
        star = "*" if number - 1 in grid.marked else " "
        yield f"{star} {_line(row, widths, right)}".rstrip()


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = []
    for cell, size, to_right in zip(row, widths, right, strict=True):
        blank = " " * (size - width(cell))
        cells.append(blank + cell if to_right else cell + blank)
    return GAP.join(cells)
