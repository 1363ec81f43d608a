"""GitLab Code Quality: a JSON array for `artifacts:reports:codequality`; an empty array where nothing was found.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from linter.render.escape import visible
from linter.render.options import RenderOptions
from linter.render.position import Unique, by_severity, headline, position
from linter.render.source import Source
from linter.render.words import file_position, shown
from linter.review.model import Judged, Report


def issue(judged: Judged, source: Source, fingerprint: str) -> dict[str, Any]:
    """One entry; a finding about the mail is placed in the input, for no file of the tree holds it."""
    place = position(judged.anchor, source)
    path, line = (visible(place.path), place.line) if place else file_position(judged.anchor, source.patch)
    return {
        "description": f"[{judged.finding.rule}] {headline(judged.finding)}",
        "check_name": judged.finding.rule,
        "fingerprint": fingerprint,
        "severity": by_severity(judged.finding.severity, "critical", "major", "info"),
        "location": {"path": path, "lines": {"begin": line}},
    }


def render(report: Report, options: RenderOptions) -> Iterator[str]:
    """The array, entry by entry; fingerprints never repeat, for GitLab shows only one of two equal ones."""
    unique = Unique()
    separator = "[\n"
    for patch_report in report.patches:
        source = Source(patch_report)
        for judged in shown(patch_report, options):
            yield separator + json.dumps(issue(judged, source, unique(judged)))
            separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"
