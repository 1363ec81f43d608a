"""The JSON of b4's review checks: one object for the message on standard input, every value a string.

Results are stored under (Message-ID, tool): two objects of one tool would overwrite each other. `details` is a JSON
string of bullets, which the review matrix shows one below the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from linter.render.b4 import where
from linter.render.escape import one_line, show
from linter.render.options import RenderOptions
from linter.render.position import by_severity, headline
from linter.render.source import Source
from linter.render.words import shown, summary
from linter.review.model import Judged, Report
from linter.rulebook.model import Severity


def _bullet(judged: Judged, source: Source) -> dict[str, str]:
    finding = judged.finding
    bullet = {
        "status": by_severity(finding.severity, "fail", "warn", "pass"),
        "description": one_line(f"{where(judged)}: [{finding.rule}] {headline(finding)}"),
    }
    row = source.row(judged.anchor)
    if row is not None:
        bullet["srcline"] = (row.marker + show(row.text).text).rstrip()
    return bullet


def render(report: Report, options: RenderOptions) -> Iterator[str]:
    """An array of one object; an empty array where there was no patch."""
    bullets: list[dict[str, str]] = []
    worst = Severity.INFO
    for patch_report in report.patches:
        source = Source(patch_report)
        for judged in shown(patch_report, options):
            bullets.append(_bullet(judged, source))
            worst = max(worst, judged.finding.severity)
    if not report.counts.patches:
        yield "[]\n"
        return
    result = {
        "tool": options.tool_name,
        "status": by_severity(worst, "fail", "warn", "pass"),
        "summary": summary(report.counts),
        "url": "",
        "details": json.dumps(bullets) if bullets else "",
    }
    yield json.dumps([result], indent=2) + "\n"
