"""Patches to series, series to chains of versions.

A later version is tied to an earlier one by what people do, surest first: a change-id, an answer to the older thread,
a link to it in the cover letter, the same titles by the same author, the same files by the same author soon after.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

MONTHS_APART = 24
"""Months after which equal titles are no longer the same work."""
SOON_DAYS = 120
"""Days within which the same files by the same author may be a next version under another title."""


@dataclass(frozen=True, slots=True)
class _Series:
    series: int
    version: int
    total: int
    address: str
    date: str
    day: float  # julian
    title_key: str


def build_series(db: sqlite3.Connection) -> None:
    """One row for each series: the patches of one task, and what arrived late of the same thread and version."""
    db.execute("DELETE FROM series")
    db.execute("UPDATE patches SET series = NULL WHERE series IS NOT NULL")
    mails = "p.superseded IS NULL AND p.commit_id IS NULL AND p.quoted = 0"
    # patches of one message that holds several mails are not each other's series
    db.execute(
        "UPDATE patches AS p SET series = CASE WHEN coalesce(total, 1) > 1 THEN (SELECT min(q.patch) FROM patches q"
        " JOIN messages n ON n.message = q.message WHERE n.task = (SELECT task FROM messages WHERE message = p.message)"
        " AND q.version = p.version AND q.total = p.total AND q.quoted = 0) ELSE patch END"
        f" WHERE {mails}"
    )
    _join_latecomers(db)
    db.execute(
        "INSERT INTO series (series, title, author, address, date, month, version, total, seen)"
        " SELECT p.series, p.title, p.author, p.address, min(p.date), min(p.month), p.version,"
        " coalesce(p.total, 1), count(*) FROM patches p WHERE p.series IS NOT NULL GROUP BY p.series"
    )
    db.execute(
        "UPDATE series SET title = c.title, author = coalesce(c.sender, series.author),"
        " address = coalesce(c.address, series.address)"
        " FROM (SELECT p.series AS id, m.subject AS title, m.sender, m.address FROM messages m JOIN messages n"
        " ON n.task = m.task JOIN patches p ON p.message = n.message WHERE m.cover = 1 AND p.series IS NOT NULL"
        " GROUP BY p.series) AS c WHERE series.series = c.id"
    )


def _join_latecomers(db: sqlite3.Connection) -> None:
    """A patch that came after its series was closed belongs to the series that its thread names."""
    sql = (
        "SELECT p.patch, p.series, p.version, p.total, p.idx, m.parents FROM patches p JOIN messages m USING (message)"
        " WHERE p.series IS NOT NULL AND p.total > 1 AND m.parents <> '' ORDER BY p.patch"
    )
    for patch, series, version, total, index, parents in db.execute(sql).fetchall():
        for name in parents.split()[:4]:
            row = db.execute(
                "SELECT min(q.series) FROM messages a JOIN messages b ON b.task = a.task JOIN patches q"
                " ON q.message = b.message WHERE a.message_id = ? AND q.version = ? AND q.total = ?",
                (name, version, total),
            ).fetchone()
            target = row[0] if row else None
            if target is None or target >= series:
                continue
            taken = db.execute("SELECT 1 FROM patches WHERE series = ? AND idx IS ?", (target, index)).fetchone()
            if taken is None:
                db.execute("UPDATE patches SET series = ? WHERE patch = ?", (target, patch))
            break


def chain_versions(db: sqlite3.Connection) -> None:
    """Tie each series to the version before it, and number the chains."""
    db.execute("CREATE INDEX IF NOT EXISTS series_address ON series (address, date)")
    sql = (
        "SELECT series, version, total, coalesce(address, ''), coalesce(date, ''), coalesce(julianday(date), 0), title"
        " FROM series ORDER BY coalesce(date, ''), version, series"
    )
    taken: set[int] = set()
    for row in db.execute(sql):
        one = _Series(row[0], row[1], row[2], row[3], row[4], row[5], row[6])
        found = _previous(db, one)
        if found is None:
            db.execute("UPDATE series SET chain = series WHERE series = ?", (one.series,))
            continue
        before, why = found
        db.execute(
            "UPDATE series SET previous = ?, link = ?, chain = (SELECT chain FROM series WHERE series = ?)"
            " WHERE series = ?",
            (before, why, before, one.series),
        )
        if before not in taken:
            db.execute("UPDATE series SET next = ? WHERE series = ?", (one.series, before))
    del taken


def _previous(db: sqlite3.Connection, one: _Series) -> tuple[int, str] | None:
    if not one.date:
        return None
    for why, candidates in (
        ("change-id", _by_change_id(db, one)),
        ("reply", _by_reply(db, one)),
        ("cited", _by_citation(db, one)),
        ("titles", _by_titles(db, one)),
        ("files", _by_files(db, one)),
    ):
        best = _latest(db, one, candidates)
        if best is not None:
            return best, why
    return None


def _latest(db: sqlite3.Connection, one: _Series, candidates: Iterable[int]) -> int | None:
    """Of several candidates the last one that came before, and has no next version yet."""
    best: tuple[int, str, int] | None = None
    for series in set(candidates):
        row = db.execute(
            "SELECT version, date, next, coalesce(julianday(date), 0) FROM series WHERE series = ?", (series,)
        ).fetchone()
        if row is None or series == one.series or row[1] is None or row[2] is not None:
            continue
        version, date, _, day = row
        again = version == one.version and date < one.date  # sent again under the same number
        if not (version < one.version or again) or date > one.date or one.day - day > MONTHS_APART * 31:
            continue
        if best is None or (version, date, series) > best:
            best = (version, date, series)
    return None if best is None else best[2]


def _by_change_id(db: sqlite3.Connection, one: _Series) -> list[int]:
    ids = {
        row[0]
        for row in db.execute(
            "SELECT m.change_id FROM messages m WHERE m.change_id IS NOT NULL AND m.task IN"
            " (SELECT n.task FROM patches p JOIN messages n USING (message) WHERE p.series = ?)",
            (one.series,),
        )
    }
    found: list[int] = []
    for change_id in ids:
        # Gerrit's Change-Id names one commit and may be carried along by anybody; b4's names a series
        sql = (
            "SELECT DISTINCT p.series FROM messages m JOIN messages n ON n.task = m.task"
            " JOIN patches p ON p.message = n.message WHERE m.change_id = ? AND p.series IS NOT NULL"
        )
        found += [row[0] for row in db.execute(sql, (change_id,))]
    return found


def _threads(db: sqlite3.Connection, one: _Series, names: Iterable[str]) -> list[int]:
    """Series of the same author that the named messages belong to."""
    found = []
    for name in names:
        sql = (
            "SELECT DISTINCT p.series FROM messages m JOIN messages n ON n.task = m.task"
            " JOIN patches p ON p.message = n.message JOIN series s ON s.series = p.series"
            " WHERE m.message_id = ? AND s.address = ?"
        )
        found += [row[0] for row in db.execute(sql, (name, one.address))]
    return found


def _words_of(db: sqlite3.Connection, one: _Series, column: str) -> list[str]:
    sql = (
        f"SELECT DISTINCT m.{column} FROM messages m WHERE m.{column} <> '' AND m.task IN"
        " (SELECT n.task FROM patches p JOIN messages n USING (message) WHERE p.series = ?)"
    )
    names: dict[str, None] = {}
    for (words,) in db.execute(sql, (one.series,)):
        names.update(dict.fromkeys(words.split()))
    return list(names)


def _by_reply(db: sqlite3.Connection, one: _Series) -> list[int]:
    return _threads(db, one, _words_of(db, one, "parents")) if one.version > 1 else []


def _by_citation(db: sqlite3.Connection, one: _Series) -> list[int]:
    return _threads(db, one, _words_of(db, one, "links")) if one.version > 1 else []


def _by_titles(db: sqlite3.Connection, one: _Series) -> list[int]:
    """Series that share a title; by another author only as the very next version."""
    sql = (
        "SELECT q.series, count(DISTINCT q.title_key) AS shared FROM patches p JOIN patches q"
        " ON q.title_key = p.title_key JOIN series s ON s.series = q.series WHERE p.series = ? AND q.series <> p.series"
        " AND p.title_key LIKE '% % %' AND (s.address = ? OR q.address = p.address OR s.version = ? - 1)"
        " GROUP BY q.series"
    )
    return [row[0] for row in db.execute(sql, (one.series, one.address, one.version))]


def _by_files(db: sqlite3.Connection, one: _Series) -> list[int]:
    """The version before, by the same author, soon before, on exactly the same files, under a similar title."""
    if one.version < 2:
        return []
    sql = (
        "SELECT s.series, s.title FROM series s WHERE s.address = ? AND s.version = ? AND s.date < ?"
        " AND julianday(s.date) > ? AND s.next IS NULL ORDER BY s.series"
    )
    mine = _paths(db, one.series)
    rows = db.execute(sql, (one.address, one.version - 1, one.date, one.day - SOON_DAYS)).fetchall()
    return [row[0] for row in rows if mine and _paths(db, row[0]) == mine]


def _paths(db: sqlite3.Connection, series: int) -> frozenset[str]:
    sql = "SELECT DISTINCT f.path FROM files f JOIN patches p USING (patch) WHERE p.series = ?"
    return frozenset(row[0] for row in db.execute(sql, (series,)))
