"""What user space chose: followed from a handler's parameters and the copies from user space through assignments and
calls; flow-insensitive, within one function.

What a call returns is chosen where its arguments are, but not by calls that fail for want of memory or because of the
hardware: user space cannot make them fail at will.
"""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from linter.detect.contexts import Reach
from linter.detect.questions import Query
from linter.flow.model import Expr, Kind, StepKind
from linter.pattern import compiled
from linter.rulebook.model import Tables

_NAMES = frozenset({"identifier", "type_identifier"})  # `sizeof(x)` and casts are read as types
_STORES = (StepKind.ASSIGN, StepKind.DECLARE)


def tainted(query: Query, reach: Reach, calls: bool = True) -> frozenset[str]:
    """Names in a function whose value user space chose; with `calls` off, what other functions, or the tables
    of the kernel, make of it is not."""
    cache, key = query.unit.cache, ("reach.tainted", query.function.span.start, calls)
    if key not in cache:
        cache[key] = _spread(query, reach, calls)
    found: frozenset[str] = cache[key]
    return found


def _spread(query: Query, reach: Reach, calls: bool) -> frozenset[str]:
    cfg, lucky = query.cfg, _fails_by_itself(query.tables)
    copies = frozenset(query.tables["contexts"]["copies-in"].split())
    names = set(reach.inputs)
    for _ in range(3):
        before = len(names)
        for block in cfg.blocks:
            for step in block.steps:
                if step.kind is StepKind.CALL and step.expr is not None:
                    args = step.expr.args
                    given = step.expr.text in copies or (calls and _is_tainted(step.expr, names, lucky))
                    if step.expr.text in copies and args:
                        names |= _base(args[0])
                    if given:
                        names |= {name for arg in args if arg.kind is Kind.ADDRESS for name in _base(arg)}
                elif step.kind in _STORES and step.target is not None:
                    value = step.expr
                    if value is None:
                        continue
                    called = value.kind is Kind.CALL
                    chosen = value.text in copies if called and not calls else _is_tainted(value, names, lucky, calls)
                    if (chosen or (called and value.text in copies)) and step.target.kind is Kind.NAME:
                        names |= _base(step.target)
        if len(names) == before:
            break
    return frozenset(names)


def _base(expr: Expr) -> set[str]:
    """The variable that an lvalue or pointer starts from."""
    while expr.args and expr.kind in (Kind.ADDRESS, Kind.FIELD, Kind.INDEX, Kind.DEREF):
        expr = expr.args[0]
    return {expr.text} if expr.kind is Kind.NAME else set()


def _is_tainted(
    expr: Expr, names: set[str] | frozenset[str], lucky: Callable[[str, list[str]], bool], indices: bool = True
) -> bool:
    stack = [expr]
    while stack:
        top = stack.pop()
        if top.kind is Kind.NAME and top.text in names:
            return True
        if top.kind is Kind.INDEX and not indices:
            stack.append(top.args[0])  # who picks an entry did not fill it
        elif top.kind is not Kind.CALL or not lucky(top.text, [arg.key for arg in top.args]):
            stack.extend(top.args)
    return False


def chosen_in(query: Query, condition: Node, names: frozenset[str]) -> bool:
    """Whether a name of `names` decides a condition, and not merely the arguments of a call that fails by itself."""
    lucky = _fails_by_itself(query.tables)
    stack = [condition]
    while stack:
        node = stack.pop()
        if node.type in _NAMES:
            name = (node.text or b"").decode("utf-8", "replace")
            own = _is_looked_into(node) or not _is_kept(query, name)
            if name in names and own and _is_chosen_last(query, name, names, condition.end_byte):
                return True
        if node.type == "call_expression":
            function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
            if function is not None and arguments is not None:
                given = [(each.text or b"").decode("utf-8", "replace") for each in arguments.named_children]
                if lucky((function.text or b"").decode("utf-8", "replace"), given):
                    continue
        stack.extend(node.named_children)
    return False


def _is_looked_into(node: Node) -> bool:
    """Whether a condition is about what a pointer leads to, not about the pointer."""
    return node.parent is not None and node.parent.type in ("field_expression", "subscript_expression")


def _is_kept(query: Query, name: str) -> bool:
    """Whether a pointer is what the driver left in the file: user space fills what it leads to, no more."""
    return any(
        step.target is not None and step.target.key == name and step.expr is not None
        and step.expr.kind is Kind.FIELD and step.expr.text == "private_data"
        for block in query.cfg.blocks for step in block.steps if step.kind in _STORES
    )  # fmt: skip


def _is_chosen_last(query: Query, name: str, names: frozenset[str], end: int) -> bool:
    """Whether the call whose result a name took last before an offset, if any, makes its result of what was chosen."""
    lucky, copies = _fails_by_itself(query.tables), query.tables["contexts"]["copies-in"].split()
    last, chosen = -1, True
    for block in query.cfg.blocks:
        for step in block.steps:
            call = step.expr
            if not last < step.start < end or call is None or call.kind is not Kind.CALL:
                continue
            if step.kind is StepKind.CALL and any(arg.kind is Kind.ADDRESS and name in _base(arg) for arg in call.args):
                last, chosen = step.start, True
            elif step.target is not None and step.target.key == name and step.op in ("", "=") and step.kind in _STORES:
                last, chosen = step.start, call.text in copies or _is_tainted(call, names, lucky)
    return chosen


def _fails_by_itself(tables: Tables) -> Callable[[str, list[str]], bool]:
    """Tells calls, by name and arguments, that fail for want of memory, because of the hardware, or out of sight."""
    return tables.derived("contexts.lucky", _build)


def _build(tables: Tables) -> Callable[[str, list[str]], bool]:
    table = tables["contexts"]
    own, choice, lookups, copies = (
        frozenset(table[key].split()) for key in ("fails-by-itself", "told-by-choice", "looks-up-words", "copies-in")
    )
    key = compiled(table["looks-up-keys"])

    def lucky(callee: str, arguments: list[str]) -> bool:
        if not callee.isidentifier():
            # by pointer: what it does is not in sight, but what is handed a whole request answers to that
            return not any(argument.startswith("&") for argument in arguments)
        words = frozenset(callee.split("_"))
        if words & choice or callee in copies or callee.isupper():
            return False
        if words & lookups and any(key.search(argument) and not argument.startswith("&") for argument in arguments):
            return False
        return bool(words & own) or any(word.endswith("alloc") for word in words)

    return lucky
