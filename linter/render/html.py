"""One page that stands by itself: every patch with the remarks below their lines.

No script, no network: filters are check boxes that the style sheet reads. Keyboard and screen reader find landmarks,
headings, tables with captions and links between the places of a path.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from linter.render.escape import visible
from linter.render.html_diff import Sheet, file_section, message_section
from linter.render.html_remark import NAMES, Card, article, marked, text
from linter.render.html_style import STYLE
from linter.render.options import RenderOptions
from linter.render.source import Source
from linter.render.words import heading, place, plural, shown, skip_line, summary
from linter.review.model import PatchReport, Report, Skip
from linter.rulebook.model import Severity

MANY_RULES = 12
"""With more rules than these the filter by rule is folded up."""


class Page:
    """Collects the sections while the patches go by; the head needs their totals."""

    def __init__(self, report: Report, options: RenderOptions) -> None:
        self.report = report
        self.options = options
        self.sections: list[str] = []
        self.overview: list[str] = []  # a list for each patch
        self.skips: list[Skip] = []
        self.rules: dict[str, int] = {}
        self.by_rule: list[int] = []
        self.by_severity: dict[Severity, int] = dict.fromkeys(sorted(Severity, reverse=True), 0)
        self.findings = 0
        self.quiet = 0

    def add(self, patch_report: PatchReport) -> None:
        """One patch; one without remarks is only counted."""
        self.skips += patch_report.skipped
        findings = shown(patch_report, self.options)
        if not findings:
            self.quiet += 1
            return
        index = len(self.sections) + 1
        sheet = Sheet(Source(patch_report), self.report.rulebook, index)
        rows = []
        for judged in findings:
            self.findings += 1
            rule = self.rules.setdefault(judged.finding.rule, len(self.rules))
            if rule == len(self.by_rule):
                self.by_rule.append(0)
            self.by_rule[rule] += 1
            self.by_severity[judged.finding.severity] += 1
            card = Card(judged, self.findings, rule, index)
            sheet.add(card)
            rows.append(_overview_row(card, sheet))
        name = text(heading(patch_report.patch, NAMES))
        title = f'<h3><a href="#patch{index}">{name}</a></h3>' if patch_report.patch.title else ""
        self.overview.append(f'{title}<ol class="list">{"".join(rows)}</ol>\n')
        self.sections.append("".join(_patch_section(sheet)))

    def filters(self) -> str:
        """Check boxes, and the rules of the style sheet that make them work."""
        if self.findings < 2:
            return ""
        severities = [
            _box(f"s-{severity.label}", f'<span class="chip {severity.label}">{severity.label}</span>', count)
            for severity, count in self.by_severity.items()
            if count
        ]
        rules = [
            _box(f"r-{at}", f"<code>{text(rule)}</code>", self.by_rule[at]) for rule, at in sorted(self.rules.items())
        ]
        listed = "".join(rules)
        if len(rules) > MANY_RULES:
            listed = f"<details><summary>{plural(len(rules), 'rule')}</summary>{listed}</details>"
        names = [f"s-{severity.label}" for severity in self.by_severity] + [f"r-{at}" for at in self.rules.values()]
        hide = "\n".join(f"body:has(#{name}:not(:checked)) .{name} {{ display: none; }}" for name in names)
        return (
            f"<style>{hide}</style><form>"
            f"<fieldset><legend>Show severity</legend>{''.join(severities)}</fieldset>"
            f"<fieldset><legend>Show rule</legend>{listed}</fieldset></form>\n"
        )

    def not_analysed(self) -> str:
        """The list of what was skipped."""
        skips = self.skips + self.report.skipped
        if not skips:
            return ""
        items = "".join(f"<li>{text(skip_line(skip, NAMES))}</li>" for skip in skips)
        return f'<section aria-labelledby="skipped"><h2 id="skipped">Not analysed</h2><ul>{items}</ul></section>\n'


def _box(name: str, label: str, count: int) -> str:
    return f'<label><input type="checkbox" id="{name}" checked> {label} <span class="soft">{count}</span></label>'


def _overview_row(card: Card, sheet: Sheet) -> str:
    finding = card.judged.finding
    severity = finding.severity.label
    return (
        f'<li class="{card.classes}"><span class="chip {severity}">{severity}</span>'
        f'<a class="what" href="#{card.anchor}">{marked(finding.message)}</a>'
        f'<span class="soft where">{text(place(card.judged.anchor, sheet.source.patch, NAMES))}</span></li>\n'
    )


def _patch_section(sheet: Sheet) -> Iterator[str]:
    patch = sheet.source.patch
    name = f"patch{sheet.index}"
    yield f'<section class="patch" aria-labelledby="{name}"><h2 id="{name}">{text(heading(patch, NAMES))}</h2>\n'
    date = next((value for key, value in patch.headers if key.lower() == "date"), "")
    about = [text(str(patch.author)) if patch.author else "", text(date)]
    about.append(f"&lt;{text(patch.message_id)}&gt;" if patch.message_id else text(patch.commit or ""))
    about.append("judged from a quotation" if patch.quoted else "")
    yield f'<p class="soft">{" · ".join(filter(None, about))}</p>\n'
    whole = sheet.cards.get(0, [])
    if whole:
        cards = "".join(article(card, sheet.source, sheet.rulebook) for card in whole)
        yield f'<div class="whole">{cards}</div>\n'
    yield from message_section(sheet)
    for at, file in enumerate(patch.files):
        yield from file_section(file, sheet, at)
    yield "</section>\n"


def _head(page: Page) -> str:
    counts = page.report.counts
    words = escape(summary(counts, ", listed below"))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>hunklint: {escape(summary(counts))}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#main">Skip to the remarks</a>\n'
        f"<header>\n<h1>Patch review</h1>\n<p>{words}</p>\n{page.filters()}</header>\n"
    )


def _main(page: Page) -> Iterator[str]:
    yield '<main id="main">\n'
    if page.overview:
        yield f'<nav aria-label="All remarks"><h2>Remarks</h2>{"".join(page.overview)}</nav>\n'
    elif page.report.counts.patches:
        yield "<p>Nothing to remark.</p>\n"
    yield from page.sections
    if page.quiet and page.sections:
        yield f'<p class="soft">Nothing to remark on {plural(page.quiet, "other patch")}.</p>\n'
    yield page.not_analysed()
    yield "</main>\n"


def render(report: Report, options: RenderOptions) -> Iterator[str]:
    """The page; it is put together when the last patch has gone by."""
    page = Page(report, options)
    for patch_report in report.patches:
        page.add(patch_report)
    yield _head(page)
    yield from _main(page)
    digest = f" · rules {report.rulebook.digest[:12]}" if report.rulebook.digest else ""
    yield f"<footer>{escape(visible(options.tool_name))} {escape(report.version)}{escape(digest)}</footer>\n"
    yield "</body>\n</html>\n"
