"""A merge-request comment: a line of counts, a table, and each finding's code behind a fold.

Read by GitHub, GitLab and Gitea. Text of a patch stands in code spans and fences only: it mentions nobody, links
nowhere and holds no HTML. The comment starts with a marker, so that a later run finds it and takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.pattern import lazy
from linter.render.escape import one_line, prose, visible
from linter.render.frame import render_frame
from linter.render.grid import grid_lines
from linter.render.options import RenderOptions
from linter.render.source import Source
from linter.render.words import NOTHING, aside, findings_phrase, heading, place, plural, shown
from linter.review.model import Counts, Judged, Report
from linter.rulebook.model import Severity

MARKER = "<!-- hunklint -->"
LONGEST = 60_000  # characters; GitHub takes 65,536 in a comment
MOST_ROWS = 100

_SPAN = lazy(r"`([^`\n]+)`")
_REFERENCE = lazy(r"([@#!~%$])(?=[\w\"'{\[\\])")


def code(text: str) -> str:
    """A code span of any text, on one line."""
    flat = one_line(text)
    longest = max((len(run) for run in re.findall("`+", flat)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") or not flat else ""
    return f"{ticks}{pad}{flat}{pad}{ticks}"


def plain(text: str) -> str:
    """Text without any markup of its own: no emphasis, link, HTML, mention or reference."""
    escaped = re.sub(r"([\\*{}\[\]|>~`^]|(?<!\w)_|_(?!\w))", r"\\\1", text.replace("&", "&amp;"))
    escaped = re.sub(r"^([-+=#]|\d+(?=[.)]))", r"\\\1", escaped.replace("<", "&lt;"))
    escaped = re.sub(r"://|(?<=www)\.", r"<!-- -->\g<0>", escaped, flags=re.IGNORECASE)
    return _REFERENCE.sub(r"\1<!-- -->", escaped)


def words(text: str) -> str:
    """A message of ours: what stands between single backquotes is code, the rest is plain."""
    flat = one_line(text)
    parts = _SPAN.split(flat)
    return "".join(code(part) if at % 2 else plain(part) for at, part in enumerate(parts))


def cell(text: str) -> str:
    """Markup that stands in a table: a bar ends the cell even inside code."""
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def fence(text: str, language: str = "") -> str:
    """A fenced block that no line of its text can close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}\n"


def _row(judged: Judged, source: Source) -> str:
    finding = judged.finding
    label = finding.severity.label
    severity = f"**{label}**" if finding.severity is Severity.ERROR else label
    where = code(place(judged.anchor, source.patch))
    return f"| {severity} | {cell(where)} | {cell(words(finding.message))} |\n"


def _details(judged: Judged, source: Source, options: RenderOptions) -> str:
    finding = judged.finding
    frame = "".join(render_frame(judged, source, RenderOptions(width=100)))
    summary = f"{finding.severity.label} [{finding.rule}] {place(judged.anchor, source.patch)}"
    help = "\n\n".join(words(paragraph) for paragraph in prose(finding.help).split("\n\n") if paragraph.strip())
    limits = f" ({'; '.join(map(words, finding.limits))})" if finding.limits else ""
    grids = "".join(f"\n{words(grid.caption)}\n\n" + fence("\n".join(grid_lines(grid))) for grid in finding.grids)
    return (
        f"<details><summary>{_html(summary)}</summary>\n\n"
        f"{words(finding.message)}\n\n"
        f"{fence(frame) if frame else ''}{grids}\n{help}\n\n"
        f"Confidence: {finding.confidence.label}{limits}. Why: {code(f'hunklint explain {finding.rule}')}\n\n"
        f"</details>\n\n"
    )


def _html(text: str) -> str:
    """Text inside a tag, where backquotes mean nothing."""
    safe = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _REFERENCE.sub(r"\1<!-- -->", safe)


def _head(counts: Counts) -> str:
    if not counts.patches:
        return f"### hunklint: {NOTHING}\n"
    over = plural(counts.patches, "patch")
    found = findings_phrase(counts) if counts.error or counts.warning or counts.info else "nothing to remark"
    return f"### hunklint: {found} in {over}\n"


def render(report: Report, options: RenderOptions) -> Iterator[str]:
    """The whole comment as one piece: its first line counts what the rest tells."""
    rows: list[str] = []
    details: list[str] = []
    room = LONGEST
    left_out = 0
    for patch_report in report.patches:
        findings = shown(patch_report, options)
        source = Source(patch_report)
        title = f"#### {code(heading(patch_report.patch))}\n\n"
        for judged in findings:
            fold = _details(judged, source, options)
            row = _row(judged, source)
            if len(rows) >= MOST_ROWS or len(row) + len(fold) + len(title) > room:
                left_out += 1
                continue
            room -= len(row) + len(fold) + len(title)
            rows.append(row)
            details.append(title + fold)
            title = ""
    yield f"{MARKER}\n{_head(report.counts)}"
    if rows:
        yield f"\n| | where | what |\n|---|---|---|\n{''.join(rows)}\n{''.join(details)}"
    if left_out:
        yield f"\n{plural(left_out, 'more finding')} did not fit into this comment.\n"
    rest = aside(report.counts)
    if rest:
        yield f"\n{visible(rest.strip())}\n"
