"""Checkstyle XML, as Jenkins, reviewdog and many editors read it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from xml.sax.saxutils import quoteattr

from linter.render.escape import visible
from linter.render.options import RenderOptions
from linter.render.position import by_severity, headline, position
from linter.render.source import Source
from linter.render.words import file_position, shown
from linter.review.model import Judged, Report


def _error(judged: Judged, source: Source) -> tuple[str, str]:
    """The file's name and the element."""
    finding = judged.finding
    place = position(judged.anchor, source)
    path, line = (visible(place.path), place.line) if place else file_position(judged.anchor, source.patch)
    column = f' column="{place.character(place.column)}"' if place and place.column is not None else ""
    severity = by_severity(finding.severity, "error", "warning", "info")
    rule = quoteattr(f"hunklint.{finding.category}.{finding.rule}")
    text = quoteattr(headline(finding))
    return path, f'    <error line="{line}"{column} severity="{severity}" message={text} source={rule}/>\n'


def render(report: Report, options: RenderOptions) -> Iterator[str]:
    """One `file` element for each run of findings in one file."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<checkstyle version="10.0">\n'
    for patch_report in report.patches:
        source = Source(patch_report)
        errors = [_error(judged, source) for judged in shown(patch_report, options)]
        for path, group in groupby(errors, key=lambda error: error[0]):
            yield f"  <file name={quoteattr(path)}>\n"
            yield from (element for _, element in group)
            yield "  </file>\n"
    yield "</checkstyle>\n"
