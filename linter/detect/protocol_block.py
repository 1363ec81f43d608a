"""The block of a `protocol` rule, checked and made ready: events, violations, the calls that start something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linter.record import record
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Tables

DONE = "done"
"""The state in which a value is no longer followed."""
_KEYS = frozenset({"table", "contexts", "transitions", "violations", "escapes", "harmless-words"})
_TRANSITION = frozenset({"calls", "words", "handle", "from", "to", "label", "fails"})
_VIOLATION = frozenset({"state", "at", "calls", "handle", "given-words", "words", "message"})
_AT = ("call", "return", "error-return", "success-return")
_FAILS = ("never", "negative", "zero", "nonzero", "errptr")
At = tuple[str | int, ...]


@record
class Event:
    """Calls that take a value from one state to another; `source` is empty for those that start."""

    calls: frozenset[str]
    argument: int | None  # 0-based; None: about no value in particular
    result: bool
    source: frozenset[str]
    to: str
    label: str
    fails: str
    family: int


@record
class Violation:
    """What must not happen in a state."""

    state: str
    at: str
    message: str
    calls: frozenset[str] | None
    same_handle: bool
    argument: int | None
    given: frozenset[str] | None  # texts of which one must be an argument


@record(eq=False)
class Block:
    """A compiled block."""

    events: tuple[Event, ...]
    beginnings: Mapping[str, Event]
    violations: tuple[Violation, ...]
    triggers: frozenset[bytes]
    names: frozenset[str]
    escapes: bool
    harmless: frozenset[str]


def compile_block(data: Any, tables: Tables, name: str) -> Block:
    """Check a block and compile it. Raises BlockError."""
    at: At = (name,)
    _mapping(data, at, _KEYS)
    events = []
    if "table" in data:
        events += _locks(data, tables, at)
    for index, entry in enumerate(data.get("transitions", ())):
        events.append(_event(entry, (*at, "transitions", index), tables))
    beginnings = {call: event for event in events if not event.source for call in event.calls}
    if not beginnings:
        raise BlockError(at, "nothing starts", "a transition without `from`, or a table")
    states = {event.to for event in events}
    violations = tuple(
        _violation(entry, (*at, "violations", index), states, tables)
        for index, entry in enumerate(_list(data.get("violations"), (*at, "violations")))
    )
    return Block(
        tuple(events),
        beginnings,
        violations,
        frozenset(call.encode() for call in beginnings),
        frozenset(call for event in events for call in event.calls),
        bool(data.get("escapes", False)),
        _words(data["harmless-words"], (*at, "harmless-words"), tables) if "harmless-words" in data else frozenset(),
    )


def _locks(data: Mapping[str, Any], tables: Tables, at: At) -> list[Event]:
    """Two events a family of the table of locks: taken, and given back."""
    if data["table"] != "locks" or "locks" not in tables.data:
        raise BlockError((*at, "table"), f"no table `{data['table']}`", "locks")
    wanted = frozenset(data.get("contexts", ()))
    found = []
    for number, row in enumerate(tables["locks"]["families"], 1):
        if wanted and row["context"] not in wanted:
            continue
        argument = None if row["handle"] == "none" else int(row["handle"])
        held = frozenset({"held"})
        label = "$START() is called here"
        take = Event(
            frozenset(row["acquire"]), argument, False, frozenset(), "held", label, row.get("fails", "never"), number
        )
        found += [take, Event(frozenset(row["release"]), argument, False, held, DONE, "", "never", number)]
    return found


def _event(entry: Any, at: At, tables: Tables) -> Event:
    _mapping(entry, at, _TRANSITION)
    calls = _calls(entry, at, tables)
    if calls is None or "to" not in entry:
        raise BlockError(at, "`calls` (or `words`) and `to` are needed", "and handle, from, label, fails")
    fails = entry.get("fails", "never")
    if fails not in _FAILS:
        raise BlockError((*at, "fails"), f"no failure is called `{fails}`", ", ".join(_FAILS))
    argument, result = _handle(entry.get("handle", "none"), (*at, "handle"))
    source = frozenset(_list(entry.get("from", []), (*at, "from"), empty=True))
    return Event(calls, argument, result, source, str(entry["to"]), str(entry.get("label", "here")), fails, 0)


def _calls(entry: Mapping[str, Any], at: At, tables: Tables) -> frozenset[str] | None:
    """The names of `calls` and of the table's list that `words` names (`table.key`); None where there is neither."""
    calls = frozenset(_list(entry["calls"], (*at, "calls"))) if "calls" in entry else None
    if "words" not in entry:
        return calls
    return (calls or frozenset()) | _words(entry["words"], (*at, "words"), tables)


def _words(name: Any, at: At, tables: Tables) -> frozenset[str]:
    stem, _, key = str(name).partition(".")
    if stem not in tables.data or key not in tables[stem]:
        raise BlockError(at, f"no list `{name}` in the tables", "table.key")
    return frozenset(tables[stem][key].split())


def _violation(entry: Any, at: At, states: set[str], tables: Tables) -> Violation:
    _mapping(entry, at, _VIOLATION)
    for key in ("state", "at", "message"):
        if not isinstance(entry.get(key), str):
            raise BlockError((*at, key), f"`{key}` is missing", "state, at and message")
    if entry["state"] not in states:
        raise BlockError((*at, "state"), f"nothing leads to the state `{entry['state']}`", ", ".join(sorted(states)))
    if entry["at"] not in _AT:
        raise BlockError((*at, "at"), f"unknown place `{entry['at']}`", ", ".join(_AT))
    calls = _calls(entry, at, tables)
    given = _words(entry["given-words"], (*at, "given-words"), tables) if "given-words" in entry else None
    if entry["at"] == "call" and calls is None and given is None:
        raise BlockError(at, "a violation at a call needs `calls`, `words` or `given-words`", "names of functions")
    argument, _ = _handle(entry["handle"], (*at, "handle")) if "handle" in entry else (None, False)
    return Violation(entry["state"], entry["at"], entry["message"], calls, "handle" in entry, argument, given)


def _handle(value: Any, at: At) -> tuple[int | None, bool]:
    if value == "result":
        return None, True
    if value == "none":
        return None, False
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 20:
        return value - 1, False
    raise BlockError(at, f"`{value}` names no handle", "the number of an argument from 1, `result` or `none`")


def _mapping(value: Any, at: At, keys: frozenset[str]) -> None:
    if not isinstance(value, Mapping):
        raise BlockError(at, "not a mapping", ", ".join(sorted(keys)))
    for key in value:
        if key not in keys:
            from linter.rulebook.validate import did_you_mean

            hint = did_you_mean(str(key), sorted(keys))
            raise BlockError((*at, str(key)), f"no key is named `{key}`" + (f"; {hint}" if hint else ""), "")


def _list(value: Any, at: At, empty: bool = False) -> list[Any]:
    if not isinstance(value, list) or (not value and not empty):
        raise BlockError(at, "not a list", "a list")
    return value
