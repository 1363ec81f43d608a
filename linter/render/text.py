"""Findings for a person at a terminal, patch by patch; the last line counts what was hidden or skipped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from linter.patch.model import Patch
from linter.render.options import RenderOptions
from linter.render.paint import Paint
from linter.render.words import NOTHING, WIDEST, heading, plural, shown, skip_line, summary, wrap
from linter.review.model import Judged, PatchReport, Report, Skip

FOR_TERMINAL = True


def _patch_heading(patch: Patch, options: RenderOptions) -> str:
    quoted = " (judged from a quotation)" if patch.quoted else ""
    paint = Paint(options.color)
    lines = wrap(heading(patch, options.unicode) + quoted, max(min(options.width, WIDEST), 40))
    return "\n".join(paint("bold", line) for line in lines) + "\n\n"


def _findings(patch_report: PatchReport, findings: tuple[Judged, ...], options: RenderOptions) -> Iterator[str]:
    from linter.render.finding import finding_lines  # a clean patch does not pay for the frame
    from linter.render.source import Source

    source = Source(patch_report)
    for judged in findings:
        yield "".join(finding_lines(judged, source, options))


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
        yield from _findings(patch_report, findings, options)
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
