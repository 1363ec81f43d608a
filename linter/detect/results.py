"""Questions about results that nobody looked at: dropped, used before a test, overwritten unread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tree_sitter import Node

from linter.detect.calls import CallSite, call_node, call_sites
from linter.detect.paths import Fate, aliases, fate, is_test, mentions, result_taken, tested_if_wanted
from linter.detect.questions import Answer, Query
from linter.detect.returns import Conventions, conventions
from linter.flow.model import Cfg, Expr, Kind, Step, StepKind
from linter.memory import Memo
from linter.pattern import lazy
from linter.rulebook.model import Confidence, Severity
from linter.syntax.model import Function

TEARDOWN = lazy(
    r"(?:^|_)(?:remove|exit|free|release|shutdown|destroy|clean(?:up)?|close|disable|stop|deinit|fini|unregister|detach|"
    r"unbind|teardown|put|abort|rollback|unwind|undo|unload|deactivate|uninit|kill|drop|del|delete|cancel|off|down|"
    r"unmap|disconnect|dtor|dump|debug|show|poweroff|halt|panic|fail|failed|err|error|recover|recovery|restore|flush)"
    r"(?:_|\d|$)"
)
"""Words in the name of a function that undoes things: it goes on whatever fails."""
UNDOES = lazy(
    r"(?:^|_)(?:remove|exit|free|release|shutdown|destroy|cleanup|close|disable|stop|deinit|fini|unregister|detach|unbind|"
    r"teardown|put|abort|unwind|uninit|kill|drop|del|delete|cancel|off|unmap|disconnect|flush|clear|reset|unlink|unlock|"
    r"restore|suspend|invalidate|sync|notify|wake|dump|log|print|trace|halt|poweroff|deactivate|rollback|undo)(?:_|\d|$)"
)
"""Words in the name of a callee whose failure leaves nothing to do."""
_ERROR_LABEL = lazy(
    r"^(?:\w*_)?(?:err|error|fail|unwind|undo|rollback|abort|bail|free|cleanup)\w*$"
    r"|^(?:put|unlock|disable|unmap|release|destroy)\w*$"
)
_COMPARISONS = frozenset(["==", "!=", "<", ">", "<=", ">=", "&&", "||"])
_NOFAIL = b"__GFP_NOFAIL"


class _Taken:
    """Names of functions whose result has to be looked at, in one way or another."""

    def __init__(self, known: Conventions) -> None:
        self.known = known
        self.answers: Memo[str, bool] = Memo()

    def __contains__(self, name: str) -> bool:
        answer = self.answers.get(name)
        if answer is None:
            known = self.known
            answer = name in known.null or name in known.errptr or name in known.either or name in known.fallible
            self.answers[name] = answer
        return answer


def sites(query: Query) -> list[CallSite]:
    """The calls whose convention is known, found once a function."""
    cache, key = query.unit.cache, ("results.sites", query.function.span.start)
    if key not in cache:
        known = conventions(query.tables)
        taken = query.tables.derived("results.taken", lambda tables: _Taken(conventions(tables)))
        cache[key] = list(call_sites(query.function, known.fallible, taken))
    found: list[CallSite] = cache[key]
    return found


def unchecked_result(query: Query) -> Iterator[Answer]:
    """A fallible call whose result is dropped where success goes on."""
    known = conventions(query.tables)
    function = query.function
    if TEARDOWN.search(function.name):
        return
    for site in sites(query):
        if site.use != "drop" or site.name not in known.must or site.name in known.read_for_effect:
            continue
        name = site.name
        if (site.name not in known.forgotten and UNDOES.search(name)) or on_error_path(function, site.start):
            continue
        node = call_node(function, site)
        if node is None or node.parent is None or node.parent.type != "expression_statement":
            continue
        confidence = result_confidence(query, site, known)
        yield Answer((site.start, site.end), {"CALLEE": name}, key=name, confidence=confidence)


def result_confidence(query: Query, site: CallSite, known: Conventions) -> Confidence:
    """How sure it is that dropping this result is a mistake here."""
    returns_void = query.cfg.returns.split()[-1:] == ["void"]
    if site.name in known.must_strong and not returns_void:
        return Confidence.HIGH
    return Confidence.LOW if returns_void else Confidence.MEDIUM


def on_error_path(function: Function, at: int) -> bool:
    """Whether a place stands behind an error label, or in a branch that handles a failure and leaves."""
    node: Node | None = function.unit.tree.root_node.descendant_for_byte_range(at, at + 1)
    while node is not None and node.id != function.body.id:
        parent = node.parent
        if parent is None:
            return False
        if parent.type == "compound_statement" and parent.id == function.body.id:
            before: Node | None = node
            while before is not None:
                if before.type == "labeled_statement":
                    label = before.child_by_field_name("label")
                    if label is not None and _ERROR_LABEL.match((label.text or b"").decode("utf-8", "replace")):
                        return True
                before = before.prev_named_sibling
        if parent.type == "if_statement" and node.start_byte > parent.start_byte + 2:
            condition = parent.child_by_field_name("condition")
            if condition is not None and node.id != condition.id and _leaves_with_error(node):
                return True
        node = parent
    return False


_LEAVES_WITH_ERROR = lazy(
    rb"(?:\breturn\s+(?:-E[A-Z]|-1\b|ret\b|err\b|rc\b|error\b|retval\b|status\b|ERR_PTR|PTR_ERR|ERR_CAST|NULL|false|dev_err_probe)"
    rb"|\bgoto\s+\w*(?:err|fail|unwind|abort|bail|free|cleanup|undo)\w*)[^;{}]*;\s*\}?\s*$"
)


def _leaves_with_error(node: Node) -> bool:
    return _LEAVES_WITH_ERROR.search((node.text or b"")[-160:]) is not None


def unchecked_pointer(query: Query) -> Iterator[Answer]:
    """A result that may be NULL or an ERR_PTR, read or written through before any test."""
    known = conventions(query.tables)
    for site in sites(query):
        if site.use not in ("dereference", "use", "unread") or site.target is None:
            continue
        wanted = query.block.get("convention", "null")
        either = wanted != "null" and site.name in known.either
        if not either and site.name not in (known.null if wanted == "null" else known.errptr):
            continue
        if _NOFAIL in query.unit.text[site.start : site.end]:
            continue
        yield from _judge_pointer(query, site, known)


def _judge_pointer(query: Query, site: CallSite, known: Conventions) -> Iterator[Answer]:
    cfg = query.cfg
    taken = result_taken(cfg, site.start)
    if taken is None or taken[2].target is None:
        return
    key = taken[2].target.key
    seen = fate(cfg, taken[0], taken[1], key, known.tests)
    name = site.name
    names = {"CALLEE": name, "VALUE": site.target or key}
    label = ((site.start, site.end), "may fail here")
    through = [step for step in seen.passed if name in known.null and _reads_through(step, key, known)]
    if through and not seen.uses:
        seen.uses.append(through[0])
    if seen.uses and name not in known.either:
        sure = site.name in known.allocations or site.name in known.errptr_sure
        use = min(seen.uses, key=lambda each: each.start if each.start > site.start else 1 << 60)
        if taken[2].expr is not None and tested_if_wanted(cfg, aliases(cfg, key), taken[2].expr, use.start):
            return
        severity = None if sure else Severity.WARNING
        yield Answer((use.start, use.end), names, [label], key=key, severity=severity)
        return
    sure = name in known.allocations or name in known.errptr_sure or name in known.either
    if query.block.get("untested", False) and sure and _never_tested(cfg, seen, key, known, name):
        # nothing shows that it is read through: a warning
        yield Answer((site.start, site.end), names, key=key, confidence=Confidence.MEDIUM, severity=Severity.WARNING)


def _reads_through(step: Step, key: str, known: Conventions) -> bool:
    """Whether a step hands a pointer to a call that reads or writes through its first argument."""
    call = step.expr
    return call is not None and call.text in known.reads_first and bool(call.args) and call.args[0].key == key


def _never_tested(cfg: Cfg, seen: Fate, key: str, known: Conventions, name: str) -> bool:
    """Whether the function goes on with the value as if it were good, and no condition ever looks at it."""
    if seen.tested or seen.unknown or seen.overwritten or cfg.has_gap or _is_shared_element(cfg, key):
        return False
    if seen.returned and not any(step.expr is not None and step.expr.text in known.reads for step in seen.passed):
        return False
    if name in known.errptr and _is_handed_on(cfg, seen):
        return False
    harmless = known.null_safe | known.tests
    passed = [step for step in seen.passed if step.expr is not None and step.expr.text not in harmless]
    local = key in cfg.locals
    if local and not passed and not seen.stored:
        return False
    keys = aliases(cfg, key)
    tails = frozenset() if local else _tails(keys)
    for block in cfg.blocks:
        for edge in block.edges:
            if edge.assume is None:
                continue
            if is_test(edge.assume[0], keys) or (tails and _names_field(edge.assume[0], tails)):
                return False
        if any(_is_tester(step, keys, known) for step in block.steps):
            return False
    return True


def _is_handed_on(cfg: Cfg, seen: Fate) -> bool:
    """Whether the function ends in a call that is given the value, as bus drivers do: that one tests it for all."""
    tails = {
        step.expr.start
        for block in cfg.blocks
        for step in block.steps
        if step.kind is StepKind.RETURN and step.expr is not None and step.expr.kind is Kind.CALL
    }
    return any(step.expr is not None and step.expr.start in tails for step in seen.passed)


def _is_shared_element(cfg: Cfg, key: str) -> bool:
    """Whether a value is an element of a local array that is handed on whole, or tested by another index."""
    base, bracket, _ = key.partition("[")
    if not bracket or not key.endswith("]") or base not in cfg.locals:
        return False
    whole = frozenset({base})
    return any(
        edge.assume is not None and mentions(edge.assume[0], whole) for block in cfg.blocks for edge in block.edges
    ) or any(
        step.kind is StepKind.CALL and step.expr is not None and any(arg.key == base for arg in step.expr.args)
        for block in cfg.blocks
        for step in block.steps
    )


def _is_tester(step: Step, keys: frozenset[str], known: Conventions) -> bool:
    if step.kind is not StepKind.CALL or step.expr is None or step.expr.text not in known.tests:
        return False
    return any(mentions(arg, keys) for arg in step.expr.args)


_MEMBER = lazy(r"(?:->|\.)")
_INDEX = lazy(r"\[[^\]]*\]")


def _tails(keys: frozenset[str]) -> frozenset[tuple[str, str]]:
    """The last member of each key, with the one before it (or nothing): `codec->name` is not `platform->name`."""
    found = set()
    for key in keys:
        parts = _MEMBER.split(_INDEX.sub("", key))
        found.add((parts[-2] if len(parts) > 2 else "", parts[-1]))
    return frozenset(found)


def _names_field(expr: Expr, tails: frozenset[tuple[str, str]]) -> bool:
    """Whether a member of that name is read, of the same thing or of something that may be another name for it."""
    stack = [expr]
    while stack:
        top = stack.pop()
        if top.kind is Kind.FIELD:
            base = top.args[0] if top.args else None
            while base is not None and base.kind is Kind.INDEX and base.args:
                base = base.args[0]
            before = base.text if base is not None and base.kind is Kind.FIELD else ""
            if any(top.text == name and (not before or not owner or before == owner) for owner, name in tails):
                return True
        stack.extend(top.args)
    return False


def value_before_test(query: Query) -> Iterator[Answer]:
    """A result that may be negative, used in arithmetic or as an index before any test."""
    known = conventions(query.tables)
    for site in sites(query):
        if site.use not in ("use", "unread") or site.name not in known.negative or site.target is None:
            continue
        cfg = query.cfg
        taken = result_taken(cfg, site.start)
        if taken is None or taken[2].target is None:
            continue
        key = taken[2].target.key
        is_irq = site.name in known.irq_number
        if not is_irq and taken[2].target.kind is not Kind.NAME:
            continue
        seen = fate(cfg, taken[0], taken[1], key, known.tests)
        if seen.returned and not seen.reads:
            continue
        requests = [step for step in seen.passed if is_irq and _takes_irq(step, key, known)]
        for use in [*requests, *_arithmetic(seen.reads if taken[2].target.kind is Kind.NAME else [], key)]:
            names = {"CALLEE": site.name, "VALUE": key}
            mild = Severity.INFO if use in requests else None  # the request fails, too, with another code
            label = ((site.start, site.end), "negative on failure")
            yield Answer((use.start, use.end), names, [label], key=key, severity=mild)
            break


def _takes_irq(step: Step, key: str, known: Conventions) -> bool:
    """Whether a step hands a value to a call as an interrupt number."""
    call = step.expr
    at = known.irq_takers.get(call.text, -1) if call is not None else -1
    return call is not None and 0 <= at < len(call.args) and call.args[at].key == key


def _arithmetic(steps: Iterable[Step], key: str) -> Iterator[Step]:
    for step in steps:
        if step.target is not None and step.target.key == key and step.op not in ("", "="):
            yield step
            continue
        stack = [step.expr] if step.expr is not None else []
        while stack:
            top = stack.pop()
            counts = top.kind is Kind.INDEX or (top.kind is Kind.BINARY and top.text not in _COMPARISONS)
            if counts and any(arg.key == key for arg in top.args):
                yield step
                break
            stack.extend(top.args)
