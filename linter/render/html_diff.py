"""A patch to the tables of the HTML page: unified, remarks below their lines, the places of a path marked."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from linter.detect.model import Label
from linter.patch.model import FilePatch, Hunk, Line, LineKind
from linter.record import field, record
from linter.render.escape import decode, show, take, visible, width
from linter.render.html_remark import NAMES, Card, article, line_anchor, step_note, text
from linter.render.source import Source
from linter.render.words import plural
from linter.rulebook.model import Rulebook

_ROWS = {
    LineKind.CONTEXT: ("context", "", " "),
    LineKind.ADDED: ("added", '<span class="sr">added </span>', "+"),
    LineKind.REMOVED: ("removed", '<span class="sr">removed </span>', "−"),
}
LONGEST_LINE = 2000
LONGEST_QUIET = 400  # lines; a longer file without a remark is named and not shown, of one with remarks
AROUND = 25  # so many lines are shown around what is said


@record(frozen=False)
class Sheet:
    """What stands where in one patch: cards below lines, labels on lines; line 0 is the patch as a whole."""

    source: Source
    rulebook: Rulebook
    index: int
    cards: dict[int, list[Card]] = field(default_factory=dict)
    labels: dict[int, list[tuple[Card, Label]]] = field(default_factory=dict)

    def add(self, card: Card) -> None:
        """Put a card and its labels where they belong."""
        patch = self.source.patch
        line = card.judged.anchor.patch_lineno
        if line < patch.body_lineno and self.source.place(line) is None:
            line = 0
        self.cards.setdefault(line, []).append(card)
        for label in card.judged.finding.labels:
            if label.location.patch_lineno:
                self.labels.setdefault(label.location.patch_lineno, []).append((card, label))

    def touches(self, numbers: range) -> bool:
        """Whether anything is said about some lines of the message."""
        return any(number in self.cards or number in self.labels for number in numbers)


def code(raw: bytes, labels: list[tuple[Card, Label]]) -> str:
    """A line's text with the places of its labels marked; overlapping marks fall to the first."""
    shown = show(raw, unicode=NAMES, limit=LONGEST_LINE)
    spans: list[tuple[int, int, bool]] = []
    for _, label in sorted(labels, key=lambda item: not item[1].primary):
        place = label.location
        start = shown.column((place.column or 1) - 1)
        end = shown.column(place.end_column - 1 if place.end_column else len(raw.rstrip()))
        indent = width(shown.text) - width(shown.text.lstrip())
        start = max(start, indent)
        if start < end and all(end <= first or start >= last for first, last, _ in spans):
            spans.append((start, end, label.primary))
    parts: list[str] = []
    at = 0
    for start, end, primary in sorted(spans):
        kind = ' class="primary"' if primary else ""
        parts.append(escape(take(shown.text, at, start - at)))
        parts.append(f"<mark{kind}>{escape(take(shown.text, start, end - start))}</mark>")
        at = end
    parts.append(escape(take(shown.text, at, width(shown.text) - at)))
    if len(raw) > LONGEST_LINE:
        parts.append(" …")
    return "".join(parts)


def _below(number: int, sheet: Sheet) -> Iterator[str]:
    for card, label in sheet.labels.get(number, ()):
        if card.judged.anchor.patch_lineno != number:
            yield f'<tr class="step {card.classes}"><td colspan="3"></td><td>{step_note(card, label)}</td></tr>\n'
    for card in sheet.cards.get(number, ()):
        body = article(card, sheet.source, sheet.rulebook)
        yield f'<tr class="remark {card.classes}"><td colspan="4">{body}</td></tr>\n'


def _row(line: Line, sheet: Sheet) -> str:
    name, said, sign = _ROWS[line.kind]
    body = code(line.text, sheet.labels.get(line.patch_lineno, []))
    pre = line.pre_lineno or ""
    post = line.post_lineno or ""
    return (
        f'<tr class="{name}" id="{line_anchor(sheet.index, line.patch_lineno)}"><td class="n pre">{pre}</td>'
        f'<td class="n">{post}</td><td class="m">{said}<span aria-hidden="true">{sign}</span></td>'
        f'<td class="c">{body}</td></tr>\n'
    )


def _head(caption: str) -> str:
    return (
        f'<table class="diff"><caption class="sr">{caption}</caption>'
        '<colgroup><col class="number pre"><col class="number"><col class="marker"><col></colgroup>'
        '<thead class="sr"><tr><th scope="col">line before</th><th scope="col">line after</th>'
        '<th scope="col">change</th><th scope="col">text</th></tr></thead><tbody>\n'
    )


def _kept(hunk: Hunk, sheet: Sheet) -> set[int]:
    """The lines of a long file that are near to something that is said."""
    kept: set[int] = set()
    for at, line in enumerate(hunk.lines):
        if line.patch_lineno in sheet.cards or line.patch_lineno in sheet.labels:
            kept.update(range(at - AROUND, at + AROUND + 1))
    return kept


def _hunk(hunk: Hunk, sheet: Sheet, long: bool) -> Iterator[str]:
    where = f"@@ −{hunk.pre_start},{hunk.pre_count} +{hunk.post_start},{hunk.post_count} @@" if hunk.numbered else "…"
    section = escape(visible(decode(hunk.section).expandtabs(), NAMES))
    kept = _kept(hunk, sheet) if long else None
    if kept is not None and not kept:
        section += f" · {plural(len(hunk.lines), 'line')} without a remark"
    yield f'<tr class="hunk"><td colspan="4">{where} {section}</td></tr>\n'
    if kept is not None and not kept:
        return
    left_out = 0
    for at, line in enumerate(hunk.lines):
        if kept is not None and at not in kept:
            left_out += 1
            continue
        yield _left_out(left_out)
        left_out = 0
        yield _row(line, sheet)
        yield from _below(line.patch_lineno, sheet)
    yield _left_out(left_out)


def _left_out(count: int) -> str:
    words = f"… {plural(count, 'line')} without a remark"
    return f'<tr class="hunk"><td colspan="4">{words}</td></tr>\n' if count else ""


def file_section(file: FilePatch, sheet: Sheet, at: int) -> Iterator[str]:
    """One file: open where there are remarks, folded where there are none."""
    path = text(file.path or "a file without a name")
    kinds = [line.kind for hunk in file.hunks for line in hunk.lines]
    size = f"+{kinds.count(LineKind.ADDED)} −{kinds.count(LineKind.REMOVED)}"
    numbers = [line.patch_lineno for hunk in file.hunks for line in hunk.lines]
    if not numbers:
        yield f'<section class="part" aria-label="{path}"><h3>{path} (no text)</h3></section>\n'
        return
    name = f"p{sheet.index}-file{at}"
    if sheet.touches(range(min(numbers), max(numbers) + 1)):
        yield f'<section class="part" aria-labelledby="{name}"><h3 id="{name}">{path} <small>{size}</small></h3>\n'
        end = "</section>\n"
    else:
        if len(numbers) > LONGEST_QUIET:
            heading = f"<h3>{path} <small>{size}, no remark, not shown</small></h3>"
            yield f'<section class="part" aria-label="{path}">{heading}</section>\n'
            return
        yield f'<details class="part"><summary>{path} <small>{size}, no remark</small></summary>\n'
        end = "</details>\n"
    yield _head(f"Changes to {path}")
    for hunk in file.hunks:
        yield from _hunk(hunk, sheet, len(numbers) > LONGEST_QUIET)
    yield f"</tbody></table>{end}"


def message_section(sheet: Sheet) -> Iterator[str]:
    """The commit message and the notes below it, up to the first file."""
    patch = sheet.source.patch
    first = patch.files[0].patch_lineno if patch.files else patch.raw.count(b"\n") + 1
    start = max(patch.body_lineno, 1)
    numbers = range(start, max(first, start))
    lines = [(number, sheet.source.mail_line(number) or b"") for number in numbers]
    while lines and not lines[-1][1].strip():
        lines.pop()
    if not lines:
        return
    opened = " open" if sheet.touches(numbers) else ""
    yield f'<details class="part"{opened}><summary>commit message</summary>\n'
    yield _head("Commit message")
    for number, raw in lines:
        yield (
            f'<tr class="context" id="{line_anchor(sheet.index, number)}"><td class="n pre"></td>'
            f'<td class="n">{number}</td><td class="m"></td>'
            f'<td class="c">{code(raw, sheet.labels.get(number, []))}</td></tr>\n'
        )
        yield from _below(number, sheet)
    yield "</tbody></table></details>\n"
