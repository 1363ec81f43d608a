"""The text protocol of `b4 prep --check` and `b4 am --check`: one line a finding, nothing where there is none.

b4 calls a line with `ERROR:` anywhere in it a failure and every other line a warning, so these letters stand in no
line of a lower severity. Counts and skipped parts would be read as warnings: they are not printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.pattern import lazy
from linter.render.escape import one_line, visible
from linter.render.options import RenderOptions
from linter.render.position import headline
from linter.render.words import shown
from linter.review.model import Judged, Report
from linter.rulebook.model import Severity

_ERROR = lazy("error:", re.IGNORECASE)


def where(judged: Judged) -> str:
    """`path:line`, or what of the mail it is about."""
    anchor = judged.anchor
    if anchor.path is None:
        return "commit message"
    path = visible(anchor.path)
    return path if anchor.line is None else f"{path}:{anchor.line}"


def line(judged: Judged) -> str:
    """The line of one finding, without its newline."""
    finding = judged.finding
    text = f"[{finding.rule}] {headline(finding)}"
    place = where(judged)
    if finding.severity is Severity.ERROR:
        return one_line(f"{place}: ERROR: {text}")
    return one_line(_ERROR.sub("error -", f"{place}: {finding.severity.name}: {text}"))


def render(report: Report, options: RenderOptions) -> Iterator[str]:
    """One line a finding."""
    for patch_report in report.patches:
        for judged in shown(patch_report, options):
            yield line(judged) + "\n"
