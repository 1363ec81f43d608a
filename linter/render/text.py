"""Findings for a person at a terminal: what, where, the lines that show it, what to do, and how sure.

One finding reads from top to bottom like a compiler's diagnostic; the last line counts what was hidden or skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from linter.patch.model import Patch
from linter.render.escape import one_line, prose
from linter.render.frame import render_frame, wrap
from linter.render.options import RenderOptions
from linter.render.paint import Paint
from linter.render.source import Source
from linter.render.words import NOTHING, heading, place, plural, shown, skip_line, summary, tag
from linter.review.model import Judged, PatchReport, Report, Skip, Verdict

FOR_TERMINAL = True
WIDEST = 120  # prose wider than this is hard to read


def _note(paint: Paint, name: str, text: str, options: RenderOptions) -> Iterator[str]:
    """A `= name: text` line, wrapped with its continuation under the text."""
    indent = " " * (len(name) + 6)
    room = max(min(options.width, WIDEST) - len(indent), 30)
    paragraphs = [line for line in prose(text, options.unicode).split("\n") if line.strip()]
    lines = [piece for paragraph in paragraphs for piece in wrap(paragraph, room)]
    for at, line in enumerate(lines):
        head = "  " + paint("frame", "=") + " " + paint("bold", f"{name}:") + " " if at == 0 else indent
        yield head + line + "\n"


def _arrow(patch: Patch, judged: Judged, paint: Paint, options: RenderOptions) -> str:
    label = tag(patch, options.unicode)
    function = judged.finding.function
    where = place(judged.anchor, patch, options.unicode)
    inside = f" in {one_line(function, options.unicode)}()" if function else ""
    return paint("frame", "  --> ") + (f"{label} " if label else "") + where + inside + "\n"


def _confidence(judged: Judged) -> str:
    finding = judged.finding
    because = f" ({'; '.join(finding.limits)})" if finding.limits else ""
    return f"{finding.confidence.label}{because}; why: hunklint explain {finding.rule}"


def _finding(judged: Judged, source: Source, options: RenderOptions) -> Iterator[str]:
    paint = Paint(options.color)
    finding = judged.finding
    severity = finding.severity.label
    head = paint(severity, f"{severity}[{finding.rule}]")
    title = wrap(
        one_line(finding.message, options.unicode),
        max(min(options.width, WIDEST) - len(severity) - len(finding.rule) - 4, 20),
    )
    yield f"{head}{paint('bold', ': ' + title[0] if title else ':')}\n"
    yield from (f"    {paint('bold', line)}\n" for line in title[1:])
    yield _arrow(source.patch, judged, paint, options)
    yield from render_frame(judged, source, options)
    if judged.verdict is not Verdict.REPORTED:
        yield from _note(paint, judged.verdict.value, judged.reason or "no reason given", options)
    if finding.help:
        yield from _note(paint, "help", finding.help, options)
    yield from _note(paint, "confidence", _confidence(judged), options)
    yield "\n"


def _patch_heading(patch: Patch, options: RenderOptions) -> str:
    quoted = " (judged from a quotation)" if patch.quoted else ""
    paint = Paint(options.color)
    lines = wrap(heading(patch, options.unicode) + quoted, max(min(options.width, WIDEST), 40))
    return "\n".join(paint("bold", line) for line in lines) + "\n\n"


def ahead(items: Iterable[PatchReport]) -> Iterator[tuple[PatchReport, bool]]:
    """Each report, and whether it is the only one; looks one item ahead and no further."""
    iterator = iter(items)
    first = next(iterator, None)
    if first is None:
        return
    second = next(iterator, None)
    yield first, second is None
    if second is not None:
        yield second, False
        yield from ((report, False) for report in iterator)


def _skipped(report: Report, seen: list[Skip], options: RenderOptions) -> Iterator[str]:
    skips = seen + report.skipped
    if not skips or not options.verbose:
        return
    yield f"not analysed ({len(skips)}):\n"
    for skip in skips:
        yield f"  {skip_line(skip, options.unicode)}\n"
    yield "\n"


def render(report: Report, options: RenderOptions) -> Iterator[str]:
    """Findings patch by patch, then what was skipped where that was asked for, then one line of counts."""
    seen: list[Skip] = []
    files = 0
    for patch_report, alone in ahead(report.patches):
        findings = shown(patch_report, options)
        files += len({skip.path for skip in patch_report.skipped if skip.path})
        if options.verbose:
            seen.extend(patch_report.skipped)
        if not findings:
            continue
        if not alone or patch_report.patch.quoted:
            yield _patch_heading(patch_report.patch, options)
        source = Source(patch_report)
        for judged in findings:
            yield "".join(_finding(judged, source, options))
    counts = report.counts
    if not counts.patches:
        yield NOTHING + "\n"
    yield from _skipped(report, seen, options)
    hint = "" if options.verbose else ", see --skipped"
    line = summary(counts, hint, files)
    if counts.patches:
        yield line + "\n"
    elif counts.messages:
        yield f"{plural(counts.messages, 'message')} read, {counts.without_patch} without a patch\n"
