"""Functions found and error-free in whole files: `bench_syntax.py TREE [STEP] [SHOW]` over the .c files of a tree.

The yardstick is kernel style: a function opens with `{` in column 0 under a head that ends with `)` (or an
annotation) and closes with `}` in column 0. The figures say how many of these the parser finds with the same first
and last line, and how many bodies hold neither an error node nor an unparsed span.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from pathlib import Path

from linter.patch.model import Image, Side
from linter.syntax.model import Unit
from linter.syntax.parse import parse_image, parser
from linter.syntax.scrub import scrub

FOLDERS = ("drivers", "fs", "net", "kernel", "mm")


def whole_image(path: Path) -> Image:
    """A file as an image."""
    text = path.read_bytes()
    text += b"" if text.endswith(b"\n") or not text else b"\n"
    count = text.count(b"\n")
    return Image(str(path), Side.POST, text, (None,) * count, tuple(range(1, count + 1)), True)


def styled_functions(text: bytes) -> list[tuple[int, int]]:
    """First and last row of each body by the column-0 rule."""
    clean = scrub(text)
    shape = re.sub(rb"^[ \t]*#(?:[^\n\\]|\\.)*+", lambda m: re.sub(rb"[^\n]", b" ", m[0]), clean, flags=re.M | re.S)
    lines, found, opened = shape.split(b"\n"), [], None
    for row, line in enumerate(lines):
        if line[:1] == b"{" and line.strip() in (b"{", b"{}"):
            before = next((ln.rstrip() for ln in reversed(lines[:row]) if ln.strip()), b"")
            opened = row if before[-1:] not in (b"=", b",", b"{", b"") and not _is_type(before) else None
            if line.strip() == b"{}" and opened is not None:
                found.append((row, row))
                opened = None
        elif line[:1] == b"}":
            if opened is not None and line.strip() == b"}":
                found.append((opened, row))
            opened = None
    return found


def _is_type(line: bytes) -> bool:
    return re.match(rb"\s*(?:typedef\s+)?(?:static\s+|const\s+)*(?:struct|union|enum)\b[^()]*$", line) is not None


def bodies(unit: Unit) -> dict[tuple[int, int], bool]:
    """First and last row of each body, and whether it is clean."""
    found = {}
    for function in unit.functions:
        dirty = function.body.has_error or any(
            function.span.start <= gap.start < function.span.end for gap in unit.unparsed
        )
        found[function.body.start_point[0], function.body.end_point[0]] = not dirty
    return found


def main(tree: str, step: int = 1, show: int = 0) -> None:
    """Print the figures."""
    files = sorted(p for folder in FOLDERS for p in (Path(tree) / folder).rglob("*.c"))[::step]
    totals: Counter[str] = Counter()
    spent = bare = 0.0
    for path in files:
        image = whole_image(path)
        start = time.process_time()
        unit = parse_image(image)
        spent += time.process_time() - start
        start = time.process_time()
        parser().parse(image.text)
        bare += time.process_time() - start
        expected, found = styled_functions(image.text), bodies(unit)
        lost = [rows for rows in expected if rows not in found]
        dirty = [rows for rows, clean in found.items() if not clean]
        totals.update(files=1, expected=len(expected), exact=len(expected) - len(lost))
        totals.update(bodies=len(found), dirty=len(dirty), bytes=len(image.text))
        totals.update(error_files=unit.tree.root_node.has_error)
        if (lost or dirty) and show > 0:
            show -= 1
            print(f"==== {path} lost {[a + 1 for a, _ in lost][:8]} dirty {[a + 1 for a, _ in dirty][:8]}")
            for node in _errors(unit)[:3]:
                row = node.start_point[0]
                print("\n".join(f"{k + 1}: {ln}" for k, ln in _around(unit, row)), f"\n  -> {node.type} at {row + 1}")
    print(dict(totals))
    print(
        f"exact extent {totals['exact'] / max(totals['expected'], 1):.3%}, clean bodies "
        f"{1 - totals['dirty'] / max(totals['bodies'], 1):.3%}"
    )
    print(f"parse_image {spent:.1f} s, bare parse {bare:.1f} s, ratio {spent / max(bare, 1e-9):.2f}")


def _around(unit: Unit, row: int) -> list[tuple[int, str]]:
    lines = unit.text.split(b"\n")
    return [(k, lines[k].decode("utf-8", "replace")) for k in range(max(row - 2, 0), min(row + 3, len(lines)))]


def _errors(unit: Unit) -> list:
    stack, found = [unit.tree.root_node], []
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            found.append(node)
        elif node.has_error:
            stack.extend(reversed(node.children))
    return found


if __name__ == "__main__":
    if len(sys.argv) < 2 or not (Path(sys.argv[1]) / "kernel").is_dir():
        print("skipped: give the path of a kernel tree")
    else:
        main(sys.argv[1], *(int(a) for a in sys.argv[2:4]))
