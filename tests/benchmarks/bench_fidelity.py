"""Are nodes of a fragment those of the whole file? `bench_fidelity.py TREE [STEP] [SHOW]`.

Windows as hunks show them (one to three a file, seven to thirty lines, the section text as git would choose it) are
cut from whole files; nodes that lie inside a window are compared by type and exact place with those of the whole file.
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from pathlib import Path

from linter.patch.model import Image, Side
from linter.syntax.model import Unit
from linter.syntax.parse import parse_image
from tests.benchmarks.bench_syntax import FOLDERS, whole_image

_TYPES = frozenset(
    [
        "call_expression",
        "if_statement",
        "return_statement",
        "goto_statement",
        "assignment_expression",
        "declaration",
        "function_definition",
        "compound_statement",
        "field_declaration",
        "while_statement",
        "for_statement",
        "switch_statement",
        "case_statement",
        "labeled_statement",
        "expression_statement",
        "struct_specifier",
        "initializer_pair",
        "enumerator",
        "do_statement",
        "parameter_declaration",
        "init_declarator",
        "binary_expression",
    ]
)
_LABEL = re.compile(rb"[A-Za-z_]\w*\s*:")

Place = tuple[str, int, int, int, int]


def section_of(lines: list[bytes], first: int) -> bytes:
    """What git would print behind the second @@."""
    for line in reversed(lines[:first]):
        if re.match(rb"[A-Za-z_$]", line) and not _LABEL.match(line):
            return line[:80]
    return b""


def cut(image: Image, windows: list[tuple[int, int]]) -> Image:
    """The fragment that shows only these windows."""
    lines = image.text.split(b"\n")[:-1]
    kept = [row for first, last in windows for row in range(first, last)]
    chunks = [kept.index(first) for first, _ in windows]
    sections = tuple(section_of(lines, first) for first, _ in windows)
    text = b"\n".join(lines[row] for row in kept) + b"\n"
    linenos = tuple(row + 1 for row in kept)
    return Image(image.path, Side.POST, text, (None,) * len(kept), linenos, False, tuple(chunks), sections)


def places(unit: Unit, windows: list[tuple[int, int]]) -> set[Place]:
    """Type and place of the nodes that lie in one of the windows, in lines of the file."""
    found: set[Place] = set()
    stack = [unit.tree.root_node]
    while stack:
        node = stack.pop()
        first, last = node.start_point[0], min(node.end_point[0], len(unit.rows) - 1)
        if node.type in _TYPES and unit.rows[first] is not None and unit.rows[last] is not None:
            start = unit.image.linenos[unit.rows[first]] - 1
            end = unit.image.linenos[unit.rows[last]] - 1
            if any(a <= start and end < b for a, b in windows):
                found.add((node.type, start, node.start_point[1], end, node.end_point[1]))
        stack.extend(node.children)
    return found


def choose(count: int, chance: random.Random) -> list[tuple[int, int]]:
    """One to three windows that leave lines out between them."""
    windows: list[tuple[int, int]] = []
    for first in sorted(chance.randrange(max(count - 30, 1)) for _ in range(chance.choice((1, 1, 2, 3)))):
        last = min(first + chance.randrange(7, 31), count)
        if not windows or first > windows[-1][1] + 1:
            windows.append((first, last))
    return windows


def main(tree: str, step: int = 20, show: int = 0) -> None:
    """Print recall and precision by node type."""
    chance = random.Random(7)
    true: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    both: Counter[str] = Counter()
    files = sorted(p for folder in FOLDERS for p in (Path(tree) / folder).rglob("*.c"))[::step]
    for path in files:
        image = whole_image(path)
        whole = parse_image(image)
        for _ in range(3):
            windows = choose(image.text.count(b"\n"), chance)
            unit = parse_image(cut(image, windows))
            expected, found = places(whole, windows), places(unit, windows)
            true.update(p[0] for p in expected)
            seen.update(p[0] for p in found)
            both.update(p[0] for p in expected & found)
            wrong = found - expected
            missing = expected - found
            if len(wrong) + len(missing) > 2 and show > 0:
                show -= 1
                first = [sorted(places, key=lambda place: place[1])[:3] for places in (wrong, missing)]
                print(f"==== {path} wrong {first[0]} missing {first[1]}")
                print(unit.text.decode("utf-8", "replace"))
    for kind in sorted(_TYPES, key=lambda k: -true[k]):
        recall, precision = both[kind] / max(true[kind], 1), both[kind] / max(seen[kind], 1)
        print(f"{kind:24} {true[kind]:7} recall {recall:7.2%} precision {precision:7.2%}")
    recall, precision = both.total() / true.total(), both.total() / seen.total()
    print(f"{'all':24} {true.total():7} recall {recall:7.2%} precision {precision:7.2%}")


if __name__ == "__main__":
    if len(sys.argv) < 2 or not (Path(sys.argv[1]) / "kernel").is_dir():
        print("skipped: give the path of a kernel tree")
    else:
        main(sys.argv[1], *(int(a) for a in sys.argv[2:4]))
