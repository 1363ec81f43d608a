"""Patchwork checks: the body of a POST to `/api/patches/ID/checks/` for each patch, one JSON object a line.

https://patchwork.readthedocs.io/en/latest/api/rest/
`message_id` says which patch it is for; Patchwork ignores the field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from linter.render.options import RenderOptions
from linter.render.position import by_severity
from linter.render.words import plural, shown
from linter.review.model import Judged, PatchReport, Report
from linter.rulebook.model import Severity

LONGEST = 255  # characters of a description; the list view shows one line


def context_slug(name: str) -> str:
    """A name as Patchwork takes it: letters, digits, - and _ only."""
    return re.sub(r"[^-a-zA-Z0-9_]", "-", name)[:255] or "default"


def describe(patch_report: PatchReport, options: RenderOptions, series: Sequence[Judged] = ()) -> str:
    """The counts and the rules on one line; of the whole series what its other patches were told."""
    findings = shown(patch_report, options)
    by_label = {
        severity: sum(judged.finding.severity is severity for judged in findings)
        for severity in sorted(Severity, reverse=True)
    }
    counts = [plural(by_label[severity], severity.label) for severity in (Severity.ERROR, Severity.WARNING)]
    if by_label[Severity.INFO]:
        counts.append(f"{by_label[Severity.INFO]} info")
    rules = list(dict.fromkeys(judged.finding.rule for judged in findings))
    text = f"{', '.join(counts)}: {', '.join(rules)}" if findings else "no findings"
    if series:
        text += f"; on the series: {', '.join(dict.fromkeys(judged.finding.rule for judged in series))}"
    if patch_report.skipped:
        text += f" ({plural(len(patch_report.skipped), 'part')} not analysed)"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def check(patch_report: PatchReport, options: RenderOptions, series: Sequence[Judged] = ()) -> dict[str, Any]:
    """The check of one patch; its state is that of the worst finding, info is no reason to worry.

    `series`: findings about the series that were made on another of its patches. Patchwork has no checks of a series.
    """
    findings = (*shown(patch_report, options), *series)
    worst = max((judged.finding.severity for judged in findings), default=Severity.INFO)
    return {
        "message_id": patch_report.patch.message_id,
        "state": by_severity(worst, "fail", "warning", "success"),
        "context": context_slug(options.tool_name),
        "description": describe(patch_report, options, series),
        "target_url": None,
    }


def render(report: Report, options: RenderOptions) -> Iterator[str]:
    """One object a patch."""
    for patch_report in report.patches:
        yield json.dumps(check(patch_report, options)) + "\n"
