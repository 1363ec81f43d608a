"""The tables of the report page."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

ROWS = 30
WORDS = 400


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """An HTML table; cells are HTML already. `numbers` are the columns that hold numbers."""
    body = []
    for row in rows:
        cells = (f'<td class="n">{c}</td>' if place in numbers else f"<td>{c}</td>" for place, c in enumerate(row))
        body.append("<tr>" + "".join(cells) + "</tr>\n")
    if not body:
        return '<p class="none">None.</p>'
    head = "".join(
        f'<th class="n">{escape(text)}</th>' if place in numbers else f"<th>{escape(text)}</th>"
        for place, text in enumerate(heads)
    )
    kind = "" if numbers else ' class="words"'
    return (
        f'<div class="wide"><table{kind}><thead><tr>{head}</tr></thead><tbody>\n{"".join(body)}</tbody></table></div>'
    )


def cell(value: Any, length: int = 160) -> str:
    """A value as safe text, not longer than asked for."""
    text = "" if value is None else str(value)
    return escape(text if len(text) <= length else text[: length - 1] + "\N{HORIZONTAL ELLIPSIS}")


def patch_link(anchor: str, patch: int, text: str, shown: frozenset[int]) -> str:
    """A link to a place in a patch, where the page shows it."""
    return f'<a href="#{escape(anchor)}">{text}</a>' if patch in shown else text


def path_cell(path: str | None) -> str:
    """A path that may be broken behind its slashes."""
    return f"<code>{cell(path).replace('/', '/<wbr>')}</code>" if path else "the message"


def rule_link(rule: str) -> str:
    """A link that shows the patches with findings of a rule."""
    return f'<a href="#rule:{escape(rule)}"><code>{escape(rule)}</code></a>'


def rules_table(db: sqlite3.Connection) -> str:
    """Every rule with what became of its findings."""
    sql = (
        "SELECT b.rule, b.category, b.severity, b.findings, b.patches, b.fixed, b.persists, b.agreed,"
        " (SELECT title FROM rules r WHERE r.rule = b.rule ORDER BY rulebook DESC LIMIT 1) FROM by_rule b"
    )
    rows = (
        (rule_link(rule), cell(title), cell(category), cell(severity), *(cell(value) for value in values))
        for rule, category, severity, *values, title in db.execute(sql)
    )
    heads = ("rule", "what", "category", "severity", "findings", "patches", "fixed", "persist", "agreed")
    return f"<details><summary>As a table</summary>{table(heads, rows, (4, 5, 6, 7, 8))}</details>"


def files_table(db: sqlite3.Connection) -> str:
    """Files by findings."""
    rows = db.execute(f"SELECT path, findings, rules, patches FROM top_files LIMIT {ROWS}")
    shown = (
        (f'<a href="#find:{escape(path)}">{path_cell(path)}</a>', cell(n), cell(rules), cell(patches))
        for path, n, rules, patches in rows
    )
    return table(("file", "findings", "rules", "patches"), shown, (1, 2, 3))


def vanished_table(db: sqlite3.Connection, shown: frozenset[int]) -> str:
    """Findings that a later version fixed, each with a link to where it stood."""
    sql = (
        "SELECT patch, rule, n, path, text, title, version, fixed_in FROM judged_findings WHERE fate = 'fixed'"
        " ORDER BY date DESC, patch, rule, n LIMIT ?"
    )
    rows = (
        (
            patch_link(f"f{patch}-{rule}-{n}", patch, f"<code>{cell(rule)}</code>", shown),
            f"{path_cell(path)}<br><code>{cell(text.strip(), 110)}</code>",
            cell(title, 90),
            f"v{version} \N{RIGHTWARDS ARROW} v{fixed_in}",
        )
        for patch, rule, n, path, text, title, version, fixed_in in db.execute(sql, (4 * ROWS,))
    )
    return table(("rule", "where", "patch", "fixed"), rows)


def unaddressed_table(db: sqlite3.Connection, shown: frozenset[int]) -> str:
    """What reviewers asked for in vain, the latest first."""
    sql = (
        "SELECT r.path, r.line, r.line_text, r.text, m.sender, p.title, p.version, p.patch FROM remarks r"
        " JOIN messages m USING (message) JOIN patches p ON p.patch = r.patch"
        f" WHERE r.by = 'reviewer' AND r.addressed = 'unchanged' ORDER BY r.message DESC, r.n LIMIT {ROWS}"
    )
    rows = (
        (
            f"{path_cell(f'{path}:{line}' if line else path)}<br><code>{cell((text or '').strip(), 110)}</code>",
            f"<blockquote>{cell(said.strip(), WORDS)}</blockquote>",
            cell(who, 60),
            patch_link(f"p{patch}", patch, f"{cell(title, 90)} (v{version})", shown),
        )
        for path, line, text, said, who, title, version, patch in db.execute(sql)
    )
    return table(("line", "remark", "by", "patch"), rows)


def agreement_table(db: sqlite3.Connection) -> str:
    """How often a finding stands where a person remarked."""
    words = (
        '<p class="soft">Of the findings on patches that a person remarked on: how many stand within three lines of a'
        " remark. A reviewer does not say everything, so this is a floor, not a measure of who is right.</p>"
    )
    rows = db.execute("SELECT rule, on_reviewed_patches, agreed, share FROM agreement")
    shown = ((rule_link(rule), cell(n), cell(agreed), f"{100 * share:.0f} %") for rule, n, agreed, share in rows)
    return words + table(("rule", "on reviewed patches", "agreed", "share"), shown, (1, 2, 3))


def skipped_table(db: sqlite3.Connection) -> str:
    """What was not analysed, by reason."""
    rows = db.execute(f"SELECT stage, why, times FROM not_analysed LIMIT {ROWS}")
    return table(("stage", "reason", "times"), ((cell(s), cell(r, WORDS), cell(n)) for s, r, n in rows), (2,))
