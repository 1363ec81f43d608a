"""One JSON object a line: findings and skipped parts as they come, the summary last: the contract for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from linter.render.options import RenderOptions
from linter.render.record import Record, finding_record, skip_record, summary_record
from linter.render.words import shown
from linter.review.model import Report


def records(report: Report, options: RenderOptions) -> Iterator[Record]:
    """Every record of a run in the order of the input."""
    for patch_report in report.patches:
        for judged in shown(patch_report, options):
            yield finding_record(patch_report.patch, judged)
        for skip in patch_report.skipped:
            yield skip_record(skip)
    for skip in report.skipped:
        yield skip_record(skip)
    yield summary_record(report.counts)


def render(report: Report, options: RenderOptions) -> Iterator[str]:
    """One line a record; ASCII, so that no byte of a patch can act on a terminal."""
    for record in records(report, options):
        yield json.dumps(record, separators=(",", ":")) + "\n"
