"""GitHub workflow commands: one annotation a finding, printed into the log of a job.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
Nothing from a patch can become a command: it stands escaped, on one line, behind a command of ours.
"""

from __future__ import annotations

from collections.abc import Iterator

from linter.render.escape import prose, visible
from linter.render.options import RenderOptions
from linter.render.position import by_severity, headline, position
from linter.render.source import Source
from linter.render.words import shown, summary
from linter.review.model import Judged, Report


def message_data(text: str) -> str:
    """Text for behind the second `::`."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def property_data(text: str) -> str:
    """Text for a property, where a colon and a comma have a meaning too."""
    return message_data(text).replace(":", "%3A").replace(",", "%2C")


def _properties(judged: Judged, source: Source) -> Iterator[tuple[str, str]]:
    place = position(judged.anchor, source)
    if place is not None:
        yield "file", visible(place.path)
        yield "line", str(place.line)
        yield "endLine", str(place.line)
        if place.column is not None:
            yield "col", str(place.character(place.column))
            if place.end_column is not None:
                yield "endColumn", str(place.character(place.end_column))
    yield "title", f"{judged.finding.rule} ({judged.finding.confidence.label} confidence)"


def render(report: Report, options: RenderOptions) -> Iterator[str]:
    """One command a finding, then the counts as a plain line of the log."""
    for patch_report in report.patches:
        source = Source(patch_report)
        for judged in shown(patch_report, options):
            command = by_severity(judged.finding.severity, "error", "warning", "notice")
            properties = ",".join(f"{key}={property_data(value)}" for key, value in _properties(judged, source))
            text = f"{headline(judged.finding)}\n{prose(judged.finding.help)}".rstrip()
            yield f"::{command} {properties}::{message_data(text)}\n"
    yield summary(report.counts) + "\n"
