"""JUnit XML as CI servers read it: a suite a patch, a case a finding.

https://github.com/testmoapp/junitxml describes what the servers agree on. Errors and warnings are failures, info and
a clean patch pass, what was not analysed is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from linter.render.escape import prose, visible
from linter.render.frame import render_frame
from linter.render.options import RenderOptions
from linter.render.position import headline, position
from linter.render.source import Source
from linter.render.words import file_position, heading, shown, skip_line
from linter.review.model import Judged, PatchReport, Report, Skip
from linter.rulebook.model import Severity


def _case(judged: Judged, source: Source, options: RenderOptions) -> str:
    finding = judged.finding
    place = position(judged.anchor, source)
    path, line = (visible(place.path), place.line) if place else file_position(judged.anchor, source.patch)
    plain = RenderOptions(width=options.width, unicode=options.unicode)
    detail = "".join(render_frame(judged, source, plain)) + "\n" + prose(finding.help) + "\n"
    head = (
        f'    <testcase classname="hunklint.{escape(finding.category)}" '
        f'name={quoteattr(f"{finding.rule} at {path}:{line}")} file={quoteattr(path)} line="{line}" time="0">\n'
    )
    if finding.severity is Severity.INFO:
        body = f"      <system-out>{escape(headline(finding))}\n{escape(detail)}</system-out>\n"
    else:
        kind = finding.severity.label
        body = f'      <failure message={quoteattr(headline(finding))} type="{kind}">{escape(detail)}</failure>\n'
    return head + body + "    </testcase>\n"


def _skipped(skip: Skip) -> str:
    name = quoteattr(f"not analysed: {visible(skip.path or skip.message_id or 'input')}")
    message = quoteattr(skip_line(skip))
    return (
        f'    <testcase classname="hunklint.skipped" name={name} time="0">\n      <skipped message={message}/>\n'
        "    </testcase>\n"
    )


def _suite(name: str, cases: list[str], failures: int, skipped: int) -> str:
    head = f'tests="{len(cases)}" failures="{failures}" errors="0" skipped="{skipped}" time="0"'
    return f"  <testsuite name={quoteattr(name)} {head}>\n{''.join(cases)}  </testsuite>\n"


def _patch_suite(patch_report: PatchReport, options: RenderOptions) -> str:
    source = Source(patch_report)
    findings = shown(patch_report, options)
    cases = [_case(judged, source, options) for judged in findings]
    if not cases:
        cases.append('    <testcase classname="hunklint" name="no findings" time="0"/>\n')
    cases += map(_skipped, patch_report.skipped)
    failures = sum(judged.finding.severity is not Severity.INFO for judged in findings)
    return _suite(heading(patch_report.patch), cases, failures, len(patch_report.skipped))


def render(report: Report, options: RenderOptions) -> Iterator[str]:
    """One suite a patch; a last one for messages that could not be read, and where there was no patch."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="hunklint">\n'
    for patch_report in report.patches:
        yield _patch_suite(patch_report, options)
    if report.skipped:
        yield _suite("messages", list(map(_skipped, report.skipped)), 0, len(report.skipped))
    if not report.counts.patches:
        nothing = _skipped(Skip(None, "patch", "no patch was reviewed"))
        yield _suite("no patch was reviewed", [nothing], 0, 1)
    yield "</testsuites>\n"
