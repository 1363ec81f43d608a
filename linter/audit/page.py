"""An audit database in, one HTML page out that needs nothing else: charts, tables, and the patches with what was said.

Every text in it was written by strangers: all of it is escaped, and the page's policy forbids any script but its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from html import escape
from pathlib import Path

from linter.audit.charts import HALF, Bar, bar_chart, column_chart, number
from linter.audit.patches import shown_patches, write_patches
from linter.audit.style import SCRIPT, STYLE, policy
from linter.audit.tables import (
    agreement_table,
    files_table,
    rules_table,
    skipped_table,
    unaddressed_table,
    vanished_table,
)
from linter.errors import InputError

LIMIT = 5000
"""Findings shown with their patch, where nothing else is asked for: some ten megabytes."""
FATES = (
    ("fixed", "gone in the next version"),
    ("persists", "still in the next version"),
    ("dropped", "its file left the series"),
    ("last", "no later version"),
)
SECTIONS = (
    ("rules", "By rule"), ("subsystems", "By subsystem"), ("months", "By month"), ("files", "Top files"),
    ("vanished", "Vanished"), ("unaddressed", "Unaddressed remarks"), ("agreement", "Agreement"),
    ("skipped", "Not analysed"), ("findings", "Findings"),
)  # fmt: skip


def write_page(db: sqlite3.Connection, path: str, *, limit: int = LIMIT, title: str | None = None) -> None:
    """Write the page; a half-written one never stands at `path`."""
    part = Path(f"{path}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as stream:
            for text in render_page(db, limit=limit, title=title):
                stream.write(text)
        part.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}", "name a place that can be written to") from error


def render_page(db: sqlite3.Connection, *, limit: int = LIMIT, title: str | None = None) -> Iterator[str]:
    """The page, piece by piece."""
    db.execute("PRAGMA temp_store = FILE")
    name = title or _archives(db)
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy())}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(name)} - hunklint audit</title>\n<style>{STYLE}</style></head>\n<body>\n"
    )
    yield f'<h1>{escape(name)}</h1>\n<p class="lead">{escape(_span(db))}</p>\n'
    yield "<nav>" + " ".join(f'<a href="#{id}">{text}</a>' for id, text in SECTIONS) + "</nav>\n"
    yield _tiles(db)
    yield _by_rule(db)
    yield '<div class="two">' + _by_subsystem(db) + _by_month(db) + "</div>\n"
    shown = shown_patches(db, limit)
    yield _section("files", "Files with most findings", files_table(db))
    yield _section("vanished", "Findings that a later version no longer has", vanished_table(db, shown))
    unheard = "Remarks of reviewers on lines that the next version left as they were"
    yield _section("unaddressed", unheard, unaddressed_table(db, shown))
    yield _section("agreement", "Agreement with reviewers", agreement_table(db))
    yield _section("skipped", "What was not analysed", skipped_table(db))
    yield '<section><h2 id="findings">Findings</h2>\n'
    yield from write_patches(db, shown, limit)
    yield f"</section>\n<script>{SCRIPT}</script>\n</body></html>\n"


def _archives(db: sqlite3.Connection) -> str:
    paths = [row[0] for row in db.execute("SELECT path FROM sources ORDER BY source LIMIT 4")]
    names = [Path(path.partition(" ")[0]).name or path for path in paths]
    return ", ".join(names[:3]) + (" and more" if len(names) > 3 else "") if names else "nothing"


def _span(db: sqlite3.Connection) -> str:
    first, last = db.execute("SELECT min(month), max(month) FROM patches").fetchone()
    version = db.execute("SELECT version FROM runs ORDER BY run DESC LIMIT 1").fetchone()
    rules = db.execute(
        "SELECT count(*) FROM rules WHERE rulebook = (SELECT rulebook FROM tasks WHERE rulebook IS NOT NULL"
        " ORDER BY task DESC LIMIT 1)"
    ).fetchone()
    words = f"Patches of {first} to {last}" if first else "No dated patches"
    words += f", judged by {rules[0]} rules of hunklint {version[0] if version else ''}."
    if db.execute("SELECT 1 FROM tasks WHERE state <> 'done' LIMIT 1").fetchone():
        words += " The audit is not finished."
    return words


def _tiles(db: sqlite3.Connection) -> str:
    totals = db.execute(
        "SELECT messages, copies, reviews, patches, series, works, findings, remarks, skipped_messages FROM totals"
    ).fetchone()
    unheard = db.execute("SELECT count(*) FROM unaddressed").fetchone()[0]
    fixed = db.execute("SELECT count(*) FROM vanished").fetchone()[0]
    names = (
        "messages",
        "copies",
        "reviews",
        "patches",
        "series",
        "works (all versions)",
        "findings",
        "remarks",
        "skipped",
    )
    shown = [*zip(names, totals, strict=True), ("findings fixed later", fixed), ("remarks unaddressed", unheard)]
    return '<div class="tiles">' + "".join(
        f'<div class="tile"><b>{number(value)}</b>{escape(name)}</div>' for name, value in shown
    ) + "</div>\n"  # fmt: skip


def _section(id: str, title: str, body: str) -> str:
    return f'<section><h2 id="{id}">{escape(title)}</h2>\n{body}</section>\n'


def _by_rule(db: sqlite3.Connection) -> str:
    rows = db.execute(
        "SELECT rule, fixed, persists, dropped, last + (findings - fixed - persists - dropped - last)"
        " FROM by_rule LIMIT 40"
    ).fetchall()
    chart = bar_chart(
        [
            Bar(
                rule,
                tuple((name, value) for (name, _), value in zip(FATES, values, strict=True)),
                ", ".join(f"{value} {name}" for value, (name, _) in zip(values, FATES, strict=True) if value),
                f"#rule:{rule}",
            )
            for rule, *values in rows
        ],
        "Findings by rule",
    )
    key = '<p class="key soft">' + "".join(f'<span><i class="{n}"></i>{escape(t)}</span>' for n, t in FATES) + "</p>"
    return _section("rules", "Findings by rule", chart + key + rules_table(db))


def _by_subsystem(db: sqlite3.Connection) -> str:
    rows = db.execute(
        "SELECT subsystem, findings, patches, per_patch FROM by_subsystem WHERE findings > 0 LIMIT 18"
    ).fetchall()
    made = [
        Bar(
            name or "(none)",
            (("findings", found),),
            f"{found} findings in {patches} patches, {per} a patch",
            f"#find:{name}/" if name else "",
        )
        for name, found, patches, per in rows
    ]
    return _section("subsystems", "Findings by subsystem", bar_chart(made, "Findings by subsystem", HALF))


def _by_month(db: sqlite3.Connection) -> str:
    rows = db.execute("SELECT month, patches, findings FROM by_month WHERE month IS NOT NULL").fetchall()
    patches = column_chart([(month, n) for month, n, _ in rows], "Patches by month", "patches")
    share = column_chart([(month, 100.0 * f / n) for month, n, f in rows], "Findings by month", "findings")
    body = f'<p class="soft">Patches</p>{patches}<p class="soft">Findings for each 100 patches</p>{share}'
    return _section("months", "By month", body)
