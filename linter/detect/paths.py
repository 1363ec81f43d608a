"""Questions about what happens to one value after a point of a control-flow graph, each answered in one walk.

A walk visits every block at most once: its cost is that of the function, however many paths there are.
"""

from __future__ import annotations

from collections.abc import Iterator

from linter.flow.model import Cfg, Expr, Kind, Step, StepKind
from linter.record import field, record

_ASSERTIONS = ("KUNIT_ASSERT_", "KUNIT_EXPECT_", "ASSERT", "VERIFY")
_SUFFIXES = ("->", ".", "[")


@record(frozen=False)
class Fate:
    """What becomes of a value after the call that gave it, on the paths where nothing has tested it yet."""

    uses: list[Step] = field(default_factory=list)  # read or written through
    passed: list[Step] = field(default_factory=list)  # handed to a call
    reads: list[Step] = field(default_factory=list)  # its value is read in some other way
    stored: list[Step] = field(default_factory=list)  # copied into something else
    tested: bool = False  # on some path
    returned: bool = False
    overwritten: Step | None = None  # on some path, before anything read it
    unknown: bool = False  # some path runs into unknown code
    leaves: bool = False  # some path reaches the end of the function


def calls_at(cfg: Cfg, start: int) -> tuple[int, int] | None:
    """Block and step of the call that begins at an offset."""
    for block in cfg.blocks:
        for index, step in enumerate(block.steps):
            if step.kind is StepKind.CALL and step.start == start:
                return block.index, index
    return None


def result_taken(cfg: Cfg, start: int) -> tuple[int, int, Step] | None:
    """Block and step behind the assignment that takes the result of the call at an offset, and that assignment."""
    found = calls_at(cfg, start)
    if found is None:
        return None
    steps = cfg.blocks[found[0]].steps
    for index in range(found[1] + 1, len(steps)):
        step = steps[index]
        if step.kind in (StepKind.ASSIGN, StepKind.DECLARE) and step.expr is not None and step.expr.start == start:
            return (found[0], index, step) if step.target is not None else None
    return None


def is_test(condition: Expr, keys: frozenset[str]) -> bool:
    """Whether a condition looks at one of the keys, and does not merely hand it to a call with further arguments."""
    stack = [condition]
    while stack:
        top = stack.pop()
        if top.key in keys:
            return True
        if top.kind is not Kind.CALL or len(top.args) == 1:
            stack.extend(top.args)
    return False


def mentions(expr: Expr | None, keys: frozenset[str], calls: bool = True) -> bool:
    """Whether one of the keys stands anywhere in an expression; with `calls` off, arguments of calls do not count."""
    stack = [expr] if expr is not None else []
    while stack:
        top = stack.pop()
        if top.key in keys:
            return True
        if calls or top.kind is not Kind.CALL:
            stack.extend(top.args)
    return False


def aliases(cfg: Cfg, key: str) -> frozenset[str]:
    """The key and whatever the function copies it to, or copies to it, anywhere."""
    found = {key}
    pairs = [
        (step.target.key, step.expr.key)
        for block in cfg.blocks
        for step in block.steps
        if step.kind in (StepKind.ASSIGN, StepKind.DECLARE) and step.target is not None and step.expr is not None
    ]
    for _ in range(2):
        for target, value in pairs:
            if value in found:
                found.add(target)
    return frozenset(found)


def is_part(key: str, base: str) -> bool:
    """Whether a key names something inside of what `base` names (`dev->priv` inside of `dev`)."""
    return key.startswith(base) and key[len(base) :].startswith(_SUFFIXES)


def overwrites(step: Step, key: str) -> bool:
    """Whether a step gives what `key` names a new value."""
    if step.kind not in (StepKind.ASSIGN, StepKind.DECLARE) or step.target is None:
        return False
    return step.target.key == key or is_part(key, step.target.key)


def fate(cfg: Cfg, block: int, index: int, key: str, testers: frozenset[str]) -> Fate:
    """Follow a value from the step after `index` until something tests, returns or replaces it."""
    found = Fate()
    keys = aliases(cfg, key)
    own = frozenset({key})
    seen = {block}
    pending = [(block, index + 1)]
    while pending:
        at, first = pending.pop()
        current = cfg.blocks[at]
        if any(_visit(found, step, key, keys, own, testers) for step in current.steps[first:]):
            continue
        for edge in current.edges:
            if edge.assume is not None and is_test(edge.assume[0], keys):
                found.tested = True
                continue
            if edge.target == cfg.exit:
                found.leaves = True
            elif edge.target not in seen:
                seen.add(edge.target)
                pending.append((edge.target, 0))
    return found


def _visit(
    found: Fate, step: Step, key: str, keys: frozenset[str], own: frozenset[str], testers: frozenset[str]
) -> bool:
    """Note what a step does with the value; True where the path needs no following."""
    kind = step.kind
    if kind is StepKind.GAP:
        found.unknown = True
        return True
    if kind is StepKind.USE and step.expr is not None and step.expr.key == key:
        found.uses.append(step)
        return True
    if kind is StepKind.CALL and step.expr is not None:
        if any(mentions(arg, keys) for arg in step.expr.args):
            if step.expr.text in testers or step.expr.text.startswith(_ASSERTIONS):
                found.tested = True
                return True
            if mentions(step.expr, own):
                found.passed.append(step)
    elif kind in (StepKind.ASSIGN, StepKind.DECLARE):
        if step.expr is not None and step.expr.kind is not Kind.CALL and mentions(step.expr, own):
            (found.stored if step.expr.key == key or _is_inside(step.expr, key) else found.reads).append(step)
        if overwrites(step, key):
            if step.op not in ("", "="):
                found.reads.append(step)
            elif not mentions(step.expr, own):
                found.overwritten = found.overwritten or step
            return True
    elif kind is StepKind.RETURN and mentions(step.expr, keys, calls=False):
        found.returned = step.expr is None or not _is_inside(step.expr, key)
        return True
    elif kind is StepKind.ITERATE and mentions(step.expr, keys):
        inside = step.expr is not None and any(_is_inside(arg, key) for arg in step.expr.args)
        (found.uses if inside else found.reads).append(step)
        return True
    return False


def _is_inside(expr: Expr, key: str) -> bool:
    """Whether an expression is the address of a member of what a pointer points to: no NULL to those who get it."""
    if expr.kind is not Kind.ADDRESS:
        return False
    place = expr.args[0]
    while place.kind in (Kind.FIELD, Kind.INDEX) and place.args:
        if place.kind is Kind.FIELD and place.arrow and place.args[0].key == key:
            return True
        place = place.args[0]
    return False


def dominating_tests(cfg: Cfg, block: int) -> Iterator[tuple[Expr, bool]]:
    """Assumptions on edges into a block that has one predecessor only, upwards."""
    predecessors = cfg.predecessors()
    seen = {block}
    while True:
        reached = [each for each in predecessors[block] if each == cfg.entry or predecessors[each]]
        if len(reached) != 1:
            return
        above = reached[0]
        for edge in cfg.blocks[above].edges:
            if edge.target == block and edge.assume is not None:
                yield edge.assume
        if above in seen:
            return
        seen.add(above)
        block = above


def tested_if_wanted(cfg: Cfg, keys: frozenset[str], call: Expr, end: int) -> bool:
    """Whether the value is tested where anything was asked for: `if (count && !p)` behind `p = kcalloc(count, ...)`."""
    asked = [arg.key for arg in call.args if arg.kind in (Kind.NAME, Kind.FIELD)]
    for block in cfg.blocks:
        tests = [edge for edge in block.edges if edge.assume is not None and is_test(edge.assume[0], keys)]
        if len(tests) != 2 or not any(call.start < edge.assume[0].start < end for edge in tests if edge.assume):
            continue
        around = {edge.target for edge in tests}
        for other in cfg.blocks:
            goes = {edge.target for edge in other.edges if edge.assume and mentions_any(edge.assume[0], asked)}
            if block.index in goes and goes & around:
                return True
    return False


def mentions_any(expr: Expr, keys: list[str]) -> bool:
    """Whether a condition is about one of these, itself or compared."""
    return expr.key in keys or any(arg.key in keys for arg in expr.args)
