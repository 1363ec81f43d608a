"""Questions about the order of steps: what was made public before it was ready, and pointers tested after their use."""

from __future__ import annotations

from collections.abc import Iterator

from linter.detect.calls import clean_text, named_calls
from linter.detect.order_words import OrderWords, order_words
from linter.detect.paths import overwrites
from linter.detect.questions import Answer, Query
from linter.flow.expr import integer, is_error_constant
from linter.flow.model import Cfg, Expr, Kind, Step, StepKind
from linter.pattern import lazy
from linter.syntax.model import GAP

_SET_TRUE = lazy(rb"(?:->|\.)(\w+)\s*=\s*(?:true|1)\s*;")
_BASES = frozenset([Kind.ADDRESS, Kind.FIELD, Kind.INDEX, Kind.DEREF])
_FILLERS = frozenset({"be", "is", "has", "was", "been", "hw", "dev", "already", "all"})
_LEFT = lazy(
    rb"\breturn\s+(?:ret|err|error|rc|res|r|retval|rv|status|result|(?:PTR_ERR|dev_err_probe)\([^;]*\))\s*;\s*\}?\s*$"
    rb"|\belse\s*\{?\s*$|\bif\s*\(\s*!\s*\w+\s*\)\s*\{?\s*$"
)
_ERROR_NAMES = lazy(r"^(?:ret|err|error|rc|res|r|retval|rv|status|result)$")


def base_name(expr: Expr) -> str | None:
    """The variable that an argument starts from."""
    while expr.args and expr.kind in _BASES:
        expr = expr.args[0]
    return expr.text if expr.kind is Kind.NAME else None


def steps_behind(cfg: Cfg, block: int, index: int) -> Iterator[Step]:
    """Steps that can run after a call that succeeded: branches that its failure takes are left out, gaps end a path."""
    seen = {block}
    pending = [(block, index + 1)]
    target = cfg.blocks[block].steps[index].target
    while pending:
        at, first = pending.pop()
        stopped = False
        for step in cfg.blocks[at].steps[first:]:
            if step.kind is StepKind.GAP:
                stopped = True
                break
            yield step
        if stopped:
            continue
        for edge in cfg.blocks[at].edges:
            if edge.target in seen or edge.back or edge.target == cfg.exit:
                continue
            if edge.assume is not None and target is not None and assumes_failure(edge.assume, target.key):
                continue
            seen.add(edge.target)
            pending.append((edge.target, 0))


def assumes_failure(assume: tuple[Expr, bool], key: str) -> bool:
    """Whether an edge is taken where the value behind `key` says that the call failed."""
    condition, holds = assume
    if condition.kind is Kind.CALL and condition.text.startswith("IS_ERR") and condition.args:
        return holds and condition.args[0].key == key
    if condition.key == key:
        return holds and _ERROR_NAMES.match(key) is not None
    if condition.kind is Kind.BINARY and condition.args[0].key == key and integer(condition.args[1]) == 0:
        return holds if condition.text in ("<", "!=") else not holds if condition.text in (">=", "==") else False
    return False


def published(
    query: Query, names: OrderWords, wanted: frozenset[str] | None
) -> Iterator[tuple[int, int, Step, set[str]]]:
    """Calls that publish something: block, step and the variables that they are given."""
    cfg = query.cfg
    for block in cfg.blocks:
        for index, step in enumerate(block.steps):
            if step.kind is not StepKind.CALL or step.expr is None:
                continue
            name = step.expr.text
            if name not in wanted if wanted is not None else not names.publishes(name):
                continue
            bases = {base_name(arg) for arg in step.expr.args} - {None}
            if bases:
                yield block.index, index, step, {base for base in bases if base is not None}


def has(query: Query, names: frozenset[str]) -> bool:
    return any(each[0] in names for each in named_calls(query.function))


def get_before_create(query: Query) -> Iterator[Answer]:
    """A descriptor that user space can use before the references that it needs are taken."""
    words = order_words(query.tables)
    if not has(query, words.exposes_fd):
        return
    for block, index, step, _ in published(query, words, words.exposes_fd):
        if step.expr is None:
            continue
        for later in steps_behind(query.cfg, block, index):
            if later.kind is not StepKind.CALL or later.expr is None or later.start < step.start:
                continue
            if words.get_words & set(later.expr.text.split("_")) and later.target is not None:
                names = {"CALLEE": step.expr.text, "GET": later.expr.text}
                label = ((later.start, later.end), "can still fail, after user space has the descriptor")
                yield Answer((step.start, step.end), names, [label], key=later.expr.text)
                break


def sysfs_after_add(query: Query) -> Iterator[Answer]:
    """Attributes that are created after user space was told of the device."""
    words = order_words(query.tables)
    if not has(query, words.sysfs_late) or not has(query, words.adds_device):
        return
    for block, index, step, bases in published(query, words, words.adds_device):
        if step.expr is None:
            continue
        for later in steps_behind(query.cfg, block, index):
            if later.kind is not StepKind.CALL or later.expr is None or later.expr.text not in words.sysfs_late:
                continue
            if later.expr.args and base_name(later.expr.args[0]) in bases and later.start > step.start:
                names = {"CALLEE": step.expr.text, "ATTRIBUTE": later.expr.text}
                yield Answer(
                    (later.start, later.end), names, [((step.start, step.end), "announced here")], key=later.expr.text
                )
                return


def flag_before_success(query: Query) -> Iterator[Answer]:
    """A flag that says a step is done, set before the step, and left set when the step fails."""
    words = order_words(query.tables)
    text = clean_text(query.unit)
    set_here = _SET_TRUE.finditer(text, query.function.body.start_byte, query.function.body.end_byte)
    if not any(words.state_words & set(match[1].decode().split("_")) for match in set_here):
        return
    cfg = query.cfg
    for block in cfg.blocks:
        for index, step in enumerate(block.steps):
            if step.kind is not StepKind.ASSIGN or step.target is None or step.expr is None or step.op != "=":
                continue
            if step.target.kind is not Kind.FIELD or step.expr.text not in ("true", "1"):
                continue
            announced = [word for word in step.target.text.split("_") if word in words.state_words]
            if not announced:
                continue
            failed = _failing_step(cfg, block.index, index, step.target.key)
            if failed is None or failed.expr is None or not _announces(announced, failed.expr.text):
                continue
            if _is_about(query, step.target.text, failed.expr, words.state_words) and not _has_succeeded(
                query, step, announced
            ):
                names = {"VALUE": query.text((step.target.start, step.target.end)), "CALLEE": failed.expr.text}
                labels = [((failed.start, failed.end), "can still fail, and the flag stays set")]
                yield Answer((step.start, step.end), names, labels, key=step.target.key)


def _announces(words: list[str], callee: str) -> bool:
    """Whether a flag's words are about what a callee does: `be_alloc` and alloc_pages(), `enabled` and clk_enable()."""
    return any(word[: max(4, len(word) - 3)] in callee for word in words)


def _is_about(query: Query, flag: str, call: Expr, state_words: frozenset[str]) -> bool:
    """Whether what a flag names besides the state is what a call works on: `dma_enabled` is not about a clock."""
    about = [word for word in flag.split("_") if word not in state_words and word not in _FILLERS]
    near = " ".join([query.function.name, call.text, *(arg.key for arg in call.args)])
    return all(word in near for word in about)


def _has_succeeded(query: Query, step: Step, announced: list[str]) -> bool:
    """Whether a flag stands right behind the test of an earlier step, which is what it announces."""
    text = clean_text(query.unit)[query.function.body.start_byte : step.start]
    if not _LEFT.search(text[-200:]):
        return False
    tested = [
        other
        for block in query.cfg.blocks
        for other in block.steps
        if other.kind is StepKind.CALL and other.target is not None and other.start < step.start
    ]
    last = max(tested, key=lambda other: other.start, default=None)
    if last is None or last.expr is None or GAP in text[last.end - query.function.body.start_byte :]:
        return True  # what was tested is out of sight
    return _announces(announced, last.expr.text)


def _failing_step(cfg: Cfg, block: int, index: int, key: str) -> Step | None:
    """The first call behind a flag whose failure leaves the function with the flag still set."""
    seen = {block}
    pending = [(block, index + 1)]
    while pending:
        at, first = pending.pop()
        current = cfg.blocks[at]
        last: Step | None = None
        for step in current.steps[first:]:
            if step.kind is StepKind.GAP or overwrites(step, key):
                last = None
                break
            if step.kind is StepKind.CALL and step.target is not None:
                last = step
        else:
            for edge in current.edges:
                if edge.assume is not None and last is not None and last.target is not None:
                    failing = assumes_failure(edge.assume, last.target.key) or _is_null_branch(
                        edge.assume, last.target.key
                    )
                    if failing and _leaves_set(cfg, edge.target, key):
                        return last
                    if failing:
                        continue
                if edge.target not in seen and not edge.back:
                    seen.add(edge.target)
                    pending.append((edge.target, 0))
    return None


def _is_null_branch(assume: tuple[Expr, bool], key: str) -> bool:
    condition, holds = assume
    return condition.key == key and not holds and _ERROR_NAMES.match(key) is None


def _leaves_set(cfg: Cfg, block: int, key: str) -> bool:
    """Whether a branch leaves the function with an error while `key` keeps its value."""
    seen: set[int] = set()
    while block not in seen:
        seen.add(block)
        for step in cfg.blocks[block].steps:
            if step.kind is StepKind.GAP or overwrites(step, key):
                return False
            if step.kind is StepKind.CALL and step.expr is not None and _RELEASES.search(step.expr.text):
                return False  # the object may be gone
            if step.kind is StepKind.RETURN:
                return step.expr is not None and _is_error(step.expr)
        edges = cfg.blocks[block].edges
        if len(edges) != 1:
            return False
        block = edges[0].target
    return False


_RELEASES = lazy(r"free|put|destroy|release|cleanup|deinit|fini|uninit|unregister|teardown|disable|stop")


def _is_error(expr: Expr) -> bool:
    if is_error_constant(expr) or (expr.kind is Kind.CALL and expr.text in ("ERR_PTR", "PTR_ERR", "ERR_CAST")):
        return True
    return _ERROR_NAMES.match(expr.key) is not None or expr.key == "NULL"
