"""Findings as tables for other tools: CSV, and Parquet where pyarrow is installed."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from typing import Any

from linter.errors import InputError, UsageError

COLUMNS = (
    "rule", "category", "severity", "confidence", "path", "line", "side", "function", "message", "fingerprint", "text",
    "fate", "since", "fixed_in", "agreed", "message_id", "title", "author", "date", "version", "idx", "total",
    "subsystem", "series", "quoted", "patch_line",
)  # fmt: skip
NUMBERS = frozenset(
    {"line", "since", "fixed_in", "agreed", "version", "idx", "total", "series", "quoted", "patch_line"}
)
STRETCH = 10_000


def _rows(db: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    return db.execute(f"SELECT {', '.join(COLUMNS)} FROM judged_findings ORDER BY patch, rule, n")


def write_csv(db: sqlite3.Connection, path: str) -> None:
    """One finding a line, a header on top."""
    try:
        with open(path, "w", encoding="utf-8", newline="") as stream:  # noqa: PTH123 - as short as Path.open
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows([_safe(value) for value in row] for row in _rows(db))
    except OSError as error:
        raise _unwritable(path, error) from error


def _safe(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets a quote in front: mails are not to be trusted."""
    return "'" + value if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def write_parquet(db: sqlite3.Connection, path: str) -> None:
    """The same columns, typed; written in stretches."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError("pyarrow is not installed", "install hunklint[parquet], or use --csv") from error
    types = [(name, pyarrow.int64() if name in NUMBERS else pyarrow.string()) for name in COLUMNS]
    schema = pyarrow.schema(types)
    cursor = _rows(db)
    try:
        with pyarrow.parquet.ParquetWriter(path, schema) as writer:
            while rows := [row for _, row in zip(range(STRETCH), cursor, strict=False)]:
                columns = [[row[place] for row in rows] for place in range(len(COLUMNS))]
                arrays = [pyarrow.array(column, kind) for column, (_, kind) in zip(columns, types, strict=True)]
                writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: str, error: OSError) -> InputError:
    return InputError(f"cannot write {path}: {error.strerror or error}", "name a place that can be written to")
