"""One finding for a person at a terminal: what, where, the lines that show it, what to do, and how sure.

`text` imports this when there is a finding to show: a clean patch does not pay for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from linter.detect.model import Grid
from linter.patch.model import Patch
from linter.render.escape import one_line, prose, width
from linter.render.frame import render_frame
from linter.render.grid import grid_lines
from linter.render.options import RenderOptions
from linter.render.paint import Paint
from linter.render.source import Source
from linter.render.words import WIDEST, place, tag, wrap
from linter.review.model import Judged, Verdict


def _note(paint: Paint, name: str, text: str, options: RenderOptions) -> Iterator[str]:
    """A `= name: text` line, wrapped with its continuation under the text."""
    indent = " " * (len(name) + 6)
    room = max(min(options.width, WIDEST) - len(indent), 30)
    paragraphs = [line for line in prose(text, options.unicode).split("\n") if line.strip()]
    lines = [piece for paragraph in paragraphs for piece in wrap(paragraph, room)]
    for at, line in enumerate(lines):
        head = "  " + paint("frame", "=") + " " + paint("bold", f"{name}:") + " " if at == 0 else indent
        yield head + line + "\n"


def _table(paint: Paint, grid: Grid, options: RenderOptions) -> Iterator[str]:
    """A grid below its caption, its marked rows bold; left out where the terminal is too narrow for it."""
    lines = ["    " + line for line in grid_lines(grid, options.unicode)]
    if max(map(width, lines)) > options.width:
        return
    caption = one_line(grid.caption, options.unicode)
    yield f"  {paint('frame', '=')} {paint('bold', caption[:1].lower() + caption[1:] + ':')}\n"
    yield from (f"{paint('bold', line) if line[4] == '*' else line}\n" for line in lines)


def _arrow(patch: Patch, judged: Judged, paint: Paint, options: RenderOptions) -> str:
    label = tag(patch, options.unicode)
    function = judged.finding.function
    where = place(judged.anchor, patch, options.unicode)
    inside = f" in {one_line(function, options.unicode)}()" if function else ""
    return paint("frame", "  --> ") + (f"{label} " if label else "") + where + inside + "\n"


def _confidence(judged: Judged) -> str:
    finding = judged.finding
    because = f" ({'; '.join(finding.limits)})" if finding.limits else ""
    return f"{finding.confidence.label}{because}; why: hunklint explain {finding.rule}"


def finding_lines(judged: Judged, source: Source, options: RenderOptions) -> Iterator[str]:
    paint = Paint(options.color)
    finding = judged.finding
    severity = finding.severity.label
    head = paint(severity, f"{severity}[{finding.rule}]")
    plain = f"{severity}[{finding.rule}]:"
    title = wrap(f"{plain} {one_line(finding.message, options.unicode)}", max(min(options.width, WIDEST) - 4, 30))
    yield f"{head}{paint('bold', title[0].removeprefix(plain[:-1]))}\n"
    yield from (f"    {paint('bold', line)}\n" for line in title[1:])
    yield _arrow(source.patch, judged, paint, options)
    yield from render_frame(judged, source, options)
    for grid in finding.grids:
        yield from _table(paint, grid, options)
    if judged.verdict is not Verdict.REPORTED:
        yield from _note(paint, judged.verdict.value, judged.reason or "no reason given", options)
    if finding.help:
        yield from _note(paint, "help", finding.help, options)
    yield from _note(paint, "confidence", _confidence(judged), options)
    yield "\n"
