"""One row of `rules/data/record.yaml`: put into the text, so that comments and order stay.

What a backtest knows goes in; what only a reader knows (`read`, `right`, `note`) is kept from the row before.
"""

from __future__ import annotations

import re
from pathlib import Path

from linter.audit.backtest import FATES, Record
from linter.errors import InputError

_KEEP = ("read", "right", "note")


def row_of(record: Record, date: str, before: dict[str, object] | None = None) -> str:
    """The row as a YAML flow mapping."""
    kept = {key: before[key] for key in _KEEP if before and key in before}
    values: dict[str, object] = {
        "corpus": record.corpus,
        "findings": record.findings,
        "read": kept.get("read", 0),
        "right": kept.get("right", 0),
        "date": date,
        "patches": record.patches,
        **{fate: record.fates[fate] for fate in FATES},
        "reviewed": record.reviewed,
        "agreed": record.agreed,
        "by-chance": record.by_chance,
    }
    if "note" in kept:
        values["note"] = kept["note"]
    return "{" + ", ".join(f"{key}: {_scalar(value)}" for key, value in values.items()) + "}"


def _scalar(value: object) -> str:
    text = str(value)
    plain = re.fullmatch(r"[\w./+-][\w ./+%()-]*", text) is not None
    return text if plain else "'" + text.replace("'", "''") + "'"


def write_record(path: Path, record: Record, date: str) -> str:
    """Put the row of one rule and archive into the file, in place of the one before; returns the row."""
    import yaml

    try:
        text = path.read_text(encoding="utf-8") if path.exists() else "rules: {}\n"
        data = yaml.safe_load(text) or {}
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"cannot read {path}: {error}", "name the record of your rules with --record") from error
    rows = (data.get("rules") or {}).get(record.rule) or []
    before = next((row for row in rows if row.get("corpus") == record.corpus), None)
    row = row_of(record, date, before)
    text = _with_row(text, record, row, known=bool(rows), replaces=before is not None)
    if not _reads_back(yaml.safe_load(text), record):
        raise InputError(f"{path} is laid out in a way that cannot be edited", "add the printed row by hand")
    path.write_text(text, encoding="utf-8")
    return row


def _with_row(text: str, record: Record, row: str, *, known: bool, replaces: bool) -> str:
    name = re.escape(record.rule)
    if replaces:
        corpus = re.escape(record.corpus)
        pattern = rf"(^  {name}:[ ]*\n(?:(?!  \w)[^\n]*\n)*?    - )\{{corpus: {corpus}\b[^\n]*"
        return re.sub(pattern, lambda m: m[1] + row, text, count=1, flags=re.MULTILINE)
    if known:
        return re.sub(rf"(^  {name}:[ ]*\n)", lambda m: f"{m[1]}    - {row}\n", text, count=1, flags=re.MULTILINE)
    text = re.sub(r"^rules:[ ]*\{\}[ ]*$", "rules:", text, count=1, flags=re.MULTILINE)
    return text.rstrip("\n") + f"\n  {record.rule}:\n    - {row}\n"


def _reads_back(data: object, record: Record) -> bool:
    rules = data.get("rules") if isinstance(data, dict) else None
    rows = (rules or {}).get(record.rule) or []
    return any(row.get("corpus") == record.corpus and row.get("findings") == record.findings for row in rows)
