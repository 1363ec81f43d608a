"""What a backtest found as a row of `rules/data/record.yaml`; what only a reader knows is kept from the row before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linter.audit.backtest import FATES, Record
from linter.audit.model import Row


def row_of(record: Record, date: str, before: Mapping[str, Any] | None = None) -> Row:
    """The row of one rule on one archive. A reading stays while its findings can still be among those counted."""
    read = int((before or {}).get("read", 0))
    kept = read <= record.findings
    row: Row = {
        "corpus": record.corpus,
        "findings": record.findings,
        "read": read if kept else 0,
        "right": int((before or {}).get("right", 0)) if kept else 0,
        "date": date,
    }
    if before and before.get("note"):
        row["note"] = before["note"]
    return row | {
        "patches": record.patches,
        **{fate: record.fates[fate] for fate in FATES},
        "reviewed": record.reviewed,
        "agreed": record.agreed,
        "by-chance": record.by_chance,
    }
