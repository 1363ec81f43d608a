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

_SET_TRUE = lazy(rb"(?:->|\.)(\w+)\s*=\s*(?:true|1)\s*;")
_BASES = frozenset([Kind.ADDRESS, Kind.FIELD, Kind.INDEX, Kind.DEREF])
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


def _published(
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


def _has(query: Query, names: frozenset[str]) -> bool:
    return any(each[0] in names for each in named_calls(query.function))


def _publishes(query: Query, words: OrderWords) -> bool:
    return any(words.publishes(each[0]) for each in named_calls(query.function))


def published_before_init(query: Query) -> Iterator[Answer]:
    """A lock, list, work or completion that is set up after others can already use it."""
    words = order_words(query.tables)
    if not _has(query, words.initialise) or not _publishes(query, words):
        return
    told: set[int] = set()
    for block, index, step, bases in _published(query, words, None):
        if step.expr is None or any("NO_AUTOEN" in arg.key for arg in step.expr.args):
            continue
        wanted = words.sure_of(step.expr.text)
        for later in steps_behind(query.cfg, block, index):
            if later.kind is not StepKind.CALL or later.expr is None or later.expr.text not in wanted:
                continue
            if not later.expr.args or base_name(later.expr.args[0]) not in bases or later.start < step.start:
                continue
            if later.start in told:
                break
            told.add(later.start)
            subject = query.text((later.expr.args[0].start, later.expr.args[0].end)).lstrip("&")
            names = {"CALLEE": step.expr.text, "INIT": later.expr.text, "VALUE": subject}
            yield Answer((later.start, later.end), names, [((step.start, step.end), "others can use it from here on")],
                         key=subject)  # fmt: skip
            break


def drvdata_after_register(query: Query) -> Iterator[Answer]:
    """A driver's data that are attached to the device after callbacks can already ask for them."""
    words = order_words(query.tables)
    if not _has(query, words.drvdata) or not _publishes(query, words):
        return
    for block, index, step, _ in _published(query, words, None):
        if step.expr is None:
            continue
        for later in steps_behind(query.cfg, block, index):
            if later.kind is StepKind.CALL and later.expr is not None and later.expr.text in words.drvdata:
                if len(later.expr.args) < 2 or integer(later.expr.args[1]) == 0 or later.start < step.start:
                    continue
                names = {"CALLEE": step.expr.text, "INIT": later.expr.text}
                label = ((step.start, step.end), "callbacks may run from here on")
                yield Answer((later.start, later.end), names, [label], key=later.expr.text)
                return


def irq_early(query: Query) -> Iterator[Answer]:
    """An interrupt that is requested before what its handler works with is there."""
    words = order_words(query.tables)
    if not _has(query, words.irq):
        return
    for block, index, step, _ in _published(query, words, words.irq):
        if step.expr is None or not step.expr.args or any("NO_AUTOEN" in arg.key for arg in step.expr.args):
            continue
        data = base_name(step.expr.args[-1])
        if data is None:
            continue
        for later in steps_behind(query.cfg, block, index):
            if (
                later.kind is not StepKind.ASSIGN
                or later.target is None
                or later.expr is None
                or later.start < step.start
            ):
                continue
            acquired = later.expr.kind is Kind.CALL and _ACQUIRES.search(later.expr.text) is not None
            if acquired and later.target.kind is Kind.FIELD and base_name(later.target) == data:
                names = {"CALLEE": step.expr.text, "VALUE": query.text((later.target.start, later.target.end))}
                label = ((step.start, step.end), "the handler may run from here on")
                yield Answer((later.start, later.end), names, [label], key=later.target.key)
                break


_ACQUIRES = lazy(r"ioremap|_get$|_get_|_register|_alloc|alloc_|kzalloc|kmalloc|kcalloc|create")


def get_before_create(query: Query) -> Iterator[Answer]:
    """A descriptor that user space can use before the references that it needs are taken."""
    words = order_words(query.tables)
    if not _has(query, words.exposes_fd):
        return
    for block, index, step, _ in _published(query, words, words.exposes_fd):
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
    if not _has(query, words.sysfs_late) or not _has(query, words.adds_device):
        return
    for block, index, step, bases in _published(query, words, words.adds_device):
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
            if failed is not None and failed.expr is not None and _announces(announced, failed.expr.text):
                names = {"VALUE": query.text((step.target.start, step.target.end)), "CALLEE": failed.expr.text}
                labels = [((failed.start, failed.end), "can still fail, and the flag stays set")]
                yield Answer((step.start, step.end), names, labels, key=step.target.key)


def _announces(words: list[str], callee: str) -> bool:
    """Whether a flag's words are about what a callee does: `be_alloc` and alloc_pages(), `enabled` and clk_enable()."""
    return any(word[: max(4, len(word) - 3)] in callee for word in words)


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
