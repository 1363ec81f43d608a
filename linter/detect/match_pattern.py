"""The text of a C pattern to a small tree to match with: `$X` one part, `...` any parts, `$...ARGS` any parts, bound.

`$_` binds nothing. A name used twice must stand for equal code. White space, comments and parentheses around an
expression do not count; `"..."` is any string; an assignment matches an initialiser too; a block of one statement
matches the bare statement. Compiling parses the pattern with the C grammar, so it happens when a pattern is needed.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tree_sitter import Node

from linter.pattern import lazy
from linter.record import record
from linter.syntax.parse import parser

CONTEXTS = ("expression", "statement", "declaration", "type")
"""How a pattern's text is read; found out by trying where a rule does not say."""

_HEAD = b"hunklint_mv_"
_MANY = b"hunklint_many_"
_DOTS = b"hunklint_dots"
_TOKEN = lazy(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|\$\.\.\.([A-Z_][A-Z0-9_]*)|\$([A-Z_][A-Z0-9_]*)|(\.\.\.)")
_NAME = lazy(r"\b[A-Za-z_]\w*")
_WORD = lazy(rb"\w+")
_KEYWORDS = frozenset(
    (  # noqa: SIM905  # a list of words reads better as words
        "if else for while do switch case default break continue return goto sizeof struct union enum static const "
        "volatile extern inline register signed unsigned void int long short char float double bool NULL"
    ).split()
)
NAMES = frozenset({"identifier", "field_identifier", "type_identifier", "statement_identifier"})
SKIPPED = frozenset({"comment"})
IGNORED = frozenset({"comment", "(", ")"})
"""Within sizeof, where the grammar has parentheses around a type and a parenthesized_expression around the rest."""

MAX_PATTERN = 2000


class PatternError(Exception):
    """A pattern that cannot be read as C; the message says how far it was understood."""


@record
class Leaf:
    """A token: its kind must agree (a name is a name of any sort), and its text."""

    kind: str
    text: bytes


@record
class Meta:
    """`$X`: one whole node; the name is "" for `$_`."""

    name: str


@record
class Dots:
    """`...` or `$...ARGS`: any number of siblings, bound under `name` if there is one."""

    name: str = ""


@record
class Branch:
    """A node with its children."""

    kind: str
    children: tuple[Part, ...]


Part = Leaf | Meta | Dots | Branch


@record
class Pattern:
    """A compiled pattern: one part, or statements that follow each other."""

    source: str
    context: str
    parts: tuple[Part, ...]
    anchors: tuple[bytes, ...]  # names that stand in every match, the most telling one first
    kinds: frozenset[str]  # node kinds that a match can have; empty: any

    @property
    def tokens(self) -> tuple[bytes, ...]:
        """Operators and numbers that stand in every match."""
        return tuple(sorted(_tokens(self.parts), key=len, reverse=True))

    @property
    def is_sequence(self) -> bool:
        """Whether it is statements that follow each other rather than one node."""
        return len(self.parts) != 1 or isinstance(self.parts[0], Dots)


def pattern_names(source: str) -> frozenset[str]:
    """The identifiers that stand in a pattern as they are."""
    text = _TOKEN.sub(" ", source)
    return frozenset(word for word in _NAME.findall(text) if word not in _KEYWORDS)


def metavariables(source: str) -> frozenset[str]:
    """The names that a pattern binds."""
    found = {match[1] or match[2] for match in _TOKEN.finditer(source) if match[1] or match[2]}
    return frozenset(found - {"_"})


def _substitute(source: str) -> bytes:
    """The pattern with metavariables as plain C names."""

    def one(match: re.Match[str]) -> str:
        if match[1]:
            return f"{_MANY.decode()}{match[1]}"
        if match[2]:
            return f"{_HEAD.decode()}{match[2]}"
        return _DOTS.decode() if match[3] else match[0]

    lines = []
    for line in source.split("\n"):
        text = _TOKEN.sub(one, line)
        # a lone `...` between statements is one statement
        lines.append(
            re.sub(
                rf"(^|[;{{}}]|\*/)(\s*)({_DOTS.decode()}|{_MANY.decode()}\w+)(?=\s*($|[}}A-Za-z_*]))", r"\1\2\3;", text
            )
        )
    return "\n".join(lines).encode()


def _wrap(text: bytes, context: str) -> bytes:
    if context == "expression":
        return b"void f(void) {\nx = (" + text + b"\n);}"
    if context == "statement":
        return b"void f(void) {\n" + text + b"\n}"
    if context == "type":
        return b"int f = sizeof(" + text + b"\n);"
    return text + b"\n"


def _roots(root: Node, context: str) -> list[Node]:
    """The nodes of the pattern itself inside its wrapping."""
    if context == "declaration":
        return _visible(root)
    if context == "type":
        node = _first(root, "sizeof_expression")
        inner = node.child_by_field_name("type") if node is not None else None
        return [inner] if inner is not None else []
    body = _first(root, "compound_statement")
    if body is None:
        return []
    inside = [child for child in _visible(body) if child.type not in ("{", "}")]
    if context == "statement":
        return inside
    assignment = _first(body, "assignment_expression")
    right = assignment.child_by_field_name("right") if assignment is not None else None
    return [strip(right)] if right is not None and len(inside) == 1 else []


def _first(node: Node, kind: str) -> Node | None:
    stack = [node]
    while stack:
        current = stack.pop()
        if current.type == kind:
            return current
        stack.extend(reversed(current.children))
    return None


def _visible(node: Node) -> list[Node]:
    return [child for child in node.children if child.type not in SKIPPED]


def strip(node: Node) -> Node:
    """The node inside parentheses."""
    for _ in range(200):
        if node.type != "parenthesized_expression":
            return node
        inner = [child for child in node.named_children if child.type not in SKIPPED]
        if len(inner) != 1:
            return node
        node = inner[0]
    return node


def _convert(node: Node, depth: int = 0) -> Part:
    if depth > 60:
        raise PatternError("the pattern is nested too deeply")
    node = strip(node)
    text = node.text or b""
    bare = text.rstrip(b"; \n")
    if bare == _DOTS:
        return Dots()
    if bare.startswith(_MANY) and _WORD.fullmatch(bare):
        return Dots(bare[len(_MANY) :].decode())
    if text.startswith(_HEAD) and _WORD.fullmatch(text):
        name = text[len(_HEAD) :].decode()
        return Meta("" if name == "_" else name)
    children = _visible(node)
    if node.type == "sizeof_expression":
        children = [child for child in children if child.type not in IGNORED]
    if not children or node.type in ("string_literal", "char_literal", "concatenated_string", "number_literal"):
        return Leaf(node.type, text)
    return Branch(node.type, tuple(_convert(child, depth + 1) for child in children))


def _tokens(parts: tuple[Part, ...]) -> set[bytes]:
    found: set[bytes] = set()
    stack: list[Part] = list(parts)
    while stack:
        part = stack.pop()
        if isinstance(part, Branch):
            stack.extend(part.children)
        elif isinstance(part, Leaf) and len(part.text) > 1 and part.kind not in NAMES and '"' not in part.kind:
            found.add(part.text)
    return found - {b'"..."'}


def _anchors(parts: tuple[Part, ...]) -> tuple[bytes, ...]:
    """Literal names, the callees first: they are rarer than what is passed to them."""
    callees: list[bytes] = []
    others: list[bytes] = []
    stack: list[Part] = list(reversed(parts))
    while stack:
        part = stack.pop()
        if isinstance(part, Branch):
            head = part.children[0]
            if part.kind == "call_expression" and isinstance(head, Leaf):
                callees.append(head.text)
            stack.extend(reversed(part.children))
        elif isinstance(part, Leaf) and part.kind in NAMES:
            others.append(part.text)
    names = [name for name in others if name not in (b"NULL", b"sizeof", b"true", b"false")]
    names.sort(key=len, reverse=True)
    return tuple(dict.fromkeys([*callees, *names]))


def _kinds(part: Part) -> frozenset[str]:
    if isinstance(part, Branch):
        if part.kind == "assignment_expression":
            return frozenset({"assignment_expression", "init_declarator"})
        return frozenset({part.kind})
    if isinstance(part, Leaf):
        return NAMES if part.kind in NAMES else frozenset({part.kind})
    return frozenset()


def _guess(source: str) -> tuple[str, ...]:
    text = source.strip()
    if text.endswith((";", "}")) or text.startswith(("if ", "if(", "for ", "while ", "return", "...")) or "\n" in text:
        return ("statement", "declaration")
    return ("expression", "statement", "declaration", "type")


@lru_cache(maxsize=4096)
def compile_pattern(source: str, context: str | None = None) -> Pattern:
    """Read a pattern; PatternError where no context makes C of it."""
    if len(source) > MAX_PATTERN:
        raise PatternError(f"a pattern has at most {MAX_PATTERN} characters")
    if not source.strip():
        raise PatternError("the pattern is empty")
    text = _substitute(source.strip())
    best = ""
    for name in (context,) if context else _guess(source):
        tree = parser().parse(_wrap(text, name))
        roots = _roots(tree.root_node, name)
        if not roots or tree.root_node.has_error:
            best = best or " ".join(str(node) for node in roots) or str(tree.root_node)
            continue
        parts = tuple(_convert(node) for node in roots)
        if name == "statement" and len(parts) == 1:
            parts = (_bare_expression(source, parts[0]),)
        if all(isinstance(part, Dots) for part in parts):
            raise PatternError("`...` alone matches everything")
        kinds = _kinds(parts[0]) if len(parts) == 1 else frozenset()
        return Pattern(source, name, parts, _anchors(parts), kinds)
    raise PatternError(f"not C: {_readable(best)}")


def _bare_expression(source: str, part: Part) -> Part:
    """`f($X)` that was only read as a statement (no semicolon was written) is the expression."""
    if isinstance(part, Branch) and part.kind == "expression_statement" and not source.strip().endswith(";"):
        return part.children[0]
    return part


def _readable(shown: str) -> str:
    return shown if len(shown) <= 300 else shown[:300] + "…"
