"""Loops, switches and the ways out of them: the part of the graph builder that closes circles."""

from __future__ import annotations

from tree_sitter import Node

from linter.flow.expr import build_expr
from linter.flow.lower import Lowering
from linter.flow.model import BasicBlock, Edge, Expr, Kind, Step, StepKind
from linter.syntax.model import Function
from linter.syntax.parse import macro_name


class Loops(Lowering):
    """Adds loops and switches to what expressions and conditions give."""

    def __init__(self, function: Function) -> None:
        super().__init__(function)
        self.unit = function.unit
        self.exit = self.new_block()
        self.breaks: list[tuple[BasicBlock, int]] = []
        self.continues: list[tuple[BasicBlock, int]] = []
        self.switches: list[tuple[BasicBlock, Expr, list[bool]]] = []

    def statement(self, node: Node) -> None:
        """Add one statement."""
        raise NotImplementedError

    def declaration(self, node: Node) -> None:
        """Add a declaration."""
        raise NotImplementedError

    def close_scopes(self, level: int, node: Node) -> None:
        """End every guard and cleanup variable of the scopes from `level` inwards, innermost first."""
        for scope in reversed(self.guards[level:]):
            for owner in reversed(scope):
                self.current.steps.append(Step(StepKind.SCOPE_END, node.end_byte - 1, node.end_byte, owner))

    def _while(self, node: Node) -> None:
        iterator = self.macro(node)
        condition = node.child_by_field_name("condition")
        self._loop(node, iterator, build_expr(condition) if condition is not None else None, None)

    def _for(self, node: Node) -> None:
        iterator = self.macro(node)
        initializer = node.child_by_field_name("initializer")
        if initializer is not None and iterator is None:
            if initializer.type == "declaration":
                self.declaration(initializer)
            else:
                self.emit(build_expr(initializer))
        condition = node.child_by_field_name("condition")
        update = node.child_by_field_name("update")
        self._loop(
            node,
            iterator,
            build_expr(condition) if condition is not None else None,
            build_expr(update) if update is not None else None,
        )

    def _new_loop(self) -> int:
        self.loop_count += 1
        self.loops.append(self.loop_count)
        return self.loop_count

    def _loop(self, node: Node, iterator: Expr | None, condition: Expr | None, update: Expr | None) -> None:
        loop = self._new_loop()
        head, body = self.new_block(), self.new_block()
        again = self.new_block() if update is not None and iterator is None else head
        self.loops.pop()
        after = self.new_block()
        self.loops.append(loop)
        self.jump(head)
        self.current = head
        if iterator is not None:
            self.step(StepKind.ITERATE, iterator, iterator)
            self.current.edges += [Edge(body.index, (iterator, True)), Edge(after.index, (iterator, False))]
        elif condition is None:
            self.jump(body)
        else:
            self.condition(condition, body, after)
        self._body(node, body, again, after)
        self.jump(again, back=again is head)
        if again is not head and update is not None:
            self.current = again
            self.emit(update)
            self.jump(head, back=True)
        self.loops.pop()
        self.current = after

    def _body(self, node: Node, body: BasicBlock, again: BasicBlock, after: BasicBlock) -> None:
        self.breaks.append((after, len(self.guards)))
        self.continues.append((again, len(self.guards)))
        self.current = body
        inner = node.child_by_field_name("body")
        if inner is not None:
            self.statement(inner)
        self.breaks.pop()
        self.continues.pop()

    def _do(self, node: Node) -> None:
        loop = self._new_loop()
        body, test = self.new_block(), self.new_block()
        self.loops.pop()
        after = self.new_block()
        self.loops.append(loop)
        self.jump(body)
        self._body(node, body, test, after)
        self.jump(test)
        self.current = test
        condition = node.child_by_field_name("condition")
        if condition is None:
            self.current.edges += [Edge(body.index, None, True), Edge(after.index)]
        else:
            self.condition(build_expr(condition), body, after)
        self.loops.pop()
        self.current = after

    def macro(self, node: Node) -> Expr | None:
        """The iterator or guard macro that a masked loop or if stands for, with its arguments."""
        word = macro_name(self.unit, node)
        if word is None:
            return None
        name = word.decode()
        condition = node.child_by_field_name("condition")
        args = flatten(build_expr(condition)) if condition is not None else ()
        key = f"{name}({', '.join(arg.key for arg in args)})"
        end = condition.end_byte if condition is not None else node.start_byte + len(name)
        return Expr(Kind.CALL, name, args, key, node.start_byte, end)

    def _switch(self, node: Node) -> None:
        condition, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
        if condition is None or body is None:
            self.gap(node.start_byte, node.end_byte)
            return
        subject = build_expr(condition)
        self.emit(subject)
        head, after = self.current, self.new_block()
        default = [False]
        self.switches.append((head, subject, default))
        self.breaks.append((after, len(self.guards)))
        self.stop()
        self.statement(body)
        self.jump(after)
        self.breaks.pop()
        self.switches.pop()
        if not default[0]:
            head.edges.append(Edge(after.index))
        self.current = after

    def _case(self, node: Node) -> None:
        value = node.child_by_field_name("value")
        block = self.new_block()
        self.jump(block)
        self.current = block
        if self.switches:
            head, subject, default = self.switches[-1]
            if value is None:
                default[0] = True
                head.edges.append(Edge(block.index))
            else:
                constant = build_expr(value)
                test = Expr(
                    Kind.BINARY, "==", (subject, constant), f"{subject.key} == {constant.key}",
                    node.start_byte, value.end_byte,
                )  # fmt: skip
                known = None if any(child.type == "ERROR" for child in node.children) else (test, True)
                head.edges.append(Edge(block.index, known))
        for child in node.named_children:
            if value is None or child.start_byte != value.start_byte:
                self.statement(child)

    def _break(self, node: Node) -> None:
        self._escape(self.breaks, node)

    def _continue(self, node: Node) -> None:
        self._escape(self.continues, node)

    def _escape(self, targets: list[tuple[BasicBlock, int]], node: Node) -> None:
        if not targets:  # its loop is out of sight
            self.gap(node.start_byte, node.end_byte)
            self.jump(self.exit)
        else:
            block, level = targets[-1]
            self.close_scopes(level, node)
            self.jump(block)
        self.stop()


def flatten(expr: Expr) -> tuple[Expr, ...]:
    """The operands of a comma expression, from left to right."""
    found: list[Expr] = []
    stack = [expr]
    while stack:
        top = stack.pop()
        if top.kind is Kind.OTHER and top.text == "comma_expression":
            stack.extend(reversed(top.args))
        else:
            found.append(top)
    return tuple(found)
