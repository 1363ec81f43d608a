"""The record of what each rule said on real patches (`rules/data/record.yaml`): counts go in, readings stay.

The file is written one row a line, so that two people who record different rules do not meet in a diff.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from linter.errors import UsageError
from linter.rulebook.document import parse_document

Row = dict[str, Any]
KEYS = ("corpus", "findings", "read", "right", "date", "note")


def count_findings(lines: Iterable[str]) -> Counter[str]:
    """Findings by rule in a JSON Lines report."""
    counts: Counter[str] = Counter()
    for line in lines:
        if '"finding"' in line:
            data = json.loads(line)
            if data.get("type") == "finding":
                counts[data["rule"]] += 1
    return counts


def count_pairs(lines: Iterable[str]) -> tuple[Counter[str], dict[str, tuple[int, int]]]:
    """Findings by rule on the buggy side of pairs, and as readings: those that the fixed side has no more are right.

    The mails of a pair are called NAME.bad@… and NAME.good@…, as the scripts that make such pairs name them.
    """
    sides: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for line in lines:
        data = json.loads(line) if '"finding"' in line else {}
        if data.get("type") == "finding":
            name, _, side = str(data.get("message_id")).partition("@")[0].rpartition(".")
            sides[name, side][data["rule"]] += 1
    counts: Counter[str] = Counter()
    gone: Counter[str] = Counter()
    for (name, side), found in sides.items():
        if side == "bad":
            counts += found
            gone += found - sides.get((name, "good"), Counter())
    return counts, {rule: (gone[rule], count) for rule, count in counts.items()}


def merge(
    rows: Mapping[str, Sequence[Row]],
    corpus: str,
    counts: Mapping[str, int],
    readings: Mapping[str, tuple[int, int]],
    notes: Mapping[str, str],
    date: str,
) -> dict[str, list[Row]]:
    """The rows with new counts for one corpus. A reading stays while its findings can still be among those counted."""
    merged = {rule: [dict(row) for row in old] for rule, old in rows.items()}
    for rule in {**counts, **dict.fromkeys(readings), **dict.fromkeys(notes)}:
        own = merged.setdefault(rule, [])
        row = next((one for one in own if one["corpus"] == corpus), None)
        if row is None:
            row = {"corpus": corpus, "findings": 0, "read": 0, "right": 0, "date": date}
            own.append(row)
        if rule in counts:
            row.update(findings=counts[rule], date=date)
        if rule in readings:
            right, read = readings[rule]
            row.update(read=read, right=right, date=date)
        if rule in notes:
            row["note"] = notes[rule]
        if row["read"] > row["findings"]:
            row.update(read=0, right=0)
        if row["right"] > row["read"]:
            raise UsageError(f"{rule}: {row['right']} right of {row['read']} read", "give RULE=RIGHT/READ")
    return merged


def read_record(path: Path) -> tuple[str, dict[str, list[Row]], frozenset[str]]:
    """What stands above the rules, the rows by rule, and the names of the corpora."""
    text = path.read_text("utf-8")
    head, mark, _ = text.partition("\nrules:")
    if not mark:
        raise UsageError(f"{path} has no key `rules`", "it is the record of rules/data/record.yaml that can be written")
    data = parse_document(str(path), text.encode()).data
    return head + mark, dict(data["rules"] or {}), frozenset(data["corpora"])


def write_record(path: Path, head: str, rows: Mapping[str, Sequence[Row]]) -> None:
    """Write the record; the same rows give the same bytes."""
    lines = [head if any(rows.values()) else head + " {}"]
    for rule in sorted(rows):
        if rows[rule]:
            lines.append(f"  {rule}:")
            lines += [f"    - {flow(row)}" for row in sorted(rows[rule], key=lambda row: str(row["corpus"]))]
    path.write_text("\n".join(lines) + "\n", "utf-8", newline="\n")


def flow(row: Row) -> str:
    """A row as a YAML flow mapping."""
    parts = []
    for key in (*KEYS, *(key for key in row if key not in KEYS)):  # a backtest knows more than a count
        if row.get(key) not in (None, ""):
            value = json.dumps(row[key], ensure_ascii=False) if key == "note" else row[key]
            parts.append(f"{key}: {value}")
    return "{" + ", ".join(parts) + "}"
