"""The code frame of a finding: rows with numbers, the patch's own marker, and an underline for each label.

112 |      fd = get_unused_fd_flags(O_CLOEXEC);
    |      ----------------------------------- reserved here
118 | +        return -EFAULT;
    |          ^^^^^^^^^^^^^^ `fd` is still reserved when the function returns
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from linter.detect.model import Label
from linter.patch.model import Location
from linter.record import record, replace
from linter.render.escape import Shown, one_line, show, take, visible, width
from linter.render.options import RenderOptions
from linter.render.paint import Paint
from linter.render.source import Row, Source
from linter.render.words import wrap
from linter.review.model import Judged

GAP = 2  # this many lines between two labelled ones are shown; more are elided
LONGEST_UNDERLINE = 60


@record
class Marked:
    """A row and the labels that stand under it."""

    row: Row
    labels: tuple[Label, ...]


def labels_of(judged: Judged) -> list[Label]:
    """The labels in the order of the path; the anchor is one of them, said to be the change where it had no label."""
    message = judged.finding.message
    labels = [replace(label, text="") if label.text == message else label for label in judged.finding.labels]
    anchor = judged.anchor
    here = (anchor.path, anchor.side, anchor.line, anchor.patch_lineno)
    known = any((p.path, p.side, p.line, p.patch_lineno) == here for p in (label.location for label in labels))
    if not known and anchor.changed:
        verb = "removes" if anchor.side is not None and anchor.side.value == "pre" else "adds"
        numbers = [label.location.patch_lineno for label in labels if label.location.patch_lineno]
        between = numbers and min(numbers) <= anchor.patch_lineno <= max(numbers)
        # outside of the path it is no part of the story: findings are shown on a line of the patch
        words = f"the patch {verb} this line" if between else "the change nearest to it"
        labels.append(Label(anchor, words))
    return labels


def numbered(labels: Sequence[Label], order: Sequence[tuple[int, int, int]], steps: int) -> list[Label]:
    """The first `steps` labels with `(1)`, `(2)` … before their words where they do not simply go down the file."""
    if steps < 3 or list(order[:steps]) == sorted(order[:steps]):
        return list(labels)
    return [
        Label(label.location, f"({at}) {label.text or 'here'}", label.primary) if at <= steps else label
        for at, label in enumerate(labels, 1)
    ]


def marked_rows(judged: Judged, source: Source) -> list[list[Marked]]:
    """The rows with labels: one list a file, that of the primary label first; rows in the order of the file."""
    known = [(label, row) for label in labels_of(judged) if (row := source.row(label.location)) is not None]
    own = {label.location for label in judged.finding.labels}
    steps = sum(label.location in own for label, _ in known)
    labels = numbered([label for label, _ in known], [row.order for _, row in known], steps)
    files: dict[str | None, dict[tuple[int, int, int], list[Label]]] = {}
    rows: dict[tuple[str | None, tuple[int, int, int]], Row] = {}
    for label, (_, row) in zip(labels, known, strict=True):
        files.setdefault(row.path, {}).setdefault(row.order, []).append(label)
        rows[row.path, row.order] = row
    has_primary = {path: any(label.primary for group in by.values() for label in group) for path, by in files.items()}
    return [
        [Marked(rows[path, order], tuple(by_order[order])) for order in sorted(by_order)]
        for path, by_order in sorted(files.items(), key=lambda item: not has_primary[item[0]])
    ]


def with_context(marked: list[Marked], source: Source) -> Iterator[Marked | None]:
    """The labelled rows, the few rows between them, one row around the primary one; None for an elision."""
    wanted = {item.row.order: item for item in marked}
    for item in marked:
        if any(label.primary for label in item.labels):
            for beside in (source.near(item.row, -1), source.near(item.row, 1)):
                if beside is not None and beside.path == item.row.path and beside.text.strip():
                    wanted.setdefault(beside.order, Marked(beside, ()))
    previous: Row | None = None
    for order in sorted(wanted):
        item = wanted[order]
        if previous is not None:
            between = source.between(previous, item.row, GAP)
            if between is None:
                yield None
            else:
                yield from (Marked(row, ()) for row in between)
        yield item
        previous = item.row


class Frame:
    """Lays out the rows of one finding for a width of columns."""

    def __init__(self, options: RenderOptions, gutter: int, severity: str) -> None:
        self.paint = Paint(options.color)
        self.severity = severity
        self.unicode = options.unicode
        self.gutter = gutter
        self.room = max(options.width - gutter - 5, 20)  # columns for code: after "118 | + "

    def bar(self, number: str = "", tail: str = "") -> str:
        """A line of the frame with its number, or without."""
        return (self.paint("frame", f"{number:>{self.gutter}} |") + tail).rstrip() + "\n"

    def lines(self, item: Marked) -> Iterator[str]:
        """The row and its underlines."""
        labels = sorted(item.labels, key=lambda label: (label.location.column or 0, label.primary))
        first = next((label for label in labels if label.primary), labels[0] if labels else None)
        byte = (first.location.column or 1) - 1 if first else 0
        code = show(item.row.text, byte, self.unicode)
        spans = [(label, *self._span(label.location, item.row.text, code)) for label in labels]
        at = next((start for label, start, _ in spans if label is first), 0)
        end = next((end for label, _, end in spans if label is first), 0)
        cut = self._cut(width(code.text), at, end, code.start > 0)
        text = self._clip(code.text, cut, len(item.row.text) > code.start + len(code.columns) - 1)
        marker = item.row.marker
        style = {"+": "added", "-": "removed"}.get(marker)
        body = f" {marker} {text}"
        number = str(item.row.number) if item.row.number is not None else ""
        yield self.bar(number, self.paint(style, body.rstrip()) if style else body.rstrip())
        for label, start, stop in spans:
            yield from self._underline(label, start - cut, stop - cut)

    @staticmethod
    def _span(location: Location, raw: bytes, code: Shown) -> tuple[int, int]:
        """Display columns of a location; from the first character to the last where it names no columns."""
        indent = len(raw) - len(raw.lstrip())
        trimmed = len(raw.rstrip())
        begin = location.column - 1 if location.column is not None else 0
        if begin < indent and location.end_column is None:
            begin = indent
        stop = location.end_column - 1 if location.end_column is not None else trimmed
        start, end = code.column(begin), code.column(min(stop, trimmed))
        return start, max(end, start + 1)

    def _cut(self, total: int, start: int, end: int, already: bool) -> int:
        """How many columns to drop at the left so that the caret can be seen."""
        if not already and (total <= self.room or min(end, start + LONGEST_UNDERLINE) <= self.room - 2):
            return 0
        return max(0, start - self.room // 3)

    def _clip(self, text: str, cut: int, more: bool) -> str:
        dots = "…" if self.unicode else "..."
        total = width(text)
        out = take(text, cut, self.room)
        if cut:
            out = dots + take(text, cut + len(dots), self.room - len(dots))
        if total > cut + self.room or more:
            out = take(out, 0, self.room - len(dots)) + dots
        return out

    def _underline(self, label: Label, start: int, stop: int) -> Iterator[str]:
        start, stop = max(0, min(start, self.room - 1)), min(stop, self.room)
        mark = "^" if label.primary else "-"
        style = self.severity if label.primary else "secondary"
        line = mark * min(max(stop - start, 1), LONGEST_UNDERLINE)
        words = one_line(label.text, self.unicode)
        left = self.room - start - len(line) - 1
        if width(words) <= left:
            yield self.bar("", "   " + " " * start + self.paint(style, f"{line} {words}".rstrip()))
            return
        yield self.bar("", "   " + " " * start + self.paint(style, line))
        indent = min(start, max(0, self.room - 40))
        for piece in wrap(words, self.room - indent):
            yield self.bar("", "   " + " " * indent + self.paint(style, piece))


def render_frame(judged: Judged, source: Source, options: RenderOptions) -> Iterator[str]:
    """The frame of one finding, file by file; nothing where no line of it is known."""
    files = [(marked, list(with_context(marked, source))) for marked in marked_rows(judged, source)]
    numbers = [item.row.number or 0 for _, items in files for item in items if item is not None]
    severity = judged.finding.severity.label
    frame = Frame(options, max((len(str(number)) for number in numbers), default=1), severity)
    for at, (marked, items) in enumerate(files):
        if at:
            row = marked[0].row
            where = f"{visible(row.path, options.unicode)}:{row.number}" if row.path else f"line {row.number}"
            yield frame.paint("frame", " " * frame.gutter + " ::: ") + where + "\n"
        for item in items:
            if item is None:
                yield frame.paint("frame", "...") + "\n"
            else:
                yield from frame.lines(item)
