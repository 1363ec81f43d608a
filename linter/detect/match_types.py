"""What a function says about the type of a name: its parameters and declarations, nothing that needs a header."""

from __future__ import annotations

from tree_sitter import Node

from linter.detect.match_find import nodes_within
from linter.record import record
from linter.syntax.model import Function, Unit

_DECLARATORS = frozenset(
    {"pointer_declarator", "array_declarator", "init_declarator", "function_declarator", "parenthesized_declarator"}
)
_DECLARATIONS = frozenset({"declaration", "parameter_declaration"})


@record
class Declared:
    """A declared type: its words (`struct foo`, `unsigned int`), and how the name derives from it."""

    name: str
    pointer: bool
    array: bool
    function: bool = False


def declared_type(unit: Unit, function: Function | None, node: Node) -> Declared | None:
    """The type of a plain name, as the function around it (else the file) declares it; None where that is unseen."""
    if node.type != "identifier":
        return None
    word = node.text or b""
    if function is not None:
        found = _declarations(unit, function).get(word)
        if found is not None:
            return found
    return _file_declarations(unit).get(word)


def is_local(unit: Unit, function: Function | None, word: bytes) -> bool:
    """Whether a name is a parameter or a variable of the function."""
    return function is not None and word in _declarations(unit, function)


def _declarations(unit: Unit, function: Function) -> dict[bytes, Declared]:
    key = ("match.types", function.span.start)
    known: dict[bytes, Declared] | None = unit.cache.get(key)
    if known is None:
        known = unit.cache[key] = {}
        for node in nodes_within(function.node):
            if node.type in _DECLARATIONS:
                _note(node, known)
    return known


def _file_declarations(unit: Unit) -> dict[bytes, Declared]:
    known: dict[bytes, Declared] | None = unit.cache.get("match.globals")
    if known is None:
        known = unit.cache["match.globals"] = {}
        for node in unit.tree.root_node.named_children[:5000]:
            if node.type == "declaration":
                _note(node, known)
    return known


def _note(node: Node, known: dict[bytes, Declared]) -> None:
    kind = node.child_by_field_name("type")
    if kind is None:
        return
    name = " ".join((kind.text or b"").decode("utf-8", "replace").split("{")[0].split())
    for declarator in node.children_by_field_name("declarator"):
        pointer = array = function = False
        current: Node | None = declarator
        for _ in range(12):
            if current is None or current.type not in _DECLARATORS:
                break
            pointer |= current.type == "pointer_declarator"
            array |= current.type == "array_declarator"
            function |= current.type == "function_declarator"
            inner = current.child_by_field_name("declarator")
            if inner is None and current.type == "parenthesized_declarator" and current.named_child_count:
                inner = current.named_children[0]
            current = inner
        if current is not None and current.type == "identifier" and current.text:
            known.setdefault(current.text, Declared(name, pointer, array, function))
