"""A finding to its card on the HTML page, and the words of a patch to HTML that is nothing but text."""

from __future__ import annotations

from html import escape

from linter.detect.model import Grid, Label
from linter.patch.model import Location
from linter.pattern import lazy
from linter.record import record
from linter.render.escape import decode, one_line, prose, visible
from linter.render.source import Source
from linter.render.words import place
from linter.review.model import Judged, Verdict
from linter.rulebook.model import Rule, Rulebook

NAMES = None
"""Control characters stand as `<U+001B>` on the page: few fonts have the pictures that a terminal shows."""

_CODE = lazy(r"`([^`]+)`")


def text(words: str) -> str:
    """Any text on one line, as HTML."""
    return escape(one_line(words, NAMES))


def marked(words: str) -> str:
    """A message: what stands between backquotes is code."""
    parts = _CODE.split(one_line(words, NAMES))
    return "".join(f"<code>{escape(part)}</code>" if at % 2 else escape(part) for at, part in enumerate(parts))


def paragraphs(words: str) -> str:
    """Prose with its paragraphs; a line break inside one is a blank."""
    return "".join(f"<p>{marked(part)}</p>" for part in prose(words, NAMES).split("\n\n") if part.strip())


@record
class Card:
    """A finding on the page: its number, and the class names by which it can be filtered."""

    judged: Judged
    number: int
    rule_index: int
    patch_index: int

    @property
    def classes(self) -> str:
        return f"s-{self.judged.finding.severity.label} r-{self.rule_index}"

    @property
    def anchor(self) -> str:
        return f"f{self.number}"


def line_anchor(patch_index: int, patch_lineno: int) -> str:
    """The id of a line of a patch."""
    return f"p{patch_index}-{patch_lineno}"


def _place_link(location: Location, card: Card, source: Source) -> str:
    where = text(place(location, source.patch, NAMES))
    if location.patch_lineno and source.place(location.patch_lineno):
        return f'<a href="#{line_anchor(card.patch_index, location.patch_lineno)}">{where}</a>'
    row = source.row(location)
    code = f" <code>{escape(visible(decode(row.text).strip(), NAMES))}</code>" if row is not None and row.path else ""
    return where + code


def _step(label: Label, card: Card, source: Source) -> str:
    said = label.text if label.text != card.judged.finding.message else ""
    words = f": {marked(said)}" if said else ""
    return f"<li>{_place_link(label.location, card, source)}{words}</li>"


def _path(card: Card, source: Source) -> str:
    """The places of a finding in order; nothing where its only place is the line above."""
    finding = card.judged.finding
    labels = finding.labels
    if len(labels) == 1 and labels[0].location.patch_lineno == card.judged.anchor.patch_lineno:
        words = labels[0].text
        return f"<p>{marked(words)}</p>" if words and words != finding.message else ""
    return f"<ol>{''.join(_step(label, card, source) for label in labels)}</ol>"


def grid_table(grid: Grid) -> str:
    """A grid; it scrolls by itself where the page is narrow."""
    head = "".join(f'<th scope="col">{text(column)}</th>' for column in grid.columns)
    over = "".join(f'<th scope="colgroup" colspan="{count}">{text(name)}</th>' for name, count in grid.groups)
    rows = []
    for at, (first, *rest) in enumerate(grid.rows):
        mark = at in grid.marked
        said = '<span class="sr">marked: </span>' if mark else ""
        cells = f'<th scope="row">{said}{text(first)}</th>' + "".join(f"<td>{text(cell)}</td>" for cell in rest)
        rows.append(f'<tr class="marked">{cells}</tr>' if mark else f"<tr>{cells}</tr>")
    caption = text(grid.caption)
    heads = (f"<tr>{over}</tr>" if over else "") + f"<tr>{head}</tr>"
    return (
        f'<div class="scroll" role="region" aria-label="{caption}" tabindex="0"><table class="grid">'
        f"<caption>{caption}</caption><thead>{heads}</thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _why(rule: Rule | None) -> str:
    if rule is None:
        return ""
    cited = "".join(_citation(one.url, one.path, one.says) for one in rule.citations)
    sources = f"<ul>{cited}</ul>" if cited else ""
    return f"<details><summary>Why</summary>{paragraphs(rule.rationale)}{sources}</details>"


def _citation(url: str | None, path: str | None, says: str) -> str:
    if url and url.startswith(("https://", "http://")):
        return f'<li><a href="{escape(visible(url))}" rel="noreferrer">{text(url)}</a>: {marked(says)}</li>'
    return f"<li><code>{text(path or url or '')}</code>: {marked(says)}</li>"


def article(card: Card, source: Source, rulebook: Rulebook) -> str:
    """The card itself."""
    finding = card.judged.finding
    severity = finding.severity.label
    limits = f" ({'; '.join(marked(limit) for limit in finding.limits)})" if finding.limits else ""
    aside = ""
    if card.judged.verdict is not Verdict.REPORTED:
        aside = (
            f"<p><strong>{card.judged.verdict.value}</strong>: {marked(card.judged.reason or 'no reason given')}</p>"
        )
    inside = f" in <code>{text(finding.function)}()</code>" if finding.function else ""
    where = text(place(card.judged.anchor, source.patch, NAMES))
    return (
        f'<article class="{severity} {card.classes}" id="{card.anchor}" aria-labelledby="{card.anchor}-title">'
        f'<h4 id="{card.anchor}-title"><span class="chip {severity}">{severity}</span> {marked(finding.message)}</h4>'
        f"{aside}{_path(card, source)}{''.join(map(grid_table, finding.grids))}{paragraphs(finding.help)}"
        f'<p class="soft"><code>{text(finding.rule)}</code> at {where}{inside}'
        f" · confidence {finding.confidence.label}{limits}</p>"
        f"{_why(rulebook.rules.get(finding.rule))}</article>"
    )


def step_note(card: Card, label: Label) -> str:
    """What stands below a line that a finding mentions elsewhere."""
    words = marked(label.text) if label.text else "see the remark"
    return f'↳ {words} (<a href="#{card.anchor}">remark<span class="sr"> {card.number}</span></a>)'
