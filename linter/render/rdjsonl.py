"""Reviewdog Diagnostic Format, one JSON object a line.

https://github.com/reviewdog/reviewdog/tree/master/proto/rdf
Columns count bytes from 1, the end is exclusive. A line longer than 64 KiB would end the input for reviewdog without
a word, an empty one is an error to it: so texts are cut and nothing but diagnostics is printed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from linter.render.escape import prose, visible
from linter.render.options import RenderOptions
from linter.render.position import Position, by_severity, headline, position
from linter.render.source import Source
from linter.render.words import file_position, shown
from linter.review.model import Judged, Report

LONGEST_TEXT = 2000  # characters of the message, and of the parts that come often: at six bytes a character and
LONGEST_PATH = 500  # eight related places at most, a line stays below 64 KiB
LONGEST_LABEL = 200
MOST_RELATED = 8


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _location(place: Position) -> dict[str, Any]:
    start: dict[str, int] = {"line": place.line}
    end: dict[str, int] = {"line": place.line}
    if place.column is not None and place.end_column is not None:
        start["column"], end["column"] = place.column, place.end_column
    return {"path": _cut(visible(place.path), LONGEST_PATH), "range": {"start": start, "end": end}}


def diagnostic(judged: Judged, source: Source, tool: str) -> dict[str, Any]:
    """One diagnostic."""
    finding = judged.finding
    place = position(judged.anchor, source) or Position(*file_position(judged.anchor, source.patch))
    help = f"\n{prose(finding.help)}" if finding.help else ""
    record: dict[str, Any] = {
        "message": _cut(headline(finding) + help, LONGEST_TEXT),
        "location": _location(place),
        "severity": by_severity(finding.severity, "ERROR", "WARNING", "INFO"),
        "source": {"name": tool},
        "code": {"value": finding.rule},
    }
    related = [
        {"message": _cut(prose(label.text), LONGEST_LABEL), "location": _location(where)}
        for label in finding.labels
        if label.location != judged.anchor and (where := position(label.location, source)) is not None
    ]
    if related:
        record["related_locations"] = related[:MOST_RELATED]
    return record


def render(report: Report, options: RenderOptions) -> Iterator[str]:
    """One line a finding; nothing at all where there is none."""
    for patch_report in report.patches:
        source = Source(patch_report)
        for judged in shown(patch_report, options):
            yield json.dumps(diagnostic(judged, source, options.tool_name), separators=(",", ":")) + "\n"
