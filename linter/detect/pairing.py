"""Calls and their counterparts in a kernel tree, told by its error paths: what `rules/data/pairs.yaml` is made of.

Where an error path undoes one call by another, about the same handle, and their names are counterparts by their words
(`x_alloc`/`x_free`), the two are a pair. Text is enough for that, and a tree is read in a minute.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from linter.detect.typestate_tables import MANAGED, Knowledge, knowledge
from linter.pattern import lazy
from linter.record import field, record
from linter.rulebook.harvest import closing, functions_in, plain_calls, strip_noise, taker
from linter.rulebook.model import Tables

LONGEST_BODY = 60_000
"""Bytes of a function that is still read: longer ones are tables of cases, and calls are compared with each other."""
_LABEL = lazy(rb"^[ \t]{0,1}[a-z_]\w*:\s*$", re.M)
_BRACKET_OR_COMMA = lazy(rb"([(),\[\]])")
_LEAVES = lazy(rb"(?:return\b|goto\s)")
_SUCCESS = lazy(rb"return\s*(?:0\s*)?;")
_LEAVES_WITHIN = 160
_SETTERS = frozenset(("set", "start", "mark"))
_ENDERS = frozenset(("stop", "halt", "cancel", "shutdown"))
_LOCKS = frozenset(("lock", "locked"))
_VALUES = frozenset(
    (  # noqa: SIM905  # a list of words reads better as words
        "rate name size count mask value unaligned bit bits resource offset addr index flags status state version "
        "le16 le32 be16 be32 u8 u16 u32 u64 num max min id type mode len length time width level mutex atomic bitmap "
        "cap msi timer tasklet wait waitqueue master async round nlink debugfs xa idr ida"
    ).split()
)
"""Words of names that get or set a value: nothing is owed after them, though the verbs look like it."""


@record
class Call:
    """A call in a function's text: offsets in bytes of the body."""

    name: str
    start: int
    end: int
    arguments: tuple[bytes, ...]  # without blanks
    target: bytes | None  # what takes the result
    begins: bool  # by its words, the call may have to be undone
    ends: bool  # by its words, it undoes something


@record(eq=False)
class Pairs:
    """What the files told so far."""

    handles: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # acquire, release, handle: error paths
    files: Counter[tuple[str, str]] = field(default_factory=Counter)  # files with such an error path
    elsewhere: Counter[tuple[str, str]] = field(default_factory=Counter)  # ... where another function releases

    def add(self, other: Pairs) -> None:
        """Add what another part of the tree told."""
        self.handles.update(other.handles)
        self.files.update(other.files)
        self.elsewhere.update(other.elsewhere)


def pair(paths: Iterable[str], tables: Tables) -> Pairs:
    """Read files; one that cannot be read tells nothing."""
    known, pairs = knowledge(tables), Pairs()
    for path in paths:
        try:
            text = strip_noise(Path(path).read_bytes())
        except OSError:
            continue
        _read_file(text, known, pairs)
    return pairs


def _read_file(text: bytes, known: Knowledge, pairs: Pairs) -> None:
    begun: defaultdict[str, set[bytes]] = defaultdict(set)  # by call: the functions that hold it
    ended: defaultdict[str, set[bytes]] = defaultdict(set)
    seen: set[tuple[str, str]] = set()
    for _, function, body in functions_in(text):
        if len(body) > LONGEST_BODY:
            continue
        calls = list(_calls(body, known))
        for call in calls:
            if call.begins:
                begun[call.name].add(function)
            if call.ends:
                ended[call.name].add(function)
        for first, last, handle in _undone(body, calls, known):
            pairs.handles[first, last, handle] += 1
            seen.add((first, last))
    pairs.files.update(seen)
    for first, holders in begun.items():
        for last, others in ended.items():
            if first != last and others - holders and known.related(first, last) == 2:
                pairs.elsewhere[first, last] += 1


def _calls(body: bytes, known: Knowledge) -> Iterator[Call]:
    """The calls whose names say that they begin or end something."""
    for raw, start, opening in plain_calls(body):
        name = raw.decode("latin-1")
        words = known.words(name)
        ends = not known.undoing.isdisjoint(words)
        begins = not name.startswith(MANAGED) and any(word in known.undone_by for word in words)
        end = closing(body, opening) if begins or ends else -1
        if end > 0:
            target = taker(body[max(0, start - 100) : start])
            yield Call(name, start, end, tuple(_arguments(body[opening + 1 : end - 1])), target, begins, ends)


def _arguments(text: bytes) -> Iterator[bytes]:
    """The arguments of a call, without blanks."""
    depth, current = 0, b""
    for piece in _BRACKET_OR_COMMA.split(text):
        depth += (piece in (b"(", b"[")) - (piece in (b")", b"]"))
        if piece == b"," and depth == 0:
            yield b"".join(current.split())
            current = b""
        else:
            current += piece
    if text.strip():
        yield b"".join(current.split())


def _undone(body: bytes, calls: list[Call], known: Knowledge) -> Iterator[tuple[str, str, str]]:
    """Calls that an error path undoes: acquire, release, and where the handle of both is found."""
    label = _LABEL.search(body)
    for number, last in enumerate(calls):
        behind_label = label is not None and last.start > label.start()
        if not last.ends or not (behind_label or _leaves_with_error(body[last.end : last.end + _LEAVES_WITHIN])):
            continue
        for first in reversed(calls[:number]):
            if first.begins and first.name != last.name and known.related(first.name, last.name) == 2:
                handle = _handle(first, last)
                if handle is not None:
                    yield first.name, last.name, handle
                    break


def _leaves_with_error(behind: bytes) -> bool:
    """Whether the function is left soon behind a call, in the same branch, and not with 0."""
    leaves = _LEAVES.search(behind)
    if leaves is None or b"{" in behind[: leaves.start()]:
        return False
    return _SUCCESS.match(behind, leaves.start()) is None


def _handle(first: Call, last: Call) -> str | None:
    """Where the first call has what the last one is given, as pairs.yaml writes it; None where they share nothing."""
    given = last.arguments
    if first.target is not None and (first.target in given or b"&" + first.target in given):
        return "return"
    for number, argument in enumerate(first.arguments):
        if not argument or argument.isdigit():
            continue
        if argument in given:
            return str(number)
        if argument[:1] == b"&" and argument[1:] in given:
            return f"out-{number}"
    return None if any(first.arguments) or any(given) else "none"


def lines(pairs: Pairs, tables: Tables) -> list[str]:
    """The lines of the table: pairs that two files show, or one and another function of that file."""
    known = knowledge(tables)
    handles: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for (first, last, handle), count in pairs.handles.items():
        handles[first, last][handle] += count
    rows: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for (first, last), counts in handles.items():
        if (pairs.files[first, last] >= 2 or pairs.elsewhere[first, last]) and _is_owed(first, last, known):
            handle = max(sorted(counts), key=lambda each: counts[each])
            rows[first, handle].append(last)
    return sorted(f"{first} {handle} {' '.join(sorted(releases))}" for (first, handle), releases in rows.items())


def _is_owed(first: str, last: str, known: Knowledge) -> bool:
    """Whether what a call begins has to be ended: not so for locks, which have a table, and for values."""
    if first in known.acquire or first in known.not_pairs or last in known.not_pairs:
        return False
    words = set(first.strip("_").split("_"))
    if words & _LOCKS or (words & _VALUES and not first.startswith(("alloc", "register"))):
        return False
    return not words & _SETTERS or bool(_ENDERS & set(last.split("_")))


def pairs_yaml(found: list[str], source: str) -> str:
    """The table as YAML: one text, because a text costs nothing to load and halving finds a line in it."""
    head = f"""\
# Calls and their counterparts, as the error paths of a kernel tree pair them: lines "acquire handle release ...",
# sorted. The handle is return (the result), N (argument N, from 0), out-N (what is stored through argument N) or none.
# A pair stands here where an error path undoes the one by the other in two files or more, or in one and another
# function of that file does so too. Names that resources.yaml or locks.yaml know are left out. Made by
# `hunklint harvest --pairs`; do not edit by hand.
source: {source}

pairs: |-
"""
    return head + "".join(f"  {line}\n" for line in found)
