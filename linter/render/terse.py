"""One line a finding, `path:line: SEVERITY: [rule] message`: the form that editors and checkpatch users parse."""

from __future__ import annotations

from collections.abc import Iterator

from linter.render.escape import one_line
from linter.render.options import RenderOptions
from linter.render.words import file_position, shown, summary
from linter.review.model import Report

FOR_TERMINAL = True


def lines(report: Report, options: RenderOptions) -> Iterator[str]:
    """A finding without a line in the tree is placed in the input, by its line there."""
    for patch_report in report.patches:
        for judged in shown(patch_report, options):
            path, line = file_position(judged.anchor, patch_report.patch, options.unicode)
            finding = judged.finding
            aside = f" ({judged.verdict.value})" if judged not in patch_report.reported else ""
            message = one_line(finding.message, options.unicode)
            yield f"{path}:{line}: {finding.severity.name}: [{finding.rule}] {message}{aside}\n"


def render(report: Report, options: RenderOptions) -> Iterator[str]:
    """The findings, then the counts."""
    yield from lines(report, options)
    yield summary(report.counts) + "\n"
