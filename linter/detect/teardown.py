"""The engine `teardown`: what one function of a file sets up, held against the function that has to undo it.

    teardown:
      report: never-released
      message: "`$VALUE` of $CALLEE() is given back where $SETUP() fails, and not in $UNDO()"

It speaks only of files that are seen whole: what is out of sight may well release. Which functions mirror each other
and what undoes a call is data: the tables `resources` and `teardown`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from linter.detect import teardown_stop
from linter.detect.calls import clean_text
from linter.detect.publish_words import publish_words
from linter.detect.questions import Answer, Query, Question, QuestionEngine
from linter.detect.typestate_tables import MANAGED, RETURN, Family, Knowledge, knowledge
from linter.flow.build import build_cfg
from linter.flow.expr import integer
from linter.flow.model import Cfg, Expr, Kind, Step, StepKind
from linter.record import record
from linter.rulebook.model import Rule, Tables
from linter.syntax.model import Function

_KINDS = frozenset({"object", "enable", "registration", "mapping", "handle", "memory", "count", "reference"})
_OTHERS = ("drm_",)
"""What these set up is taken down by a core that keeps a list of it."""
_LETS_IN = frozenset({"interrupts", "core", "device"})
_APART = frozenset({"registration", "weak-registration", "handler", "acpi", "count", "reference"})
"""They let others in themselves, or hold what others hold, too: their place is no matter of what uses what."""


@record
class Held:
    """Something that a function acquires and still holds where it succeeds."""

    step: Step
    family: Family
    handle: str  # the handle's key
    member: str  # the member that keeps it; "" where it is kept otherwise


def calls_of(function: Function) -> list[Step]:
    """The calls of a function in the order of the text."""
    cache, key = function.unit.cache, ("teardown.calls", function.span.start)
    if key not in cache:
        steps = [s for block in build_cfg(function).blocks for s in block.steps if s.kind is StepKind.CALL]
        cache[key] = sorted(steps, key=lambda step: step.start)
    found: list[Step] = cache[key]
    return found


def mirror_of(query: Query) -> Function | None:
    """The function of the same file that undoes what this one does, by its name; None where that is not clear."""
    name, functions = query.function.name, query.unit.functions
    words = name.split("_")
    for left, right in query.tables["resources"]["mirrors"]:
        if left not in words:
            continue
        place = len(words) - 1 - words[::-1].index(left)
        wanted = {"_".join([*words[:place], each, *words[place + 1 :]]) for each in _undoing(left, right)}
        found = [function for function in functions if function.name in wanted and function.whole]
        if len(found) == 1:
            return found[0]
    return None


def _undoing(left: str, right: str) -> tuple[str, ...]:
    return (right, "disconnect", "remove_one") if left == "probe" else (right,)


def never_released(query: Query) -> Iterator[Answer]:
    """What a setup function gives back where it fails, and what nothing in the file gives back in the end."""
    undo = _undo(query)
    if undo is None:
        return
    known = knowledge(query.tables)
    for held in _held(query, known):
        if _released_elsewhere(query, held, known):
            continue
        names = {
            "VALUE": held.handle.removeprefix("&"),
            "CALLEE": held.step.expr.text if held.step.expr is not None else "",
            "SETUP": query.function.name,
            "UNDO": undo.name,
            "RELEASE": held.family.preferred,
        }
        label = ((undo.node.start_byte, undo.body.start_byte), "gives back the rest")
        yield Answer((held.step.start, held.step.end), names, [label], key=held.handle)


def _undo(query: Query) -> Function | None:
    """The mirror of a function that is worth looking at: both are whole, in a file that is whole."""
    if not query.unit.image.complete or not query.function.whole:
        return None
    undo = mirror_of(query)
    return undo if undo is not None and undo.name != query.function.name else None


def _held(query: Query, known: Knowledge) -> Iterator[Held]:
    cfg = query.cfg
    for block in cfg.blocks:
        for index, step in enumerate(block.steps):
            call = step.expr
            if step.kind is not StepKind.CALL or call is None or call.text.startswith((*MANAGED, *_OTHERS)):
                continue
            family = known.acquire.get(call.text)
            if family is None or family.lock or family.kind not in _KINDS or block.in_loop:
                continue
            handle = _handle(cfg, step, call, family)
            if handle is None or "[" in handle.key:
                continue
            if (
                not _is_stored(cfg, handle.key)
                and _fails_clean(cfg, family, handle.key, step)
                and _stays(cfg, block.index, index, family, handle.key)
            ):
                yield Held(step, family, handle.key, _member(handle))


def _handle(cfg: Cfg, step: Step, call: Expr, family: Family) -> Expr | None:
    """What the call gives or was given, where it lives on behind the function."""
    if family.where == RETURN:
        target = step.target
        return target if target is not None and _member(target) else None
    if not 0 <= family.argument < len(call.args):
        return None
    handle = call.args[family.argument]
    return handle if _member(handle) else None


def _member(handle: Expr) -> str:
    inner = handle.args[0] if handle.kind is Kind.ADDRESS else handle
    return inner.text if inner.kind is Kind.FIELD and "->" in inner.key else ""


def _releases(step: Step, family: Family, handle: str) -> bool:
    call = step.expr
    return (
        step.kind is StepKind.CALL and call is not None and call.text in family.release
        and any(arg.key == handle for arg in call.args)
    )  # fmt: skip


def _fails_clean(cfg: Cfg, family: Family, handle: str, at: Step) -> bool:
    """Whether the function itself gives it back behind the acquisition, and not before it, as in a reset pulse."""
    ends = [step for block in cfg.blocks for step in block.steps if _releases(step, family, handle)]
    return bool(ends) and all(step.start > at.start for step in ends)


def _is_stored(cfg: Cfg, handle: str) -> bool:
    """Whether the handle is kept under another name, too, by which it can be given back."""
    return any(
        step.kind is StepKind.ASSIGN and step.expr is not None and step.expr.key == handle
        for block in cfg.blocks for step in block.steps
    )  # fmt: skip


def _stays(cfg: Cfg, start: int, index: int, family: Family, handle: str) -> bool:
    """Whether a way leads from the acquisition to a `return 0` and gives nothing back."""
    seen, pending = {start}, [(start, index + 1)]
    while pending:
        at, first = pending.pop()
        stopped = False
        for step in cfg.blocks[at].steps[first:]:
            if step.kind is StepKind.RETURN:
                if step.expr is not None and integer(step.expr) == 0:
                    return True
                stopped = True
            elif step.kind is StepKind.GAP or _releases(step, family, handle):
                stopped = True
            if stopped:
                break
        for edge in () if stopped else cfg.blocks[at].edges:
            if edge.target not in seen:
                seen.add(edge.target)
                pending.append((edge.target, 0))
    return False


def _released_elsewhere(query: Query, held: Held, known: Knowledge) -> bool:
    """Whether another function of the file gives it back, or calls something out of sight that may."""
    for function in query.unit.functions:
        if function.name == query.function.name:
            continue
        if not function.whole:
            return True
        for step in calls_of(function):
            call = step.expr
            if call is None or not known.is_teardown(call.text):
                continue
            members = {_member(arg) for arg in call.args}
            if held.member in members or (call.text in held.family.release and not any(members)):
                return True
    return b"devm_add_action" in clean_text(query.unit) or _asks_others(query, known)


def _asks_others(query: Query, known: Knowledge) -> bool:
    """Whether the undoing function calls a function of the driver that stands in another file."""
    undo = mirror_of(query)
    own = {function.name for function in query.unit.functions}
    prefix = query.function.name.split("_")[0]
    return undo is not None and any(
        step.expr is not None and step.expr.text.startswith(prefix) and step.expr.text not in own
        and known.is_teardown(step.expr.text)
        for step in calls_of(undo)
    )  # fmt: skip


def not_mirrored(query: Query) -> Iterator[Answer]:
    """What a callback works with, given back before the callback is unregistered, though it was set up before it."""
    undo = _undo(query)
    if undo is None:
        return
    known, public = knowledge(query.tables), publish_words(query.tables)
    harmless = frozenset(public.rows) | frozenset(query.tables["teardown"]["unordered"].split())
    quiet = frozenset(query.tables["teardown"]["quiet"].split())
    setup = calls_of(query.function)
    for opened in setup:
        row = public.rows.get(opened.expr.text) if opened.expr is not None else None
        if row is None or row.to not in _LETS_IN or opened.expr is None or opened.expr.text in quiet:
            continue
        shut = [step for step in calls_of(undo) if step.expr is not None and step.expr.text in row.undo]
        if (
            len(shut) != 1
            or shut[0].expr is None
            or len([s for s in setup if s.expr and s.expr.text == opened.expr.text]) != 1
        ):
            continue
        for at, family, handle in _acquired(query.function, known, harmless):
            early = _first_release(undo, family, handle) if at.start < opened.start else None
            if early is None or early.start >= shut[0].start or early.expr is None:
                continue
            names = {
                "EARLY": early.expr.text, "LATE": shut[0].expr.text, "OPEN": opened.expr.text,
                "SETUP": query.function.name, "UNDO": undo.name, "VALUE": handle.removeprefix("&"),
            }  # fmt: skip
            labels = [
                ((opened.start, opened.end), "lets others in, after the rest was there"),
                ((shut[0].start, shut[0].end), "keeps them out only from here on"),
            ]
            yield Answer((early.start, early.end), names, labels, key=handle)
            break


def _acquired(function: Function, known: Knowledge, harmless: frozenset[str]) -> Iterator[tuple[Step, Family, str]]:
    for step in calls_of(function):
        call = step.expr
        family = known.acquire.get(call.text) if call is not None else None
        if call is None or family is None or family.lock or call.text.startswith(MANAGED):
            continue
        if call.text in harmless or family.kind in _APART:
            continue
        if family.where == RETURN:
            target = step.target
            if target is not None and target.kind is Kind.FIELD:
                yield step, family, target.key
        elif 0 <= family.argument < len(call.args):
            yield step, family, call.args[family.argument].key


def _first_release(function: Function, family: Family, handle: str) -> Step | None:
    """The only call in a function that gives something back, told by the last part of its handle."""
    tail = handle.rpartition("->")[2].lstrip("&")
    found = [
        step for step in calls_of(function)
        if step.expr is not None and step.expr.text in family.release
        and any(arg.key.rpartition("->")[2].lstrip("&") == tail for arg in step.expr.args)
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


QUESTIONS: Mapping[str, Question] = {
    "never-released": never_released,
    "not-mirrored": not_mirrored,
    "never-stopped": teardown_stop.never_stopped,
}
"""What a rule of this engine can ask."""


class TeardownEngine(QuestionEngine):
    """See the module's docstring. A rule's triggers are the calls of which one has to be there."""

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        """Check a rule's block."""
        found = super().check(rule, tables)
        if found is None and rule.block["report"] == "never-stopped":
            return teardown_stop.stop_words(tables).sets_up
        if found is None and rule.block["report"] == "not-mirrored":
            return frozenset(
                name for name, row in publish_words(tables).rows.items() if row.to in _LETS_IN and row.undo
            )
        if found is None and rule.block["report"] == "never-released":
            return frozenset(f"~{word}" for pair in tables["resources"]["mirrors"] for word in _undoing(*pair))
        return found


ENGINE = TeardownEngine("teardown", QUESTIONS)
