"""A location to the text around it: from the lines of the patch, from an image, or from the mail.

Renderers ask here for rows; where a row came from decides its number and its marker.
"""

from __future__ import annotations

from linter.patch.model import FilePatch, Hunk, Image, Line, LineKind, Location, Side
from linter.record import record
from linter.review.model import PatchReport


@record
class Row:
    """One line to show. Rows of one `path` are sorted by `order`; equal orders are the same line."""

    path: str | None  # None: a line of the mail itself
    order: tuple[int, int, int]
    number: int | None
    marker: str  # "+", "-" or " "
    text: bytes
    patch_lineno: int = 0


@record
class Place:
    """Where a line of the patch stands."""

    file: FilePatch
    hunk: Hunk
    index: int  # in hunk.lines
    post: int  # its place in the post-image: for a removed line that of the line after it

    @property
    def line(self) -> Line:
        return self.hunk.lines[self.index]

    def beside(self, index: int) -> Place:
        """Another line of the same hunk. (In a damaged patch several lines may share one line of the message.)"""
        low, high = sorted((self.index, index))
        moved = sum(line.kind is not LineKind.REMOVED for line in self.hunk.lines[low:high])
        post = self.post + (moved if index > self.index else -moved)
        return Place(self.file, self.hunk, index, post if self.hunk.numbered else self.hunk.lines[index].patch_lineno)


def _places(file: FilePatch, hunk: Hunk) -> dict[int, Place]:
    """The lines of a hunk by their line of the message; of several that share one, the first."""
    places: dict[int, Place] = {}
    post = hunk.post_start
    for index, line in enumerate(hunk.lines):
        at = post if hunk.numbered else line.patch_lineno
        places.setdefault(line.patch_lineno, Place(file, hunk, index, at))
        if line.kind is not LineKind.REMOVED:
            post += 1
    return places


class Source:
    """The text behind one patch report; everything is looked up once and kept."""

    def __init__(self, report: PatchReport) -> None:
        self.report = report
        self.patch = report.patch
        self._hunks: list[tuple[int, int, FilePatch, Hunk]] | None = None
        self._places: dict[int, dict[int, Place]] = {}
        self._raw: list[bytes] | None = None
        self._image_lines: dict[int, tuple[list[bytes], dict[int, int]]] = {}

    def place(self, patch_lineno: int) -> Place | None:
        """The line of a hunk at a line of the message."""
        if self._hunks is None:
            self._hunks = [
                (hunk.lines[0].patch_lineno, hunk.lines[-1].patch_lineno, file, hunk)
                for file in self.patch.files
                for hunk in file.hunks
                if hunk.lines
            ]
        for at, (first, last, file, hunk) in enumerate(self._hunks):
            if first <= patch_lineno <= last:
                if at not in self._places:
                    self._places[at] = _places(file, hunk)
                return self._places[at].get(patch_lineno)
        return None

    def mail_line(self, patch_lineno: int) -> bytes | None:
        """A line of the message as it stands there."""
        if self._raw is None:
            self._raw = self.patch.raw.split(b"\n")
        return self._raw[patch_lineno - 1] if 0 < patch_lineno <= len(self._raw) else None

    def row(self, location: Location) -> Row | None:
        """The line at a location; None where nobody knows its text."""
        if location.patch_lineno:
            place = self.place(location.patch_lineno)
            mail = location.path is None  # the mail is meant, not the code, unless the quotation names no file
            if place is not None and not (mail and place.hunk.numbered):
                return self._patch_row(place)
            if mail or location.line is None:
                text = self.mail_line(location.patch_lineno)
                if text is not None:
                    number = location.patch_lineno
                    return Row(None, (number, 1, number), number, " ", text.rstrip(b"\r"), number)
        return self._image_row(location.path, location.side or Side.POST, location.line)

    def _patch_row(self, place: Place) -> Row:
        line = place.line
        removed = line.kind is LineKind.REMOVED
        number = line.pre_lineno if removed else line.post_lineno
        if number is None:
            number = line.patch_lineno
        order = (place.post, 0 if removed else 1, line.patch_lineno if removed or not place.hunk.numbered else 0)
        return Row(place.file.path, order, number, line.kind.value, line.text, line.patch_lineno)

    def _image(self, path: str | None, side: Side) -> Image | None:
        return self.report.images.get((path, side.value))

    def _image_row(self, path: str | None, side: Side, line: int | None) -> Row | None:
        image = self._image(path, side)
        if image is None or line is None:
            return None
        if id(image) not in self._image_lines:
            index = {number: at for at, number in enumerate(image.linenos) if number is not None}
            self._image_lines[id(image)] = (image.text.split(b"\n"), index)
        lines, index = self._image_lines[id(image)]
        at = index.get(line)
        if at is None or at >= len(lines):
            return None
        origin = image.origin[at]
        place = self.place(origin.patch_lineno) if origin is not None else None
        if place is not None:
            return self._patch_row(place)
        post = line if side is Side.POST else line + self._shift(path, line)
        return Row(self._shown_path(path), (post, 1, 0), line, " ", lines[at])

    def _shown_path(self, path: str | None) -> str | None:
        for file in self.patch.files:
            if path in (file.pre_path, file.post_path):
                return file.path
        return path

    def _shift(self, path: str | None, line: int) -> int:
        """By how many lines the hunks above a pre-image line move it."""
        for file in self.patch.files:
            if file.pre_path == path:
                return sum(h.post_count - h.pre_count for h in file.hunks if h.pre_start + h.pre_count <= line)
        return 0

    def between(self, above: Row, below: Row, most: int) -> list[Row] | None:
        """The rows that lie between two rows of one file; None where they are more than `most` or unknown."""
        first, last = self.place(above.patch_lineno), self.place(below.patch_lineno)
        if first is not None and last is not None and first.hunk is last.hunk:
            inside = range(first.index + 1, last.index)
            return None if len(inside) > most else [self._patch_row(first.beside(index)) for index in inside]
        if above.path is None:
            numbers = range(above.patch_lineno + 1, below.patch_lineno)
            return None if len(numbers) > most else [r for n in numbers if (r := self._mail_row(n)) is not None]
        gap = range(above.order[0] + 1, below.order[0])
        if len(gap) > most:
            return None
        found = [self._image_row(above.path, Side.POST, number) for number in gap]
        return None if None in found else [row for row in found if row is not None]

    def near(self, row: Row, step: int) -> Row | None:
        """The row of the same image before (-1) or after (+1) a row, within its hunk or its image; None at an edge."""
        place = self.place(row.patch_lineno)
        if place is not None:
            other = LineKind.ADDED if place.line.kind is LineKind.REMOVED else LineKind.REMOVED
            lines = place.hunk.lines
            at = place.index + step
            while 0 <= at < len(lines) and lines[at].kind is other:
                at += step
            return self._patch_row(place.beside(at)) if 0 <= at < len(lines) else None
        if row.path is None or row.patch_lineno:
            return None
        return self._image_row(row.path, Side.POST, row.order[0] + step)

    def _mail_row(self, number: int) -> Row | None:
        text = self.mail_line(number)
        return None if text is None else Row(None, (number, 1, number), number, " ", text, number)
