"""What the database says about where messages lie, as places that a worker can read."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from linter.audit.model import Item, Place, Task


def load_task(
    db: sqlite3.Connection, number: int, rules: frozenset[str] | None, spooled: Mapping[int, Place]
) -> Task | None:
    """A task with the places of its messages; None where one lies in a packed archive and is not unpacked now."""
    sql = (
        "SELECT m.message, s.kind, s.path, m.offset, m.length, m.name, m.judge FROM messages m"
        " JOIN sources s USING (source) WHERE m.task = ? ORDER BY m.message"
    )
    items = []
    for message, kind, path, offset, length, name, judge in db.execute(sql, (number,)):
        place = spooled.get(message)
        if place is None:
            if kind == "packed":
                return None
            place = _place(kind, path, offset, length, name)
        items.append(Item(message, place, bool(judge)))
    return Task(number, tuple(items), rules)


def walk_messages(db: sqlite3.Connection, source: int, rulebook: int) -> Iterator[tuple[int, int | None, bool]]:
    """Messages of an archive in its order: number, task, and whether the task is not yet judged by these rules."""
    last = 0
    sql = (
        "SELECT message, task, t.state IS NOT NULL AND (t.state <> 'done' OR t.rulebook <> ?) FROM messages"
        " LEFT JOIN tasks t USING (task) WHERE message > ? AND source = ? ORDER BY message LIMIT 500"
    )
    while rows := db.execute(sql, (rulebook, last, source)).fetchall():
        yield from ((number, task, bool(wanted)) for number, task, wanted in rows)
        last = rows[-1][0]


def _place(kind: str, path: str, offset: int, length: int, name: str) -> Place:
    path = sys.intern(path)  # a batch names each archive once
    if kind == "inbox":
        return Place("blob", path, 0, length, name)
    if kind == "commits":
        return Place("commit", path.rpartition(" ")[0], 0, 0, name)
    if kind == "maildir":
        return Place("range", _maildir_file(path, name), 0, length, name)
    return Place("range", path, offset, length)


def _maildir_file(path: str, name: str) -> str:
    """Where a maildir message lies now: reading it may have moved it, and changed its flags."""
    for folder in ("new", "cur"):
        if (where := Path(path, folder, name)).is_file():
            return str(where)
    for folder in ("cur", "new"):
        for file in sorted(Path(path, folder).glob(f"{_glob_safe(name)}:2,*")):
            return str(file)
    return str(Path(path, "cur", name))


def _glob_safe(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)
