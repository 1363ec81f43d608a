"""Rows of a long query, a few hundred at a time: they may be changed while they are walked, and memory stays flat."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

SIZE = 500


def walk(db: sqlite3.Connection, sql: str, size: int = SIZE) -> Iterator[tuple[Any, ...]]:
    """Rows of a query whose first column is a rising key, compared in it as `key > ?`."""
    last = -1
    while rows := db.execute(f"{sql} LIMIT {size}", (last,)).fetchall():
        yield from rows
        last = rows[-1][0]
