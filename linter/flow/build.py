"""A `Function` to its control-flow graph: every C statement, `#if` arms as alternatives, gaps as steps."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from linter.flow.expr import build_expr
from linter.flow.head import declared_name, declared_type, preproc_test, read_head
from linter.flow.limits import TOO_DEEP, note_limit
from linter.flow.loops import Loops
from linter.flow.model import BasicBlock, Cfg, Edge, Expr, Kind, Step, StepKind
from linter.syntax.model import Annotation, Function, Unit

MAX_DEPTH = 90
"""Statements nested deeper are taken for unknown code."""
_CLEANUPS = frozenset({"__free", "__cleanup"})


def build_cfg(function: Function) -> Cfg:
    """The control-flow graph of a function, built once."""
    cache = function.unit.cache
    key = ("cfg", function.span.start)
    if key not in cache:
        cache[key] = _Builder(function).build()
    found: Cfg = cache[key]
    return found


def _cleanups(unit: Unit) -> list[Annotation]:
    """The annotations of a unit that release something at the end of a scope; its functions are many."""
    if "cfg.cleanups" not in unit.cache:
        unit.cache["cfg.cleanups"] = [note for note in unit.annotations if note.name in _CLEANUPS]
    found: list[Annotation] = unit.cache["cfg.cleanups"]
    return found


class _Builder(Loops):
    def __init__(self, function: Function) -> None:
        super().__init__(function)
        self.statement_expression = self._statement_expression
        self.labels: dict[str, BasicBlock] = {}
        self.placed: set[str] = set()
        self.locals: dict[str, str] = {}
        self.depth = 0
        span = function.span
        self.cleanups = [note for note in _cleanups(self.unit) if span.start <= note.span.start < span.end]

    def build(self) -> Cfg:
        entry = self.current
        self.statement(self.function.body)
        end = self.function.body.end_byte
        if self.current is entry or self.current.steps or self._is_target(self.current):
            self.current.steps.append(Step(StepKind.RETURN, end - 1, end))
            self.jump(self.exit)
        for name, block in self.labels.items():
            if name not in self.placed:  # out of sight
                self.current = block
                self.gap(self.function.span.end - 1, self.function.span.end)
                self.jump(self.exit)
        parameters, types, returns = read_head(self.function)
        labels = {name: self.labels[name].index for name in self.labels if name in self.placed}
        return Cfg(
            self.function, self.blocks, entry.index, self.exit.index, labels, self.has_gap,
            parameters, self.locals, types, returns,
        )  # fmt: skip

    def _is_target(self, block: BasicBlock) -> bool:
        return any(edge.target == block.index for other in self.blocks for edge in other.edges)

    def statement(self, node: Node) -> None:
        """Add one statement."""
        handler = _STATEMENTS.get(node.type)
        if handler is None:
            return
        if self.depth >= MAX_DEPTH:
            note_limit(self.function, TOO_DEEP)
            self.gap(node.start_byte, node.end_byte)
            return
        self.depth += 1
        handler(self, node)
        self.depth -= 1

    def _compound(self, node: Node) -> None:
        self.guards.append([])
        for child in node.named_children:
            self.statement(child)
        self.close_scopes(len(self.guards) - 1, node)
        self.guards.pop()

    def _statement_expression(self, expr: Expr) -> None:
        node = self.function.body.descendant_for_byte_range(expr.start, expr.end)
        for child in node.named_children if node is not None else ():
            if child.type == "compound_statement":
                self.statement(child)

    def _expression(self, node: Node) -> None:
        for child in node.named_children:
            if child.type != "comment":
                self.emit(build_expr(child))

    def declaration(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        base = (kind.text or b"").decode("utf-8", "replace") if kind is not None else ""
        for declarator in node.children_by_field_name("declarator"):
            name_node = declared_name(declarator)
            if name_node is None:
                continue
            name = (name_node.text or b"").decode("utf-8", "replace")
            self.locals[name] = declared_type(base, declarator)
            target = Expr(Kind.NAME, name, (), name, name_node.start_byte, name_node.end_byte)
            value_node = declarator.child_by_field_name("value")
            value = build_expr(value_node) if value_node is not None else None
            cleanup = self._cleanup(node, declarator)
            if value is not None and value.kind is Kind.CONDITIONAL:
                self.choose(value, lambda arm, target=target, node=declarator: self._declare(node, target, arm, None))  # type: ignore[misc]  # mypy: lambda defaults
                if cleanup:
                    self.guards[-1].append(target)
            else:
                self._declare(declarator, target, value, cleanup)

    def _declare(self, node: Node, target: Expr, value: Expr | None, cleanup: str | None) -> None:
        if value is not None:
            self.emit(value, target)
        step = Step(StepKind.DECLARE, node.start_byte, node.end_byte, value, target, "", cleanup)
        self.current.steps.append(step)
        if cleanup:
            self.guards[-1].append(target)

    def _cleanup(self, node: Node, declarator: Node) -> str | None:
        """The argument of the __free() that belongs to a declarator: it stands beside it, or before the first one."""
        if not self.cleanups:
            return None
        value = declarator.child_by_field_name("value")
        others = node.children_by_field_name("declarator")
        first = node.start_byte if declarator == others[0] else declarator.start_byte
        following = [other.start_byte for other in others if other.start_byte > declarator.start_byte]
        limit = value.start_byte if value is not None else min(following, default=node.end_byte)
        for note in self.cleanups:
            if first <= note.span.start < limit:
                return note.argument or "?"
        return None

    def _return(self, node: Node) -> None:
        value = next((child for child in node.named_children if child.type != "comment"), None)
        if value is None:
            self._leave(node, None)
            return
        expr = build_expr(value)
        if expr.kind is Kind.CONDITIONAL:
            self.choose(expr, lambda arm: self._leave(node, arm))
            self.stop()
        else:
            self._leave(node, expr)

    def _leave(self, node: Node, expr: Expr | None) -> None:
        if expr is not None:
            self.emit(expr)
        self.current.steps.append(Step(StepKind.RETURN, node.start_byte, node.end_byte, expr))
        self.jump(self.exit)
        self.stop()

    def _if(self, node: Node) -> None:
        """An if with all its `else if`: a chain of any length costs no stack."""
        guard = self.macro(node)
        if guard is not None:
            self._scoped(node, guard)
            return
        join = self.new_block()
        link: Node | None = node
        while link is not None:
            condition = link.child_by_field_name("condition")
            then, other = self.new_block(), self.new_block()
            if condition is None:
                self.current.edges += [Edge(then.index), Edge(other.index)]
            else:
                self.condition(build_expr(condition), then, other)
            self.current = then
            consequence = link.child_by_field_name("consequence")
            if consequence is not None:
                self.statement(consequence)
            self.jump(join)
            self.current = other
            clause = link.child_by_field_name("alternative")
            link = None
            for child in clause.named_children if clause is not None else ():
                if child.type == "if_statement" and link is None:
                    link = child
                else:
                    self.statement(child)
        self.jump(join)
        self.current = join

    def _scoped(self, node: Node, guard: Expr) -> None:
        """`scoped_guard(class, args) body`; a conditional one may skip its body."""
        after = self.new_block()
        if guard.text != "scoped_guard":
            body = self.new_block()
            self.current.edges += [Edge(body.index), Edge(after.index)]
            self.current = body
        self.step(StepKind.CALL, guard, guard)
        self.guards.append([guard])
        consequence = node.child_by_field_name("consequence")
        if consequence is not None:
            self.statement(consequence)
        self.close_scopes(len(self.guards) - 1, node)
        self.guards.pop()
        self.jump(after)
        self.current = after

    def _label_block(self, name: str) -> BasicBlock:
        if name not in self.labels:
            self.labels[name] = self.new_block()
            self.labels[name].label = name
        return self.labels[name]

    def _goto(self, node: Node) -> None:
        label = node.child_by_field_name("label")
        computed = any(child.type == "ERROR" or child.type == "*" for child in node.children)
        if label is None or computed:
            self.gap(node.start_byte, node.end_byte)
            self.jump(self.exit)
        else:
            block = self._label_block((label.text or b"").decode("utf-8", "replace"))
            self.current.edges.append(Edge(block.index, None, False, node.start_byte))
        self.stop()

    def _label(self, node: Node) -> None:
        label = node.child_by_field_name("label")
        name = (label.text or b"").decode("utf-8", "replace") if label is not None else ""
        block = self._label_block(name)
        block.loop = self.loops[-1] if self.loops else 0
        self.placed.add(name)
        self.jump(block)
        self.current = block
        for child in node.named_children:
            if label is None or child.start_byte != label.start_byte:
                self.statement(child)

    def _preproc(self, node: Node) -> None:
        """`#if` arms: one of them is compiled, the same one wherever the same condition stands."""
        join = self.new_block()
        link: Node | None = node
        while link is not None:
            head = link.child_by_field_name("condition") or link.child_by_field_name("name")
            alternative = link.child_by_field_name("alternative")
            text = preproc_test(link, head)
            if text[2] is False:  # nobody compiles it
                link = alternative
                continue
            then, other = self.new_block(), self.new_block()
            if always := text[2] or link.type == "preproc_else":
                self.jump(then)
            else:
                test = Expr(Kind.NAME, text[0], (), text[0], link.start_byte, link.start_byte + 1)
                self.current.edges += [Edge(then.index, (test, text[1])), Edge(other.index, (test, not text[1]))]
            self.current = then
            for child in link.named_children:
                if child not in (head, alternative):
                    self.statement(child)
            self.jump(join)
            if always:
                self.current = join
                return
            self.current, link = other, alternative
        self.jump(join)
        self.current = join

    def _asm(self, node: Node) -> None:
        self.current.steps.append(Step(StepKind.ASM, node.start_byte, node.end_byte))

    def _unknown(self, node: Node) -> None:
        if b"(" in (node.text or b""):
            self.gap(node.start_byte, node.end_byte)


_STATEMENTS: dict[str, Callable[[_Builder, Node], None]] = {
    "compound_statement": _Builder._compound,
    "expression_statement": _Builder._expression,
    "declaration": _Builder.declaration,
    "return_statement": _Builder._return,
    "if_statement": _Builder._if,
    "while_statement": _Builder._while,
    "for_statement": _Builder._for,
    "do_statement": _Builder._do,
    "switch_statement": _Builder._switch,
    "case_statement": _Builder._case,
    "break_statement": _Builder._break,
    "continue_statement": _Builder._continue,
    "goto_statement": _Builder._goto,
    "labeled_statement": _Builder._label,
    "preproc_if": _Builder._preproc,
    "preproc_ifdef": _Builder._preproc,
    "preproc_else": _Builder._preproc,
    "gnu_asm_expression": _Builder._asm,
    "ERROR": _Builder._unknown,
    "function_definition": _Builder._unknown,
}
