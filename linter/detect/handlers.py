"""What an interrupt's handler works with, where the unit shows it: does it, or what it calls, name a thing?"""

from __future__ import annotations

import re
from collections.abc import Callable

from linter.detect.calls import clean_text, named_calls
from linter.detect.questions import Query
from linter.flow.model import Expr, Kind
from linter.pattern import lazy
from linter.record import record
from linter.rulebook.harvest import closing
from linter.syntax.model import Function

_DEFERS = lazy(
    rb"\b(?:\w*(?:schedule|queue)_\w*work\w*|tasklet_\w*schedule|mod_timer|hrtimer_start\w*|raise_softirq\w*)\s*\("
)
_WORKS = lazy(rb"\bstruct\s+(?:work_struct|tasklet_struct|timer_list|hrtimer)\s*\*")
_LAST_WORD = lazy(r"(\w+)\s*(?:\[[^\]]*\])?\s*$")


@record
class Handler:
    """A function that an interrupt runs: its text, and its names for the object that it was called for."""

    body: bytes
    own: frozenset[bytes]


def handler_names(query: Query, call: Expr, named: Callable[[Handler], object]) -> bool | None:
    """Whether the handlers that a call is given, or what they call, name something; None: that is not to be seen.

    What they leave to a work or timer may name it, too: that is seen where the unit holds such functions.
    """
    known = {function.name: function for function in query.unit.functions}
    first = [arg.key for arg in call.args if arg.kind is Kind.NAME and arg.key in known]
    found, is_seen, defers = _reached(query, first, known, named)
    if found or not first:
        return True if found else None
    text = query.unit.source
    later = [
        name for name, function in known.items()
        if defers and _WORKS.search(text, function.node.start_byte, function.body.start_byte)
    ]  # fmt: skip
    if defers and (not later or _reached(query, later, known, named)[0]):
        return None
    return False if is_seen else None


def _reached(
    query: Query, first: list[str], known: dict[str, Function], named: Callable[[Handler], object]
) -> tuple[bool, bool, bool]:
    """Of functions and what they call in the unit: is it named, was everything seen, is something left for later."""
    text = clean_text(query.unit)
    pending, seen = list(first), set(first)
    is_seen, defers = True, False
    while pending:
        function = known[pending.pop()]
        handler = _handler(function, text)
        if named(handler):
            return True, is_seen, defers
        defers = defers or _DEFERS.search(handler.body) is not None
        is_seen = is_seen and function.whole and not _hands_on(handler, function, text, known)
        for name, _, _ in named_calls(function):
            if name in known and name not in seen:
                seen.add(name)
                pending.append(name)
    return False, is_seen, defers


def _handler(function: Function, text: bytes) -> Handler:
    head = text[function.node.start_byte : function.body.start_byte].decode("utf-8", "replace")
    parameters = head[head.find("(") + 1 : head.rfind(")")].split(",")
    found = [_LAST_WORD.search(each) for each in parameters if "*" in each]
    own = {match[1].encode() for match in found if match is not None}
    body = text[function.body.start_byte : function.body.end_byte]
    for name in tuple(own):
        taken = re.compile(rb"(\w+)\s*=\s*(?:\([^()]*\)\s*)?" + re.escape(name) + rb"\s*;")
        own.update(match[1] for match in taken.finditer(body))
    return Handler(body, frozenset(own))


def _hands_on(handler: Handler, function: Function, text: bytes, known: dict[str, Function]) -> bool:
    """Whether a function gives the object that it was called for to one that is not in the unit."""
    for name, _, opened in named_calls(function):
        if name in known or name.isupper():
            continue
        arguments = text[opened + 1 : max(closing(text, opened) - 1, opened + 1)]
        if any(argument.strip() in handler.own for argument in arguments.split(b",")):
            return True
    return False
