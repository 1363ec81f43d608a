"""Questions about releases where a function fails: of what was never got, and members that keep a stale pointer."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from linter.detect.calls import called_names
from linter.detect.pointers import null_tests
from linter.detect.questions import Answer, Query
from linter.detect.release_words import ReleaseWords, argument, names_any, release_words, root
from linter.flow.build import build_cfg
from linter.flow.expr import is_error_constant
from linter.flow.facts import ERROR, NEGATIVE, POSITIVE, ZERO, Facts
from linter.flow.known import facts_before, run_block, settle
from linter.flow.model import BasicBlock, Cfg, Expr, Kind, Step, StepKind
from linter.pattern import lazy

_IS_ERR = ("IS_ERR", "IS_ERR_OR_NULL")
_PLACES = frozenset({Kind.NAME, Kind.FIELD})
_TEARDOWN = lazy(
    r"(?:^|_)(?:remove|exit|free|release|shutdown|destroy|clean(?:up)?|close|disable|stop|deinit|fini|unregister|detach|"
    r"unbind|teardown|put|abort|uninit|kill|del|delete|cancel|unmap|disconnect|dtor|unprepare|unload|dealloc)(?:_|\d|s|$)"
)


def released_failed(query: Query) -> Iterator[Answer]:
    """A release that is given NULL or an error pointer because what it releases was never got."""
    words = release_words(query.tables)
    wanted = {**words.error_unsafe, **words.null_unsafe}
    if not names_any(query, wanted):
        return
    cfg = query.cfg
    told: set[int] = set()
    for test, pointer, target in _failures(cfg):
        if not any(
            (handle := argument(step, wanted)) is not None and handle.key == pointer.key
            for block in cfg.blocks for step in block.steps
        ):  # fmt: skip
            continue
        found = _first_release(cfg, words, test, pointer, target)
        if found is None or found.start in told or found.expr is None:
            continue
        told.add(found.start)
        names = {"VALUE": query.text((pointer.start, pointer.end)), "CALLEE": found.expr.text}
        label = ((pointer.start, pointer.end), "this test found that there is nothing to release")
        yield Answer((found.start, found.end), names, [label], key=pointer.key)


def _failures(cfg: Cfg) -> Iterator[tuple[tuple[Expr, bool], Expr, int]]:
    """Edges on which a pointer is known to be NULL or an error pointer: condition, pointer, target block."""
    for block in cfg.blocks:
        for edge in block.edges:
            if edge.assume is None:
                continue
            condition, held = edge.assume
            if held and condition.text in _IS_ERR and condition.args and condition.args[0].kind in _PLACES:
                yield edge.assume, condition.args[0], edge.target
    for index, pointer, null, target in null_tests(cfg):
        if null:
            edge = next(e for e in cfg.blocks[index].edges if e.target == target and e.assume is not None)
            if edge.assume is not None:
                yield edge.assume, pointer, target


def _first_release(cfg: Cfg, words: ReleaseWords, test: tuple[Expr, bool], pointer: Expr, target: int) -> Step | None:
    facts = Facts()
    facts.assume(*test)
    found: dict[int, Step] = {}

    def ends(step: Step, state: Facts) -> bool:
        mask = state.mask(pointer)
        if step.kind in (StepKind.GAP, StepKind.RETURN) or mask & POSITIVE or mask & NEGATIVE:
            return True
        if step.kind is StepKind.CALL and step.expr is not None:
            for names, bits in ((words.null_unsafe, ZERO), (words.error_unsafe, ERROR)):
                handle = argument(step, names)
                if handle is not None and mask & bits and handle.key == pointer.key:
                    found.setdefault(step.start, step)
                    return True
        return step.kind is StepKind.ITERATE

    if settle(cfg, [(target, facts)], lambda node, state: run_block(cfg, node, state, ends)) is None:
        return None
    return found[min(found)] if found else None


def dangling_member(query: Query) -> Iterator[Answer]:
    """A member that this function filled, freed because a later step failed, and left pointing at what is gone.

    Told where the branch that fails frees and returns by itself, or where other labels of the function do clear what
    they free: a function that unwinds by labels and clears nothing has a caller that expects it so.
    """
    words = release_words(query.tables)
    name = query.function.name
    if not names_any(query, words.frees) or _TEARDOWN.search(name) or name.endswith("_probe"):
        return
    cfg = query.cfg
    made = [
        step.target
        for block in cfg.blocks for step in block.steps
        if step.target is not None and step.expr is not None and step.expr.text in words.allocates
    ]  # fmt: skip
    filled = {target.key for target in made if target.kind is Kind.FIELD and target.arrow}
    if not filled:
        return
    own = {target.key for target in made}
    clears = _clears_others(cfg, words)
    told: set[str] = set()
    for block in cfg.blocks:
        for index, step in enumerate(block.steps):
            handle = argument(step, words.frees)
            if handle is None or handle.key not in filled or handle.key in told or step.expr is None:
                continue
            base = root(handle)
            if base is None or base in own or not (clears or _in_branch(query, step)):
                continue
            if not Way(cfg, handle, base, clears).fails(block.index, index) or _is_scratch(cfg, words, handle):
                continue
            if _is_null(query, block, index, handle) or _owner_goes(query, words, base):
                continue
            told.add(handle.key)
            names = {"VALUE": query.text((handle.start, handle.end)), "CALLEE": step.expr.text}
            yield Answer((step.start, step.end), names, [], key=handle.key)


def _is_null(query: Query, block: BasicBlock, index: int, handle: Expr) -> bool:
    """Whether a member is known to hold NULL where it is released."""
    facts = facts_before(query.cfg, block, index)
    return facts is not None and facts.mask(handle) == ZERO


def _owner_goes(query: Query, words: ReleaseWords, base: str) -> bool:
    """Whether a caller in sight frees the whole structure, or what it is a part of."""
    name, parameters = query.function.name, query.cfg.parameters
    if base not in parameters or not name:
        return False
    index = parameters.index(base)
    for caller in query.unit.functions:
        if caller is query.function or name not in called_names(caller):
            continue
        steps = [step for block in build_cfg(caller).blocks for step in block.steps]
        calls = [step.expr for step in steps if step.kind is StepKind.CALL and step.expr is not None]
        owners = {root(call.args[index]) for call in calls if call.text == name and index < len(call.args)}
        for step in steps:  # `priv = netdev_priv(ndev)`
            if step.target is not None and step.target.key in owners and step.expr is not None:
                owners |= {root(arg) for arg in step.expr.args} if step.expr.kind is Kind.CALL else {root(step.expr)}
        for step in steps:
            handle = argument(step, words.frees)
            if handle is not None and handle.kind is Kind.NAME and handle.text in owners:
                return True
    return False


def _in_branch(query: Query, step: Step) -> bool:
    """Whether a call stands in a branch, not at the end of the function."""
    node = query.unit.tree.root_node.descendant_for_byte_range(step.start, step.end)
    while node is not None and node.id != query.function.body.id:
        if node.type in ("if_statement", "else_clause", "case_statement"):
            return True
        node = node.parent
    return False


def _is_scratch(cfg: Cfg, words: ReleaseWords, handle: Expr) -> bool:
    """Whether the function frees the member where it succeeds, too."""
    return any(
        (other := argument(step, words.frees)) is not None and other.key == handle.key
        and not Way(cfg, handle, "", True).fails(block.index, index)
        for block in cfg.blocks
        for index, step in enumerate(block.steps)
    )  # fmt: skip


def _clears_others(cfg: Cfg, words: ReleaseWords) -> bool:
    """Whether the function sets a member to NULL right behind a call that was given it."""
    for block in cfg.blocks:
        for before, step in itertools.pairwise([each for each in block.steps if each.kind is not StepKind.USE]):
            target = step.target
            if step.kind is not StepKind.ASSIGN or target is None or target.kind is not Kind.FIELD:
                continue
            is_null = step.expr is not None and step.expr.text == "NULL"
            if is_null and before.expr is not None and any(arg.key == target.key for arg in before.expr.args):
                return True
    return False


class Way:
    """The straight way from a release to the end of the function."""

    def __init__(self, cfg: Cfg, handle: Expr, base: str, labels: bool) -> None:
        self.cfg = cfg
        self.handle = handle
        self.base = base
        self.labels = labels

    def fails(self, at: int, index: int) -> bool:
        """Whether it ends in a failure and leaves the member alone."""
        seen: set[int] = set()
        first = index + 1
        while at not in seen:
            seen.add(at)
            block = self.cfg.blocks[at]
            if block.label is not None and not self.labels:
                return False
            for step in block.steps[first:]:
                if step.kind is StepKind.RETURN:
                    return step.expr is not None and _is_failure(step.expr)
                if self._touches(step):
                    return False
            first = 0
            if len(block.edges) != 1:
                return False
            at = block.edges[0].target
        return False

    def _touches(self, step: Step) -> bool:
        if step.kind is StepKind.ASSIGN and step.target is not None:
            return step.target.key in (self.handle.key, self.base)
        if step.kind is StepKind.CALL and step.expr is not None:
            return any(arg.key == self.base for arg in step.expr.args)
        return step.kind is StepKind.GAP


def _is_failure(value: Expr) -> bool:
    return (
        is_error_constant(value)
        or value.key in ("NULL", "false", "ret", "err", "rc", "error", "r", "retval", "status", "result")
        or value.text in ("ERR_PTR", "PTR_ERR")
    )
