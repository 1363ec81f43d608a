"""A question in SQL in, names and rows out. The database cannot be changed, nor anything else be reached through it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from typing import Any

from linter.audit.database import open_readonly
from linter.errors import UsageError

# https://www.sqlite.org/c3ref/c_alter_table.html: what a statement that only reads may do
_ALLOWED = frozenset({
    sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE,
})  # fmt: skip
_FORBIDDEN_FUNCTIONS = frozenset({"load_extension", "writefile", "readfile", "edit", "fts3_tokenizer"})
STEPS = 10_000
MAX_VALUE = 64 << 20
"""Bytes of one value: a function that makes strings must not eat the machine."""


def run_query(path: str, sql: str, timeout: float) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Run one SELECT; raises UsageError for anything else, and when it takes too long."""
    connection = open_readonly(path)
    connection.execute("PRAGMA query_only = ON")
    connection.set_authorizer(_authorize)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE)
    deadline = time.monotonic() + timeout
    connection.set_progress_handler(lambda: int(time.monotonic() > deadline), STEPS)
    try:
        cursor = connection.execute(sql)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _told(error, timeout) from error
    names = [column[0] for column in cursor.description or ()]
    return names, _rows(cursor, timeout)


def _rows(cursor: sqlite3.Cursor, timeout: float) -> Iterator[tuple[Any, ...]]:
    try:
        yield from cursor
    except sqlite3.Error as error:
        raise _told(error, timeout) from error


def _authorize(action: int, first: str | None, second: str | None, *rest: str | None) -> int:
    if action not in _ALLOWED:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _FORBIDDEN_FUNCTIONS:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _told(error: Exception, timeout: float) -> UsageError:
    said = str(error)
    if "interrupted" in said:
        return UsageError(f"the query took longer than {timeout:g} s", "ask for less, or give more with --timeout")
    if "not authorized" in said or "prohibited" in said:
        return UsageError("the query does more than read", "ask with one SELECT; the database is never changed")
    return UsageError(
        f"the query is not understood: {said}", "`hunklint audit schema` lists tables, views and examples"
    )
