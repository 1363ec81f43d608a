"""The engine `repeats`: what a caller can make the kernel do twice, where once was thought of.

    repeats:
      report: fd-twice
      message: "`$VALUE` is looked up again"

Which calls resolve a descriptor and which take a reference is data: the table `repeats`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from linter.detect.calls import clean_text, named_calls
from linter.detect.contexts import reaches
from linter.detect.questions import Answer, Query, Question, QuestionEngine
from linter.detect.sequences import base_name, steps_behind
from linter.flow.model import Expr, Kind, Step, StepKind
from linter.pattern import lazy
from linter.rulebook.model import Tables

_BY_FD = lazy(r"(?:^|_)(?:fd|fdget)(?:_|$)")
_ASKS_STATE = lazy(
    rb"\bif\s*\([^;{}]*(?:->|\.)\w*(?:state|status|busy|active|used|bound|connected|opened)\b[^;{}]*\)\s*"
    rb"(?:\{[^{}]*)?(?:return|goto)\b"
)
"""A test of the state that an object is in, which may refuse the second call."""
_ASSIGNS = (StepKind.ASSIGN, StepKind.DECLARE)


def _words(tables: Tables, name: str) -> frozenset[str]:
    return tables.derived(f"repeats.{name}", lambda each: frozenset(each["repeats"][name].split()))


def fd_twice(query: Query) -> Iterator[Answer]:
    """A file descriptor that is resolved, and on the same path resolved once more: it may be another file by then."""
    lookups = _words(query.tables, "fd-lookups")
    if not any(name in lookups for name, _, _ in named_calls(query.function)):
        return
    told: set[int] = set()
    for block in query.cfg.blocks:
        for index, step in enumerate(block.steps):
            fd = _descriptor(step, lookups)
            if fd is None or step.start in told:
                continue
            for later in steps_behind(query.cfg, block.index, index):
                if later.kind in _ASSIGNS and later.target is not None and later.target.key == fd.key:
                    break
                again = _descriptor(later, lookups) or _given_on(later, fd)
                if again is not None and again.key == fd.key and later.start > step.start and later.expr is not None:
                    told.add(later.start)
                    names = {"VALUE": query.text((fd.start, fd.end)), "CALLEE": later.expr.text}
                    label = ((step.start, step.end), "resolved here")
                    yield Answer((later.start, later.end), names, [label], key=fd.key)
                    break


def _descriptor(step: Step, lookups: frozenset[str]) -> Expr | None:
    call = step.expr
    if step.kind is StepKind.CALL and call is not None and call.text in lookups and call.args:
        return call.args[0]
    return None


def _given_on(step: Step, fd: Expr) -> Expr | None:
    """The descriptor as an argument of a call whose name says that it works on one."""
    call = step.expr
    if step.kind is not StepKind.CALL or call is None or not _BY_FD.search(call.text):
        return None
    if "put" in call.text or call.text.startswith("trace_"):
        return None  # it gives the number back, or writes it down
    return next((arg for arg in call.args if arg.key == fd.key), None)


def reference_overwritten(query: Query) -> Iterator[Answer]:
    """A reference that user space can make the kernel store once more over the one that is held."""
    takers = _words(query.tables, "takes-reference")
    if not any(name in takers for name, _, _ in named_calls(query.function)):
        return
    reach = reaches(query.unit, query.tables).get(query.function.name)
    if reach is None or reach.hot or (query.cfg.has_gap and query.function.body.has_error):
        return
    taken = {
        step.target.key
        for block in query.cfg.blocks
        for step in block.steps
        if step.kind in _ASSIGNS and step.target is not None and _is_taker(step.expr, takers)
    }
    text, first = clean_text(query.unit), query.function.body.start_byte
    for block in query.cfg.blocks:
        for step in block.steps:
            target, value = step.target, step.expr
            if step.kind is not StepKind.ASSIGN or target is None or target.kind is not Kind.FIELD or value is None:
                continue
            if not (_is_taker(value, takers) or value.key in taken):
                continue
            base = base_name(target)
            if base is None or not _outlives(query, base):
                continue
            member = re.compile(rb"(?:->|\.)" + re.escape(target.text.encode()) + rb"\b")
            if member.search(text, first, target.start):
                continue  # something looks at it, or lets go of it
            if _ASKS_STATE.search(text, first, target.start):
                continue
            names = {"VALUE": query.text((target.start, target.end)), "WHY": reach.why}
            yield Answer((step.start, step.end), names, key=target.key)


def _is_taker(expr: Expr | None, takers: frozenset[str]) -> bool:
    return expr is not None and expr.kind is Kind.CALL and expr.text in takers


def _outlives(query: Query, base: str) -> bool:
    """Whether an object was there before the call: a parameter, or what a file or device keeps."""
    if "*" not in query.cfg.locals.get(base, ""):
        return False
    stored = [
        step.expr
        for block in query.cfg.blocks
        for step in block.steps
        if step.kind in _ASSIGNS and step.target is not None and step.target.key == base and step.expr is not None
    ]
    return all("private" in expr.key or expr.text in _words(query.tables, "kept-by") for expr in stored)


QUESTIONS: Mapping[str, Question] = {"fd-twice": fd_twice, "reference-overwritten": reference_overwritten}
"""What a rule of this engine can ask."""

ENGINE = QuestionEngine("repeats", QUESTIONS)
