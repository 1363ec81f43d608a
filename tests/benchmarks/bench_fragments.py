"""How much of the code that hunks add lands in a clean tree: `bench_fragments.py dev-5k.mbox.xz [STEP] [SHOW]`."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

from tree_sitter import Node

from linter.patch.images import fragment_image
from linter.patch.model import LineKind, Side
from linter.syntax.model import Unit
from linter.syntax.parse import is_c_path, parse_image, parser
from linter.syntax.scrub import scrub
from tests.benchmarks.hunks import read_files, read_mbox

_HOLDERS = frozenset(
    {
        "function_definition",
        "declaration",
        "struct_specifier",
        "type_definition",
        "expression_statement",
        "enum_specifier",
        "union_specifier",
        "linkage_specification",
    }
)


def top_nodes(root: Node) -> list[Node]:
    """The nodes at file scope, those in `#if` arms included."""
    stack, found = [root], []
    while stack:
        node = stack.pop()
        if node.type == "translation_unit" or node.type.startswith("preproc_"):
            stack.extend(reversed(node.children))
        else:
            found.append(node)
    return found


def code_lines(unit: Unit) -> set[int]:
    """The rows that hold added code: not blank, no comment, no preprocessor."""
    shape = scrub(unit.source)
    shape = re.sub(rb"^[ \t]*#(?:[^\n\\]|\\.)*+", lambda m: re.sub(rb"[^\n]", b" ", m[0]), shape, flags=re.M | re.S)
    rows = set()
    for row, text in enumerate(shape.split(b"\n")):
        line = unit.line_of(row)
        if line is not None and line.kind is LineKind.ADDED and text.strip():
            rows.add(row)
    return rows


def clean_rows(unit: Unit) -> set[int]:
    """The rows inside a function or declaration without an error node."""
    rows: set[int] = set()
    spoiled: set[int] = set()
    for node in top_nodes(unit.tree.root_node):
        span = range(node.start_point[0], node.end_point[0] + 1)
        indented = node.type == "expression_statement" and unit.source[node.start_byte - node.start_point[1]] in b" \t"
        if node.type in _HOLDERS and not node.has_error and not indented:
            rows.update(span)
        elif node.has_error or node.type == "ERROR":
            spoiled.update(span)
    for gap in unit.unparsed:
        first, last = unit.text.count(b"\n", 0, gap.start), unit.text.count(b"\n", 0, gap.end)
        spoiled.update(range(first, last + 1))
    return rows - spoiled


def main(path: str, step: int = 1, show: int = 0) -> None:
    """Print the figures."""
    total = good = units = dirty = 0
    spent = bare = 0.0
    for number, body in enumerate(read_mbox(Path(path))):
        if number % step:
            continue
        for file in read_files(body):
            image = fragment_image(file.post_path, Side.POST, file.hunks) if is_c_path(file.path) else None
            if image is None:
                continue
            start = time.process_time()
            unit = parse_image(image)
            spent += time.process_time() - start
            start = time.process_time()
            parser().parse(image.text)
            bare += time.process_time() - start
            added, fine = code_lines(unit), clean_rows(unit)
            bad = added - fine
            total, good, units, dirty = total + len(added), good + len(added & fine), units + 1, dirty + bool(bad)
            if bad and show > 0:
                show -= 1
                print(f"==== {number} {file.path} bad rows {sorted(bad)[:9]} of {len(added)}")
                print(unit.text.decode("utf-8", "replace") if len(unit.text) < 6000 else "(long)")
    print(
        f"units {units}, with a bad added line {dirty}; "
        f"added code lines {total}, in clean code {good / max(total, 1):.2%}"
    )
    print(f"parse_image {spent:.2f} s, bare parse {bare:.2f} s, ratio {spent / max(bare, 1e-9):.2f}")


if __name__ == "__main__":
    if len(sys.argv) < 2 or not Path(sys.argv[1]).exists():
        print("skipped: give the path of an mbox")
    else:
        main(sys.argv[1], *(int(a) for a in sys.argv[2:4]))
