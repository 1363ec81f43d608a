"""The table `publish`, ready for use: calls that make an object reachable for others, and what takes it back."""

from __future__ import annotations

from collections.abc import Mapping

from linter.flow.model import Expr
from linter.record import record
from linter.rulebook.model import Tables

LAST = -1
"""The number of the last argument."""
_SHOWN = frozenset({"interrupts", "device", "core", "table", "rcu"})
"""What the object must be ready for at once: nobody waits for a lock of the publisher, or for a user to open a file."""


@record
class Publication:
    """One row: what a call publishes."""

    to: str
    object: int
    place: int  # the argument that the object is put in; LAST where there is none
    undo: frozenset[str]
    preferred: str  # the undoing call to name in a message

    def published(self, call: Expr) -> Expr | None:
        """The argument that is published."""
        return call.args[self.object] if self.object < len(call.args) and call.args else None

    def container(self, call: Expr) -> Expr | None:
        """The list or table that it is put in."""
        return call.args[self.place] if LAST < self.place < len(call.args) else None


@record
class PublishWords:
    """Rows by the name of the call."""

    rows: Mapping[str, Publication]
    shown: frozenset[str]
    words: tuple[str, ...]
    never: frozenset[str]

    def to(self, *kinds: str) -> frozenset[str]:
        """The calls that publish to one of these."""
        return frozenset(name for name, row in self.rows.items() if row.to in kinds)

    def publishes(self, name: str) -> bool:
        """Whether a callee makes its argument reachable for others at once."""
        if name in self.shown:
            return True
        if name in self.never or "unregister" in name or "deregister" in name or "notifier" in name:
            return False
        return any(word in name for word in self.words)


def publish_words(tables: Tables) -> PublishWords:
    """The rows, read once a process."""
    return tables.derived("publish.words", _build)


def _build(tables: Tables) -> PublishWords:
    table = tables["publish"]
    rows = {
        name: Publication(
            family["to"],
            _number(family["object"]),
            _number(family.get("in", "last")),
            frozenset(family.get("undo", ())),
            next(iter(family.get("undo", ())), ""),
        )
        for family in table["families"]
        for name in family["calls"]
    }
    shown = frozenset(name for name, row in rows.items() if row.to in _SHOWN)
    return PublishWords(rows, shown, tuple(table["words"].split()), frozenset(table["never"].split()))


def _number(value: object) -> int:
    return LAST if value == "last" else int(str(value))
