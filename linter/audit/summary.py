"""An audit in a dozen lines of text."""

from __future__ import annotations

import sqlite3


def summarize(db: sqlite3.Connection) -> str:
    """Totals, the commonest rules, and what was not analysed."""
    names = [row[1] for row in db.execute("PRAGMA table_info(totals)")]
    totals = dict(zip(names, db.execute("SELECT * FROM totals").fetchone(), strict=True))
    lines = [
        f"{totals['messages']} messages: {totals['copies']} copies, {totals['reviews']} reviews that quote a patch,"
        f" {totals['skipped_messages']} skipped",
        f"{totals['patches']} patches in {totals['series']} series ({totals['works']} when versions are put together)",
        f"{totals['findings']} findings, {totals['remarks']} remarks of reviewers,"
        f" {_count(db, 'SELECT count(*) FROM unaddressed')} of them on lines that the next version left as they were",
        "",
        f"{'rule':36} {'findings':>8} {'fixed':>6} {'kept':>6} {'agreed':>7}",
    ]
    sql = "SELECT rule, findings, fixed, persists, agreed FROM by_rule LIMIT 20"
    lines += [f"{rule:36} {n:8} {fixed:6} {kept:6} {agreed:7}" for rule, n, fixed, kept, agreed in db.execute(sql)]
    skipped = db.execute("SELECT stage, why, times FROM not_analysed LIMIT 5").fetchall()
    if skipped:
        lines += ["", "not analysed:"] + [f"{times:8} {stage}: {reason}" for stage, reason, times in skipped]
    if _count(db, "SELECT count(*) FROM tasks WHERE state <> 'done'"):
        lines += ["", "The audit is not finished: run it again with the same command."]
    return "\n".join(lines) + "\n"


def _count(db: sqlite3.Connection, sql: str) -> int:
    found: int = db.execute(sql).fetchone()[0]
    return found
