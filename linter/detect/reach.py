"""The engine `reach`: what stands in code that user space can run on demand, or that runs at the pace of the hardware.

    reach:
      report: user-triggerable-log
      message: "..."

Who reaches a function is in `contexts`, what prints in `logs`. What user space chose is followed from the handler's
parameters and the copies from user space in `reach_taint`.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tree_sitter import Node

from linter.detect.calls import clean_text, named_calls
from linter.detect.contexts import Reach, reaches
from linter.detect.logs import LogCall, log_calls, log_words
from linter.detect.questions import Answer, Place, Query, Question, QuestionEngine, listed
from linter.detect.reach_taint import chosen_in, tainted
from linter.detect.returns import typed_allocators
from linter.patch.model import LineKind
from linter.pattern import compiled, lazy
from linter.record import replace
from linter.rulebook.harvest import closing
from linter.rulebook.model import Confidence, Tables

_DEBUG = lazy(r"(?:^|[_/.-])(?:debug|dbg|debugfs|dbgfs)(?:[_/.-]|\d|fs|$)")
_SETUP = lazy(r"(?:^|_)(?:probe|remove|init|exit|setup|attach|detach|bind|unbind|suspend|resume|shutdown)(?:_|$)")


def controlling(query: Query, start: int) -> tuple[Node, str] | None:
    """The condition nearest to a place that decides whether it runs, and its text."""
    node: Node | None = query.unit.tree.root_node.descendant_for_byte_range(start, start + 1)
    while node is not None and node.id != query.function.node.id:
        parent = node.parent
        if parent is None:
            return None
        if parent.type in ("if_statement", "switch_statement"):
            condition = parent.child_by_field_name("condition")
            if condition is not None and condition.id != node.id:
                return condition, (condition.text or b"").decode("utf-8", "replace")
        node = parent
    return None


def is_gated(query: Query, at: int) -> bool:
    """Whether a test for privileges stands in the function before a place."""
    gates = frozenset(query.tables["contexts"]["gates"].split())
    return any(name in gates and start < at for name, start, _ in named_calls(query.function))


def _user_reach(query: Query) -> Reach | None:
    reach = reaches(query.unit, query.tables).get(query.function.name)
    if reach is None or reach.hot or _DEBUG.search(query.function.name) or _DEBUG.search(query.unit.image.path or ""):
        return None  # debugfs is for root
    return reach


def touches(query: Query, place: Place) -> bool:
    """Whether the patch wrote a line of a place, or nothing is known of what it wrote."""
    first, last = (bisect.bisect_right(query.unit.line_starts, offset) - 1 for offset in (place[0], place[1] - 1))
    lines = [query.unit.line_of(row) for row in range(first, last + 1)]
    return all(line is None for line in lines) or any(line and line.kind is not LineKind.CONTEXT for line in lines)


def user_log(query: Query) -> Iterator[Answer]:
    """An unlimited message on a branch that user space takes by choosing its input."""
    logs = [call for call in log_calls(query.function, query.tables) if not call.limited]
    if not logs:
        return
    reach = _user_reach(query)
    if reach is None or reach.privileged:
        return
    for call in logs:
        found = controlling(query, call.start)
        if found is None or is_gated(query, call.start):
            continue
        if not touches(query, (call.start, call.end)) and not touches(query, (found[0].start_byte, found[0].end_byte)):
            continue
        if not chosen_in(query, found[0], tainted(query, reach)):
            continue
        yield _log_answer(query, call, reach, (found[0].start_byte, found[0].end_byte))


def _log_answer(query: Query, call: LogCall, reach: Reach, condition: Place) -> Answer:
    names = {"CALL": call.name, "KIND": reach.kind, "WHY": reach.why, "FUNCTION": query.function.name}
    labels = [(condition, "user space chooses what is tested here")]
    return Answer((call.start, call.end), names, labels, key=call.name, confidence=reach.confidence)


def user_warn(query: Query) -> Iterator[Answer]:
    """A WARN() or BUG() whose condition user space chooses."""
    words = log_words(query.tables)
    calls = [each for each in named_calls(query.function) if each[0] in words.warns or each[0] in words.warns_limited]
    reach = _user_reach(query) if calls else None
    if reach is None or reach.privileged:
        return
    from linter.detect.uapi_ioctl import split_arguments  # few have such a call

    if reach.confidence is not Confidence.HIGH:  # by name, or called from a handler: what it is given is not known
        reach = replace(reach, inputs=frozenset())
    text = clean_text(query.unit)
    for name, start, opening in calls:
        end = closing(text, opening)
        given = split_arguments(text, opening + 1)
        condition = (given[0] if given is not None else ())[1 if name.startswith(("dev_", "drm_")) else 0 :]
        inside = set(compiled(r"\w+").findall(condition[0])) if condition else set()
        chosen = inside & tainted(query, reach, calls=False)
        if chosen:
            names = {"CALL": name, "KIND": reach.kind, "WHY": reach.why, "VALUE": sorted(chosen)[0]}
            yield Answer((start, end), names, key=name, confidence=reach.confidence)


def hot_log(query: Query) -> Iterator[Answer]:
    """An unlimited message, or a WARN() that repeats, in a handler that runs at the pace of the hardware."""
    reach = reaches(query.unit, query.tables).get(query.function.name)
    if reach is None or not reach.hot:
        return
    words = log_words(query.tables)
    for call in log_calls(query.function, query.tables):
        if not call.limited and call.level != "notice":
            yield Answer(
                (call.start, call.end), {"CALL": call.name, "KIND": reach.kind, "WHY": reach.why}, key=call.name
            )
    text = clean_text(query.unit)
    for name, start, opening in named_calls(query.function):
        if name in words.warns and name.startswith(("WARN", "dev_WARN", "drm_WARN")):
            end = closing(text, opening)
            yield Answer((start, end), {"CALL": name, "KIND": reach.kind, "WHY": reach.why}, key=name)


def redundant_log(query: Query) -> Iterator[Answer]:
    """A message right behind the failure of a call that prints its own."""
    logs = log_calls(query.function, query.tables)
    if not logs:
        return
    words = log_words(query.tables)
    wanted = words.verbose if query.block.get("calls", "verbose") == "verbose" else words.allocators
    text = clean_text(query.unit)
    for name, start, opening in named_calls(query.function):
        if name not in wanted:
            continue
        end = closing(text, opening)
        branch = _failure_branch(query, start)
        if branch is None or end < 0 or b"NOWARN" in text[opening:end]:
            continue
        for call in logs:
            if branch.start_byte <= call.start < branch.end_byte and call.level != "notice":
                if compiled(rb"\b(?:if|switch|else)\b").search(text[branch.start_byte : call.start]):
                    continue
                names = {"CALL": call.name, "CALLEE": name}
                yield Answer((call.start, call.end), names, [((start, end), "prints when it fails")], key=name)


def _failure_branch(query: Query, start: int) -> Node | None:
    """The branch that the statement behind a call takes where the call failed."""
    node: Node | None = query.unit.tree.root_node.descendant_for_byte_range(start, start + 1)
    while node is not None and node.type not in ("expression_statement", "declaration", "if_statement"):
        if node.type == "function_definition":
            return None
        node = node.parent
    if node is None:
        return None
    if node.type != "if_statement":
        node = node.next_named_sibling
        while node is not None and node.type == "comment":
            node = node.next_named_sibling
    if node is None or node.type != "if_statement":
        return None
    condition = node.child_by_field_name("condition")
    text = (condition.text or b"").decode("utf-8", "replace") if condition is not None else ""
    if (
        not compiled(r"\(\s*(?:un)?(?:likely)?\(?\s*(?:!|IS_ERR\(|[\w>.\-]+\s*(?:<|==|!=|\)|$)|\w+\()").match(text)
        or "PROBE_DEFER" in text
    ):
        return None
    return node.child_by_field_name("consequence")


_FAILURE = lazy(r"\(\s*(?:un)?(?:likely)?\(?\s*(?:!|IS_ERR\(|[\w>.\-]+\s*(?:<|==|!=|\)|$)|\w+\()")


def impossible_log(query: Query) -> Iterator[Answer]:
    """A message about an invariant that does not hold: it says "impossible", and goes on or returns."""
    for call in log_calls(query.function, query.tables):
        if call.limited or call.level == "notice":
            continue
        words = query.text((call.start, call.end))
        condition = controlling(query, call.start) if _IMPOSSIBLE.search(words) else None
        if condition is not None:
            if _SETUP.search(query.function.name) or _asks_again(query, call.start):
                continue
            reach = _user_reach(query)
            if reach is not None and chosen_in(query, condition[0], tainted(query, reach)):
                continue  # who sends the wrong thing, and be it root, is no bug of the kernel
            yield Answer((call.start, call.end), {"CALL": call.name}, key=call.name)


def _asks_again(query: Query, start: int) -> bool:
    """Whether the block of a message has the network core send the packet later: what drivers do with a full ring."""
    node: Node | None = query.unit.tree.root_node.descendant_for_byte_range(start, start + 1)
    while node is not None and node.type != "compound_statement":
        node = node.parent
    return node is not None and b"NETDEV_TX_BUSY" in (node.text or b"")[:2000] and node.parent != query.function.node


_IMPOSSIBLE = lazy(
    r"should never|never happen|should not happen|shouldn't happen|can't happen|cannot happen|impossible|"
    r"in a wrong state|driver bug|BUG:|this is a bug",
    re.I,
)

QUESTIONS: Mapping[str, Question] = {
    "user-triggerable-log": user_log,
    "user-triggerable-warn": user_warn,
    "log-unratelimited-hotpath": hot_log,
    "redundant-log": redundant_log,
    "impossible-state-log": impossible_log,
}
"""What a rule of this engine can ask."""


_TABLED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("user-triggerable-warn", "verbose"): ("warns", "warns-limited"),
    ("redundant-log", "verbose"): ("verbose",),
    ("redundant-log", "allocators"): ("allocators",),
}
"""Lists of the table `logging` of which one word has to be there."""


def _words(block: Mapping[str, Any], tables: Tables) -> Iterator[str]:
    report = block["report"]
    if report in ("user-triggerable-log", "impossible-state-log"):
        yield "~printk"
        yield from listed(tables["logging"]["exact"])
        yield from (f"~_{level}" for level in listed(tables["logging"]["levels"]))
    for name in _TABLED.get((report, block.get("calls", "verbose")), ()):
        yield from tables["logging"][name].split()
        if name == "allocators":
            yield from typed_allocators(tables)


ENGINE = QuestionEngine("reach", QUESTIONS, {"calls": {"enum": ["verbose", "allocators"]}}, _words)
__all__ = ["ENGINE", "QUESTIONS", "Confidence", "tainted"]
