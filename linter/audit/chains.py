"""Series to chains of versions: which earlier series a later one continues.

Versions are tied together by what people do: a change-id, an answer to the older thread, a link to it in the cover
letter, equal titles, the same files under a similar title. Each of these can mislead (a link may name a dependency, a
title may be used twice), so they are weighed together, and the earlier series with most on its side is taken.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from linter.record import field, record

MONTHS_APART = 24
"""Months after which equal titles are no longer the same work."""
SOON_DAYS = 150
"""Days within which the same files by the same sender may be a next version under another title."""
WEIGHTS = {"change-id": 8.0, "titles": 5.0, "reply": 3.0, "cited": 2.5, "files": 2.0}
NEXT_VERSION = 0.5  # what is gained by being exactly one version older
ENOUGH = 2.0


@record
class _Series:
    series: int
    version: int
    address: str
    date: str
    day: float  # julian
    seen: int  # patches


@record(frozen=False)
class _Candidate:
    """An earlier series, and what speaks for it."""

    version: int
    address: str
    date: str
    seen: int
    reasons: dict[str, float] = field(default_factory=dict)

    def score(self, version: int) -> float:
        return sum(self.reasons.values()) + (NEXT_VERSION if self.version == version - 1 else 0.0)

    @property
    def reason(self) -> str:
        return max(self.reasons, key=lambda name: (self.reasons[name], name))


def chain_versions(db: sqlite3.Connection) -> None:
    """Tie each series to the version before it, and number the chains."""
    sql = (
        "SELECT series, version, coalesce(address, ''), coalesce(date, ''), coalesce(julianday(date), 0), seen"
        " FROM series ORDER BY coalesce(date, ''), version, series"
    )
    for row in db.execute(sql):
        one = _Series(*row)
        found = _previous(db, one) if one.date else None
        if found is None:
            db.execute("UPDATE series SET chain = series WHERE series = ?", (one.series,))
            continue
        before, why = found
        db.execute(
            "UPDATE series SET previous = ?, link = ?, chain = (SELECT chain FROM series WHERE series = ?)"
            " WHERE series = ?",
            (before, why, before, one.series),
        )
        db.execute("UPDATE series SET next = ? WHERE series = ?", (one.series, before))


def _previous(db: sqlite3.Connection, one: _Series) -> tuple[int, str] | None:
    candidates: dict[int, _Candidate] = {}
    _note(db, one, candidates, "change-id", _by_change_id(db, one))
    if one.version > 1:
        for why, column in (("reply", "parents"), ("cited", "links")):
            _note(db, one, candidates, why, _threads(db, one, _words_of(db, one, column)))
    _weigh_titles(db, one, candidates)
    _weigh_files(db, one, candidates)
    best: tuple[float, str, int] | None = None
    for series, candidate in candidates.items():
        rank = (candidate.score(one.version), candidate.date, series)
        if candidate.reasons and rank[0] >= ENOUGH and (best is None or rank > best):
            best = rank
    return None if best is None else (best[2], candidates[best[2]].reason)


def _candidate(db: sqlite3.Connection, one: _Series, series: int) -> _Candidate | None:
    """An earlier series that has no next version yet, and may be continued by this one."""
    sql = "SELECT version, coalesce(address, ''), date, seen, next, julianday(date) FROM series WHERE series = ?"
    row = db.execute(sql, (series,)).fetchone()
    if row is None or series == one.series or row[2] is None or row[4] is not None:
        return None
    version, address, date, seen, _, day = row
    if version > one.version or date > one.date or one.day - day > MONTHS_APART * 31:
        return None
    return _Candidate(version, address, date, seen)


def _note(
    db: sqlite3.Connection, one: _Series, candidates: dict[int, _Candidate], why: str, found: Iterable[int]
) -> None:
    for series in sorted(set(found)):
        if series not in candidates:
            made = _candidate(db, one, series)
            if made is None:
                continue
            candidates[series] = made
        candidates[series].reasons[why] = WEIGHTS[why]


def _by_change_id(db: sqlite3.Connection, one: _Series) -> list[int]:
    sql = (
        "SELECT DISTINCT q.series FROM patches p JOIN messages n ON n.message = p.message JOIN messages m"
        " ON m.task = n.task AND m.change_id IS NOT NULL JOIN messages a ON a.change_id = m.change_id"
        " JOIN messages b ON b.task = a.task JOIN patches q ON q.message = b.message"
        " WHERE p.series = ? AND q.series IS NOT NULL"
    )
    return [row[0] for row in db.execute(sql, (one.series,))]


def _threads(db: sqlite3.Connection, one: _Series, names: Iterable[str]) -> list[int]:
    """Series of the same sender that the named messages belong to, and that touch one file with this one at least."""
    sql = (
        "SELECT DISTINCT p.series FROM messages m JOIN messages n ON n.task = m.task"
        " JOIN patches p ON p.message = n.message JOIN series s ON s.series = p.series"
        " WHERE m.message_id = ? AND s.address = ?"
    )
    found = {row[0] for name in names for row in db.execute(sql, (name, one.address))} - {one.series}
    mine = _paths(db, one.series) if found else frozenset()
    return [series for series in sorted(found) if mine & _paths(db, series)]


def _words_of(db: sqlite3.Connection, one: _Series, column: str) -> list[str]:
    sql = (
        f"SELECT DISTINCT m.{column} FROM messages m WHERE m.{column} <> '' AND m.task IN"
        " (SELECT n.task FROM patches p JOIN messages n USING (message) WHERE p.series = ?)"
    )
    names: dict[str, None] = {}
    for (words,) in db.execute(sql, (one.series,)):
        names.update(dict.fromkeys(words.split()))
    return list(names)


def _weigh_titles(db: sqlite3.Connection, one: _Series, candidates: dict[int, _Candidate]) -> None:
    """Equal titles: of the same sender any, of another only most of them and only as the very next version."""
    sql = (
        "SELECT q.series, count(DISTINCT q.title_key) FROM patches p JOIN patches q ON q.title_key = p.title_key"
        " WHERE p.series = ? AND q.series <> p.series AND p.title_key LIKE '% % %' GROUP BY q.series"
    )
    for series, shared in db.execute(sql, (one.series,)):
        made = candidates.get(series) or _candidate(db, one, series)
        if made is None:
            continue
        most = shared * 2 >= min(made.seen, one.seen)
        if made.address == one.address:
            fits = most or made.version < one.version
        else:
            fits = made.version == one.version - 1 and shared * 2 >= max(made.seen, one.seen)
        if fits:
            candidates[series] = made
            share = shared / min(made.seen, one.seen)
            made.reasons["titles"] = WEIGHTS["titles"] * (0.4 + 0.6 * min(1.0, share))
            if made.address != one.address:
                made.reasons["titles"] /= 2  # rather an older version of the same sender
    sql = "SELECT series FROM series WHERE address = ? AND date < ? AND title_key = ? AND title_key LIKE '% % %'"
    key = db.execute("SELECT title_key FROM series WHERE series = ?", (one.series,)).fetchone()[0]
    equal = [row[0] for row in db.execute(sql, (one.address, one.date, key))]
    _note(db, one, candidates, "titles", equal)


def _weigh_files(db: sqlite3.Connection, one: _Series, candidates: dict[int, _Candidate]) -> None:
    """The version before, by the same sender, soon before, on much the same files under a similar title."""
    if one.version < 2:
        return
    sql = (
        "SELECT series FROM series WHERE address = ? AND version = ? AND date < ? AND julianday(date) > ?"
        " AND next IS NULL ORDER BY series"
    )
    rows = db.execute(sql, (one.address, one.version - 1, one.date, one.day - SOON_DAYS)).fetchall()
    mine = _paths(db, one.series) if rows else frozenset()
    for (series,) in rows:
        theirs = _paths(db, series)
        same = _share(mine, theirs)
        if same == 1.0 or (same >= 0.3 and _title_likeness(db, one.series, series) >= 0.4):
            _note(db, one, candidates, "files", [series])


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    """How much of two sets is common to both."""
    return len(one & other) / len(one | other) if one | other else 0.0


def _title_likeness(db: sqlite3.Connection, one: int, other: int) -> float:
    """How alike the most similar two titles of two series are, by their words."""
    sql = "SELECT title_key FROM patches WHERE series = ? ORDER BY patch LIMIT 40"
    ours = [frozenset(row[0].split()) for row in db.execute(sql, (one,))]
    theirs = [frozenset(row[0].split()) for row in db.execute(sql, (other,))]
    return max((_share(a, b) for a in ours for b in theirs), default=0.0)


def _paths(db: sqlite3.Connection, series: int) -> frozenset[str]:
    sql = "SELECT DISTINCT f.path FROM files f JOIN patches p USING (patch) WHERE p.series = ?"
    return frozenset(row[0] for row in db.execute(sql, (series,)))
