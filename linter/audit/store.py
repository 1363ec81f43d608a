"""The audit database as the run uses it: one writer, one transaction a batch, every key a function of the input.

WAL with synchronous=FULL: what was committed survives a power cut, what was not leaves no trace.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from linter import __version__
from linter.audit.database import lock
from linter.audit.headers import Peek
from linter.audit.model import Answer, Entry, Place, Row, Task
from linter.audit.places import load_task, walk_messages
from linter.audit.schema import VERSION, create_statements
from linter.audit.sources import Source
from linter.errors import InputError, UsageError

RESULT_TABLES = ("patches", "files", "findings", "unreported", "remarks", "skipped")


class Store:
    """The one writer of an audit database."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock = lock(path)
        self.db = sqlite3.connect(path, isolation_level=None, timeout=30)
        try:
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = FULL")
            self.db.execute("PRAGMA cache_size = -2048")
            self.db.executescript("BEGIN;" + create_statements() + "COMMIT;")
        except sqlite3.DatabaseError as error:
            raise InputError(f"{path} is no audit database: {error}", "name a new file with --db") from error
        self._positions: dict[int, tuple[str, int, int]] = {}  # of archives, since the last commit
        self._begin()
        self._check_version()
        self.next_message = 1 + (self._value("SELECT max(message) FROM messages") or 0)

    def _begin(self) -> None:
        self.db.execute("BEGIN IMMEDIATE")

    def _value(self, sql: str, *values: Any) -> Any:
        row = self.db.execute(sql, values).fetchone()
        return row[0] if row else None

    def _check_version(self) -> None:
        self.db.execute("INSERT OR IGNORE INTO meta VALUES ('schema', ?)", (str(VERSION),))
        if self._value("SELECT value FROM meta WHERE key = 'schema'") != str(VERSION):
            raise InputError(f"{self.path} was made by another version of hunklint", "name a new file with --db")

    def commit(self) -> None:
        """End the batch and begin the next."""
        self._note_positions()
        self.db.execute("COMMIT")
        self._begin()

    def close(self, *, keep: bool = True) -> None:
        """Commit (or drop) what is open, and let go."""
        if self.db.in_transaction:
            if keep:
                self._note_positions()
            self.db.execute("COMMIT" if keep else "ROLLBACK")
        self.db.close()
        os.close(self._lock)

    # runs, rules, sources

    def begin_run(self, executor: str) -> int:
        """Note that a run started."""
        run = 1 + (self._value("SELECT max(run) FROM runs") or 0)
        self.db.execute("INSERT INTO runs VALUES (?, ?, NULL, NULL, ?, ?)", (run, _now(), __version__, executor))
        self.commit()
        return run

    def end_run(self, run: int, outcome: str) -> None:
        """Note how a run ended."""
        self.db.execute("UPDATE runs SET ended = ?, outcome = ? WHERE run = ?", (_now(), outcome, run))

    def rulebook(self, digest: str, rules: Iterable[Row]) -> int:
        """The number of a set of rules, made known if it is new."""
        found = self._value("SELECT rulebook FROM rulebooks WHERE digest = ?", digest)
        if found is None:
            found = 1 + (self._value("SELECT max(rulebook) FROM rulebooks") or 0)
            self.db.execute("INSERT INTO rulebooks VALUES (?, ?)", (found, digest))
            self._insert("rules", [{"rulebook": found, **row} for row in rules])
        return int(found)

    def rule_digests(self, rulebook: int) -> dict[str, str]:
        """The rules of a set, with their digests."""
        return dict(self.db.execute("SELECT rule, digest FROM rules WHERE rulebook = ?", (rulebook,)).fetchall())

    def related_rules(self, rulebook: int) -> dict[str, frozenset[str]]:
        """The rules of a set, with those whose findings may come or go with theirs."""
        rows = self.db.execute("SELECT rule, related FROM rules WHERE rulebook = ?", (rulebook,))
        return {rule: frozenset(related.split()) for rule, related in rows}

    def source(self, source: Source) -> tuple[int, str]:
        """Number and position of an archive; raises UsageError where another archive lies at its place now."""
        identity = source.identity()
        row = self.db.execute(
            "SELECT source, identity, position FROM sources WHERE path = ?", (source.path,)
        ).fetchone()
        if row is None:
            number = 1 + (self._value("SELECT max(source) FROM sources") or 0)
            values = (number, source.kind, source.path, identity, "")
            self.db.execute("INSERT INTO sources VALUES (?, ?, ?, ?, ?, 0)", values)
            return number, ""
        if row[1] != identity:
            raise UsageError(f"{source.path} is not the archive that this database knows", "name a new file with --db")
        return int(row[0]), str(row[2])

    def move(self, source: int, position: str, *, finished: bool = False) -> None:
        """Note up to where an archive was read: it is written when the batch ends."""
        self._positions[source] = (position, int(finished), source)

    def _note_positions(self) -> None:
        sql = "UPDATE sources SET position = ?, finished = ? WHERE source = ?"
        self.db.executemany(sql, list(self._positions.values()))
        self._positions.clear()

    # scanning

    def original(self, seen: Peek, *, by_content: bool) -> int | None:
        """The message that this one is a copy of."""
        found: int | None = None
        if seen.message_id is not None:
            sql = "SELECT min(message) FROM messages WHERE message_id = ? AND copy_of IS NULL"
            found = self._value(sql, seen.message_id)
        if found is None and (seen.message_id is None or (by_content and seen.has_patch)):
            sql = "SELECT min(message) FROM messages WHERE digest = ? AND copy_of IS NULL"
            found = self._value(sql, seen.digest)
        return found

    def knows_patch(self, ids: Sequence[str]) -> bool:
        """Whether one of these messages came with a patch of its own."""
        sql = "SELECT 1 FROM messages WHERE message_id = ? AND has_patch = 1 AND judge = 1 AND copy_of IS NULL LIMIT 1"
        return any(self._value(sql, one) for one in ids)

    def add_message(
        self, number: int, source: int, entry: Entry, seen: Peek, judge: bool, task: int | None, copy_of: int | None
    ) -> None:
        """A message as the scan sees it."""
        place = entry.place
        self.db.execute(
            "INSERT INTO messages (message, source, offset, length, name, message_id, parents, digest, has_patch,"
            " judge, task, outcome, copy_of, version, idx, total)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number, source, place.offset, place.length, place.name, seen.message_id, " ".join(seen.parents),
                seen.digest, int(seen.has_patch), int(judge), task, "copy" if copy_of else None, copy_of,
                seen.version, seen.index, seen.total,
            ),
        )  # fmt: skip

    def set_task(self, task: int, state: str) -> None:
        """Make a task known, or change its state."""
        self.db.execute(
            "INSERT INTO tasks (task, state) VALUES (?, ?) ON CONFLICT (task) DO UPDATE SET state = excluded.state",
            (task, state),
        )

    def retract(self, source: int, name: str) -> None:
        """The archive took a message back: nothing of it counts."""
        for (number,) in self.db.execute(
            "SELECT message FROM messages WHERE source = ? AND name = ?", (source, name)
        ).fetchall():
            self.db.execute(
                "UPDATE messages SET outcome = 'retracted', subject = NULL, sender = NULL, address = NULL, date = NULL,"
                " cover = NULL, change_id = NULL, links = NULL WHERE message = ?",
                (number,),
            )
            self._clear(number)

    # tasks

    def tasks(self, where: str, *values: Any) -> Iterator[tuple[int, str, int | None]]:
        """Tasks (number, state, rulebook) by a condition, in order; read in stretches so that nothing piles up."""
        last = -1
        sql = f"SELECT task, state, rulebook FROM tasks WHERE task > ? AND ({where}) ORDER BY task LIMIT 500"
        while rows := self.db.execute(sql, (last, *values)).fetchall():
            yield from rows
            last = rows[-1][0]

    def task(self, number: int, rules: frozenset[str] | None, spooled: Mapping[int, Place]) -> Task | None:
        """A task with the places of its messages; None where one of them cannot be read now."""
        return load_task(self.db, number, rules, spooled)

    def replay(self, source: int, rulebook: int) -> Iterator[tuple[int, int | None, bool]]:
        """Messages of an archive in its order: number, task, and whether the task is still to be judged."""
        return walk_messages(self.db, source, rulebook)

    def owes(self, source: int, rulebook: int) -> bool:
        """Whether an archive holds messages that are still to be judged."""
        sql = (
            "SELECT 1 FROM tasks t JOIN messages m USING (task)"
            " WHERE (t.state <> 'done' OR t.rulebook <> ?) AND m.source = ? LIMIT 1"
        )
        return self._value(sql, rulebook, source) is not None

    def save(self, task: int, answers: Sequence[Answer], rulebook: int, rules: frozenset[str] | None) -> None:
        """All that was said about one task; with `rules`, only what these rules say is replaced."""
        known = dict(self.db.execute("SELECT message, outcome FROM messages WHERE task = ?", (task,)).fetchall())
        gone = {message for message, outcome in known.items() if outcome == "retracted"}
        for answer in answers:
            if rules is None:
                for row in answer.messages:
                    if row["message"] not in gone:
                        if known[row["message"]] is not None:  # else there is nothing of it yet
                            self._clear(row["message"])
                        self._update("messages", "message", row)
            for table in RESULT_TABLES:
                rows = getattr(answer, table)
                if rows and (rules is None or table in ("findings", "unreported", "skipped")):
                    self._insert(table, [row for row in rows if _message_of(row) not in gone] if gone else rows)
        self.set_rulebook(task, rulebook)

    def set_rulebook(self, task: int, rulebook: int) -> None:
        """A task is done by a set of rules."""
        self.db.execute("UPDATE tasks SET state = 'done', rulebook = ? WHERE task = ?", (rulebook, task))

    def task_state(self, task: int) -> tuple[str, int | None]:
        """State of a task, and the rules it was judged by."""
        sql = "SELECT state, rulebook FROM tasks WHERE task = ?"
        row: tuple[str, int | None] = self.db.execute(sql, (task,)).fetchone()
        return row

    def waiting(self, task: int) -> list[tuple[int, Peek]]:
        """The messages of a series that waits, as the scan saw them."""
        columns = "message, message_id, parents, version, idx, total, digest"
        sql = f"SELECT {columns} FROM messages WHERE task = ? ORDER BY message"
        return [
            (number, Peek(name, tuple(parents.split()), False, version, index, total, True, digest, b""))
            for number, name, parents, version, index, total, digest in self.db.execute(sql, (task,))
        ]

    def clear_rules(self, task: int, rules: Iterable[str]) -> None:
        """Forget what some rules said about a task."""
        where = "patch IN (SELECT patch FROM patches JOIN messages USING (message) WHERE task = ?)"
        for table in ("findings", "unreported"):
            sql = f"DELETE FROM {table} WHERE rule = ? AND {where}"
            self.db.executemany(sql, [(rule, task) for rule in rules])

    def skip(self, message: int, reason: str) -> None:
        """A message that cost a worker its life, or could not be read."""
        self._clear(message)
        self.db.execute("UPDATE messages SET outcome = 'skipped' WHERE message = ?", (message,))
        self._insert("skipped", [{"message": message, "path": "", "stage": "audit", "reason": reason}])

    def _clear(self, message: int) -> None:
        low, high = message * 1000, message * 1000 + 999
        for table in ("files", "findings", "unreported", "patches"):
            self.db.execute(f"DELETE FROM {table} WHERE patch BETWEEN ? AND ?", (low, high))
        for table in ("remarks", "skipped"):
            self.db.execute(f"DELETE FROM {table} WHERE message = ?", (message,))

    def _insert(self, table: str, rows: Sequence[Row]) -> None:
        if rows:
            names = list(rows[0])
            marks = ", ".join("?" * len(names))
            sql = f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) VALUES ({marks})"
            self.db.executemany(sql, [tuple(row[name] for name in names) for row in rows])

    def _update(self, table: str, key: str, row: Row) -> None:
        names = [name for name in row if name != key]
        sets = ", ".join(f"{name} = ?" for name in names)
        self.db.execute(f"UPDATE {table} SET {sets} WHERE {key} = ?", [row[name] for name in names] + [row[key]])


def _message_of(row: Row) -> int:
    number: int = row["patch"] // 1000 if "patch" in row else row["message"]
    return number


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
