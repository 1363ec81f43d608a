"""Numbers in, inline SVG out. Colours come from the page's style sheet, so that a chart follows light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from linter.record import record

ROW = 22
WIDE = (270, 580, 70)
HALF = (190, 260, 60)
SLIM = (0, 270, 60)
"""Widths of the names, the bars and the values, for a chart that has the page to itself or half of it, and for narrow
windows, where names stand above the bars."""
WIDTH = sum(HALF)
HEIGHT = 150
AXIS = 46
LABEL = 64
"""Width that the name of a month needs."""


@record
class Bar:
    """One bar, in parts drawn one behind the other."""

    label: str
    parts: tuple[tuple[str, float], ...]  # CSS class and value
    note: str = ""  # told when pointed at
    link: str = ""

    @property
    def total(self) -> float:
        """The length of the whole bar."""
        return sum(value for _, value in self.parts)


def bar_chart(rows: Sequence[Bar], title: str, widths: tuple[int, int, int] = WIDE) -> str:
    """Bars for a wide window, and the same for a narrow one; the style sheet shows one of them."""
    return f'<div class="roomy">{bars(rows, title, widths)}</div><div class="tight">{bars(rows, title, SLIM)}</div>'


def column_chart(rows: Sequence[tuple[str, float]], title: str, name: str) -> str:
    """Columns for a wide window, and the same for a narrow one."""
    wide, narrow = (columns(rows, title, name, width) for width in (WIDTH, sum(SLIM)))
    return f'<div class="roomy">{wide}</div><div class="tight">{narrow}</div>'


def bars(rows: Sequence[Bar], title: str, widths: tuple[int, int, int] = WIDE) -> str:
    """Horizontal bars with their names on the left (above them where there is no room) and values on the right."""
    if not rows:
        return '<p class="none">Nothing to show.</p>'
    top = max(row.total for row in rows) or 1
    names, space, _ = widths
    step, above = (ROW, 0) if names else (ROW + 15, 15)
    place = f'x="{names - 8}" text-anchor="end"' if names else 'x="0"'
    out = [f'<svg viewBox="0 0 {sum(widths)} {step * len(rows) + 4}" role="img" aria-label="{escape(title)}">']
    for y, row in zip(range(2, step * len(rows) + 2, step), rows, strict=True):
        shown = escape(shorten(row.label, (names or sum(widths)) // 7))
        label = f'<text {place} y="{y + (14 if names else 11)}">{shown}</text>'
        out.append(f"<g><title>{escape(row.label)}: {escape(row.note or number(row.total))}</title>")
        out.append(f'<a href="{escape(row.link)}">{label}</a>' if row.link else label)
        x, top_edge = float(names), y + above
        for name, value in row.parts:
            width = space * value / top
            if value > 0:
                size = f'y="{top_edge}" width="{max(width, 1):.1f}" height="{ROW - 6}"'
                out.append(f'<rect class="{name}" x="{x:.1f}" {size}/>')
            x += width
        out.append(f'<text x="{x + 6:.1f}" y="{top_edge + 14}" class="value">{number(row.total)}</text></g>')
    return "".join(out) + "</svg>"


def columns(rows: Sequence[tuple[str, float]], title: str, name: str, width: int = WIDTH) -> str:
    """A column for each month, with a few months named below and two lines of scale."""
    if not rows:
        return '<p class="none">Nothing to show.</p>'
    top = _scale(max(value for _, value in rows))
    step = (width - AXIS) / len(rows)
    out = [f'<svg viewBox="0 0 {width} {HEIGHT + 24}" role="img" aria-label="{escape(title)}">']
    for share in (0.0, 0.5, 1.0):
        y = HEIGHT - share * (HEIGHT - 12)
        out.append(f'<line x1="{AXIS}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        out.append(f'<text x="{AXIS - 6}" y="{y + 4:.1f}" text-anchor="end" class="value">{number(top * share)}</text>')
    every = max(1, -(-len(rows) * LABEL // width))
    for place, (label, value) in enumerate(rows):
        x, height = AXIS + place * step, (HEIGHT - 12) * value / top
        out.append(
            f'<g><title>{escape(label)}: {number(value)}</title><rect class="{name}" x="{x + step * 0.1:.2f}"'
            f' y="{HEIGHT - height:.1f}" width="{max(step * 0.8, 0.5):.2f}" height="{height:.1f}"/></g>'
        )
        if place % every == 0 and x < width - 48:
            out.append(f'<text x="{x:.1f}" y="{HEIGHT + 18}" class="value">{escape(label)}</text>')
    return "".join(out) + "</svg>"


def number(value: float) -> str:
    """A number as people write it."""
    if value == int(value):
        return f"{int(value):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return f"{value:.1f}"


def shorten(text: str, length: int) -> str:
    """The end of a long name says more than its beginning."""
    return text if len(text) <= length else "\N{HORIZONTAL ELLIPSIS}" + text[1 - length :]


def _scale(top: float) -> float:
    """The next round number."""
    if top <= 0:
        return 1.0
    size = 10.0 ** (len(str(int(top))) - 1) if top >= 1 else 0.1
    return next(size * step for step in (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10, 20) if size * step >= top)
