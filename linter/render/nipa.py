"""A NIPA test's output: the first line is the description for `DESC_FD`, the rest is the log for people.

NIPA reads the description from a pipe only after the test has ended, so it stays short.
"""

from __future__ import annotations

from collections.abc import Iterator

from linter.render.options import RenderOptions
from linter.render.terse import lines
from linter.render.words import summary
from linter.review.model import Report

FOR_TERMINAL = True
LONGEST = 1000


def description(report: Report) -> str:
    """One line over the run; read it when the patches have been consumed."""
    return summary(report.counts)[:LONGEST]


def render(report: Report, options: RenderOptions) -> Iterator[str]:
    """The description, then a line a finding."""
    log = list(lines(report, options))
    yield description(report) + "\n"
    yield from log
