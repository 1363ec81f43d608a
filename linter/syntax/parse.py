"""An image to a `Unit`: fragments made whole, kernel macros masked, the tree, and the functions in it.

What later stages may rely on, tree-sitter-c's node types standing for what C has no word for:

- `for_each_x(a, b) body`: while_statement; the condition is a parenthesized_expression with the arguments
  (comma_expression). `for_each_x() body`: for_statement without parts.
- `scoped_guard(class, args) body`: if_statement without else, the condition as above; the body runs once, always.
- `scoped_cond_guard(class, fail, args) body`: the same, `return` or `goto` of `fail` blanked; `fail` runs instead of
  the body when the lock is not got. The annotation of the macro holds the arguments as written.
- `guard(class)(args);`, `CLASS(name, var)(args);`: expression_statement > call_expression whose function is a
  call_expression.
- `SYSCALL_DEFINEn(name, type, arg, ...) {`: function_definition `long name(type arg, ...)`.
- statements as the last argument of a macro (`MACRO(x, if (y) break; )`): compound_statement in the argument_list;
  `return x` and `goto x` as an argument: the keyword may be blanked; a lone `break` as an argument: an identifier.
- `DECLARE_BITMAP(name, n);`: declaration `long name[n]`; `DEFINE_PER_CPU(type, name);`: declaration `type name`.
- types as arguments (`container_of(p, struct x, m)`): one identifier, `struct` blanked.
- `case A ... B:`: case_statement with the value `A | B`.
- `goto *expr;`: goto_statement to a label that no function has.
- `#if` with arms that are whole statements: preproc_if or preproc_ifdef, further arms (preproc_elif, preproc_else) in
  its field `alternative`. `#if` that cuts a statement in two: directives and all arms but the first are blanked.
- unknown code: expression_statement > call_expression `__hunklint_gap()` (model.GAP).
  In a whole file too: the body of a function that nothing could make readable is one gap, listed in `unit.unparsed`.
- `break` or `continue` whose loop is out of sight: a statement outside any loop.
- a block whose head is out of sight: if_statement (or switch, do) with the condition `(__hunklint_gap())`.
- `__free(kfree)`, `__user` and the like: nothing in the tree; `unit.annotations`, in order of position.

`macro_name(unit, node)` tells an iterator or guard from a real `while`/`if`: it gives the macro's name, or None.
Text offsets are those of `unit.text`; `unit.snippet(node)` is the unmasked source. A function whose name is out of
sight has the name "".
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Mapping
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec, PathFinder
from itertools import accumulate
from typing import Any

from tree_sitter import Language, Node, Parser, Tree

from linter.patch.model import Image, Span
from linter.pattern import lazy
from linter.syntax.assemble import assemble
from linter.syntax.conditionals import blank, blanked_spans, has_conditionals
from linter.syntax.context import UNKNOWN, function_name
from linter.syntax.functions import declared_name, definitions
from linter.syntax.mask import mask
from linter.syntax.model import Annotation, Function, Unit
from linter.syntax.scrub import end_comment, identifiers_of, scrub

MAX_BYTES = 4 << 20
"""A longer text is not parsed but reported as unparsed; in a kernel tree these are generated headers of constants."""
_TEXT_BYTES = bytes(c for c in range(256) if c >= 0x20 or c in b"\t\n\v\f\r\x1b")
_WORD = lazy(rb"\w+")
_KEYWORDS = frozenset({b"while", b"if", b"for", b"switch", b"do", b"else"})


def is_c_path(path: str | None) -> bool:
    """Is this a file that the parser reads: C or a header; unknown names count as C."""
    return path is None or path.endswith((".c", ".h"))


def _language() -> Any:
    """The grammar, loaded from its extension module: the package around it imports importlib.resources (25 ms)."""
    package = PathFinder.find_spec("tree_sitter_c")
    for folder in (package.submodule_search_locations or ()) if package else ():
        for file in os.listdir(folder):  # noqa: PTH208 (pathlib costs start-up time)
            if file.startswith("_binding") and file.endswith(tuple(EXTENSION_SUFFIXES)):
                loader = ExtensionFileLoader("tree_sitter_c._binding", f"{folder}/{file}")
                module = loader.create_module(ModuleSpec(loader.name, loader, origin=loader.path))
                loader.exec_module(module)
                return module.language()
    import tree_sitter_c

    return tree_sitter_c.language()


@lru_cache(maxsize=1)
def parser() -> Parser:
    """The one C parser of this process."""
    return Parser(Language(_language()))


def parse_image(image: Image) -> Unit:
    """Parse an image, whole or fragment."""
    if len(image.text) > MAX_BYTES or _is_junk(image.text):
        return Unit(image, b"", b"", parser().parse(b""), (), (0,), (), (), frozenset(), (Span(0, len(image.text)),))
    heads: dict[int, bool] = {}
    rows: tuple[int | None, ...]
    if image.complete:
        source = image.text
        clean = scrub(source)
        blanks = blanked_spans(clean) if has_conditionals(clean) else []
        clean = blank(clean, blanks) if blanks else clean
        rows = tuple(range(source.count(b"\n") + (source[-1:] not in (b"\n", b""))))
    else:
        assembly = assemble(image)
        source, clean, blanks = b"".join(assembly.source), b"".join(assembly.clean), assembly.blanks
        rows, heads = tuple(assembly.rows), assembly.heads
    identifiers = identifiers_of(source)
    text, annotations = mask(source, clean, identifiers, blanks)
    text = end_comment(text)
    tree = parser().parse(text)
    if tree.root_node.has_error:
        text, tree, annotations = _repair(source, clean, text, tree, annotations)
    taken: tuple[Span, ...] = ()
    if tree.root_node.has_error:
        from linter.syntax.isolate import isolate  # seldom needed

        isolated = isolate(text, scrub(text), tree, parser())
        if isolated is not None:
            text, tree, taken = isolated
    starts = tuple(accumulate((len(line) + 1 for line in text.split(b"\n")), initial=0))[: max(len(rows), 1)]
    unparsed = taken
    if tree.root_node.has_error:
        from linter.syntax.repair import error_spans

        unparsed = tuple(sorted((*taken, *error_spans(tree)), key=lambda span: span.start))
    unit = Unit(image, text, source, tree, rows, starts, (), annotations, identifiers, unparsed)
    functions = tuple(_function(unit, node, heads, taken) for node in definitions(tree.root_node))
    object.__setattr__(unit, "functions", functions)  # a unit and its functions point at each other
    return unit


def _is_junk(text: bytes) -> bool:
    """Is this no text at all: the parser would spend its time on recovering from errors."""
    return len(text) > 4096 and len(text.translate(None, _TEXT_BYTES)) * 50 > len(text)


def _repair(
    source: bytes, clean: bytes, text: bytes, tree: Tree, annotations: tuple[Annotation, ...]
) -> tuple[bytes, Tree, tuple[Annotation, ...]]:
    """A second attempt at the regions that hold errors; the first tree where it is no better."""
    from linter.syntax.repair import Repairer, broken_regions, error_spans  # costs start-up time, seldom needed

    regions = broken_regions(tree)
    repairer = Repairer(source, scrub(text))
    repairer.edits = bytearray(text)
    for start, end, has_members in regions:
        repairer.run(start, end)
        if has_members:
            repairer.members(start, end)
    second = bytes(repairer.edits)
    if second == text:
        return text, tree, annotations
    repaired = parser().parse(second)
    if repaired.root_node.has_error and len(error_spans(repaired)) > len(error_spans(tree)):
        return text, tree, annotations
    merged = sorted((*annotations, *repairer.annotations), key=lambda annotation: annotation.span.start)
    return second, repaired, tuple(merged)


def _function(unit: Unit, node: Node, heads: Mapping[int, bool], taken: tuple[Span, ...]) -> Function:
    body = node.child_by_field_name("body")
    assert body is not None
    identifier = declared_name(node)
    name = unit.text[identifier.start_byte : identifier.end_byte] if identifier else b""
    if (
        unit.source.startswith(name, node.start_byte + 4)
        and unit.source[node.start_byte + 3 : node.start_byte + 4] != b" "
    ):
        name = function_name(unit.source[node.start_byte : body.start_byte])  # repaired: TEST(name) {
    line = unit.text.rfind(b"\n", 0, node.start_byte) + 1
    head = {a.name: a.argument for a in annotations_within(unit, line, body.start_byte)}
    row = node.start_point[0]
    return Function(
        name="" if name in (UNKNOWN, b"") else name.decode("utf-8", "replace"),
        unit=unit,
        node=node,
        body=body,
        span=Span(node.start_byte, node.end_byte),
        whole=_is_whole(unit, row, node.end_point[0])
        and not any(node.start_byte <= span.start < node.end_byte for span in taken),
        head_known=heads.get(row, unit.rows[row] is not None),
        annotations=head,
    )


def _is_whole(unit: Unit, first: int, last: int) -> bool:
    """Are these rows of the unit lines that follow each other in the file."""
    if unit.image.complete:
        return True
    start, end = unit.rows[first], unit.rows[last]
    if start is None or end is None or end - start != last - first:
        return False
    return not any(start < chunk <= end for chunk in unit.image.chunks)


def macro_name(unit: Unit, node: Node) -> bytes | None:
    """The iterator or guard macro that a while, for or if statement stands for; None for a real one."""
    match = _WORD.match(unit.source, node.start_byte)
    return match[0] if match and match[0] not in _KEYWORDS else None


def annotations_within(unit: Unit, start: int, end: int) -> tuple[Annotation, ...]:
    """The annotations between two offsets of the text."""
    first = bisect_left(unit.annotations, start, key=_position)
    last = bisect_left(unit.annotations, end, key=_position)
    return unit.annotations[first:last]


def _position(annotation: Annotation) -> int:
    return annotation.span.start
