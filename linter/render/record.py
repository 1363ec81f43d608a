"""The JSON contract: one flat record for a finding, for a skipped part, for the summary. `json` and `jsonl` share it.

Fields may be added, never renamed or removed.
"""

from __future__ import annotations

from typing import Any

from linter.detect.model import Grid, Label
from linter.patch.model import Location, Patch
from linter.render.escape import data
from linter.review.model import Counts, Judged, Skip, Verdict

Record = dict[str, Any]


def _text(value: str | None) -> str | None:
    return None if value is None else data(value)


def _location(location: Location) -> Record:
    return {
        "path": _text(location.path),
        "line": location.line,
        "column": location.column,
        "side": location.side.value if location.side is not None and location.path is not None else None,
        "patch_line": location.patch_lineno,
    }


def _label(label: Label) -> Record:
    return {**_location(label.location), "text": data(label.text), "primary": label.primary}


def _grid(grid: Grid) -> Record:
    rows = [[data(cell) for cell in row] for row in grid.rows]
    return {
        "caption": data(grid.caption),
        "groups": [list(group) for group in grid.groups],
        "columns": list(grid.columns),
        "rows": rows,
        "marked": sorted(grid.marked),
    }


def finding_record(patch: Patch, judged: Judged) -> Record:
    """One finding; its place is the anchor, on a changed line wherever there is one."""
    finding = judged.finding
    record: Record = {
        "type": "finding",
        "message_id": _text(patch.message_id),
        "in_reply_to": _text(patch.in_reply_to),
        "quoted": patch.quoted,
        "subject": data(patch.subject),
        "patch": [patch.index, patch.total] if patch.index is not None else None,
        "version": patch.version,
        **_location(judged.anchor),
        "function": _text(finding.function),
        "rule": finding.rule,
        "category": finding.category,
        "severity": finding.severity.label,
        "confidence": finding.confidence.label,
        "message": data(finding.message),
        "help": data(finding.help),
        "fingerprint": judged.fingerprint,
        "labels": [_label(label) for label in finding.labels],
        "limits": [data(limit) for limit in finding.limits],
    }
    if finding.grids:
        record["tables"] = [_grid(grid) for grid in finding.grids]
    if patch.commit:
        record["commit"] = patch.commit
    if judged.verdict is not Verdict.REPORTED:
        record["verdict"] = judged.verdict.value
        record["reason"] = data(judged.reason)
    return record


def skip_record(skip: Skip) -> Record:
    """One part that was not analysed."""
    return {
        "type": "skipped",
        "message_id": _text(skip.message_id),
        "path": _text(skip.path),
        "stage": skip.stage,
        "reason": data(skip.reason),
    }


def summary_record(counts: Counts) -> Record:
    """The totals; the last record of a run."""
    return {
        "type": "summary",
        "messages": counts.messages,
        "without_patch": counts.without_patch,
        "patches": counts.patches,
        "files": counts.files,
        "findings": {"error": counts.error, "warning": counts.warning, "info": counts.info},
        "suppressed": counts.suppressed,
        "baselined": counts.baselined,
        "skipped": counts.skipped,
        "preexisting": counts.preexisting,
        "below_threshold": counts.hidden,
        "unreadable": counts.unreadable,
    }
