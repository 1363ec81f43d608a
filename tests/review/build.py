"""Small patches, images and findings for the tests of this folder, made by hand."""

from __future__ import annotations

from linter.detect.model import Finding, Label
from linter.patch.model import Change, FilePatch, Hunk, Image, Line, LineKind, Location, Patch, Side
from linter.rulebook.model import Confidence, Severity

KINDS = {" ": LineKind.CONTEXT, "+": LineKind.ADDED, "-": LineKind.REMOVED}


def make_file(text: str, path: str = "drivers/a.c", first: int = 1, patch_first: int = 10) -> FilePatch:
    """A file with one hunk: each line of `text` starts with its marker."""
    lines, pre, post = [], first, first
    for offset, raw in enumerate(text.split("\n")):
        kind = KINDS[raw[:1]]
        lines.append(
            Line(
                kind,
                raw[1:].encode(),
                None if kind is LineKind.ADDED else pre,
                None if kind is LineKind.REMOVED else post,
                patch_first + offset,
            )
        )
        pre += kind is not LineKind.ADDED
        post += kind is not LineKind.REMOVED
    hunk = Hunk(first, pre - first, first, post - first, b"", tuple(lines), patch_first - 1)
    return FilePatch(path, path, Change.MODIFY, (hunk,), patch_first - 4)


def make_image(file: FilePatch, side: Side) -> Image:
    """The lines of the file's only hunk on one side."""
    other = LineKind.REMOVED if side is Side.POST else LineKind.ADDED
    lines = [line for line in file.hunks[0].lines if line.kind is not other]
    numbers = tuple(line.post_lineno if side is Side.POST else line.pre_lineno for line in lines)
    text = b"".join(line.text + b"\n" for line in lines)
    return Image(file.path, side, text, tuple(lines), numbers, False)


def place(image: Image, needle: str) -> Location:
    """The first image line that holds `needle`."""
    for index, text in enumerate(image.lines()):
        if needle.encode() in text:
            line = image.origin[index]
            assert line is not None
            return Location(
                image.path,
                image.side,
                image.linenos[index],
                1,
                line.patch_lineno,
                None,
                line.kind is not LineKind.CONTEXT,
            )
    raise AssertionError(needle)


def make_finding(
    image: Image, needle: str, *others: str, rule: str = "a-rule", key: str = "", function: str | None = "f"
) -> Finding:
    """A finding whose primary label is at `needle`; others are labels before it."""
    labels = [Label(place(image, other), other) for other in others]
    labels.append(Label(place(image, needle), "here", True))
    return Finding(rule, "resource", Severity.ERROR, Confidence.HIGH, "msg", "do", tuple(labels), function, (), "", key)


def make_patch(*files: FilePatch, notes: bytes = b"", body: bytes = b"", message_id: str | None = "m@x") -> Patch:
    return Patch(
        message_id, None, (), "[PATCH] a: b", "a: b", ("PATCH",), None, None, None, 1, None, None, (),
        body, 1, notes, 1, (), files, b"", "t",
    )  # fmt: skip
