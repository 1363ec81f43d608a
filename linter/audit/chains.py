"""Series to chains of versions: which earlier series a later one continues.

Versions are tied together by what people do: a change-id, an answer to the older thread, a link to it in the cover
letter, equal titles, the same files under a similar title. Each of these can mislead (a link may name a dependency, a
title may be used twice), so they are weighed together, and the earlier series with most on its side is taken.

People change addresses, send through relays, and number badly: a sender is known by address or full name, and a
version may be missing. A part that is sent once more on its own does not stand between a version and the next.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from linter.record import field, record

MONTHS_APART = 24
"""Months after which equal titles are no longer the same work."""
SOON_DAYS = 150
"""Days within which the same files by the same sender may be a next version under another title."""
LATE_DAYS = 300
"""The same under nearly the same title."""
NOW_DAYS = 45
"""Days within which a new version may have another title and only a part of the files."""
WEIGHTS = {"change-id": 8.0, "titles": 5.0, "reply": 3.0, "cited": 2.5, "files": 2.0}
NEXT_VERSION = 0.5  # what is gained by being exactly one version older
ENOUGH = 2.0
_SHARED = frozenset({"Kconfig", "Makefile", "Kbuild", "MAINTAINERS"})
_OURS = "(s.address = :address OR (s.author = :author AND s.author LIKE '% %'))"
_RFC = "EXISTS (SELECT 1 FROM patches r WHERE r.patch = s.series AND r.prefixes LIKE '%RFC%')"
# numbers begin anew when a request for comments becomes a patch
_VERSION = f"CASE WHEN NOT :rfc AND {_RFC} THEN 0 ELSE s.version END"
# [PATCH AUTOSEL 6.1 03/20], [PATCH 6.1 012/230]: what goes to a stable tree is no version of the work
_BACKPORT = (
    "EXISTS (SELECT 1 FROM patches r WHERE r.patch = s.series AND (r.prefixes LIKE '%AUTOSEL%'"
    " OR ' ' || r.prefixes || ' ' GLOB '* [2-9].[0-9]* *'))"
)
# a part of a version that was sent again is no next version
_TAKEN = (
    "(next IS NOT NULL AND NOT EXISTS (SELECT 1 FROM series n WHERE n.series = s.next AND n.version = s.version"
    " AND n.seen < s.seen))"
)
# How long these take must not grow with all that one person ever sent: an index gives the title, or the span of time.
OF_TITLE = f"SELECT series FROM series s WHERE title_key = :key AND date < :date AND {_OURS}"
OF_LATE = (
    f"SELECT series, {_VERSION}, :day - julianday(date) FROM series s WHERE {_OURS} AND {_VERSION} <= :version"
    f" AND date < :date AND date > date(:date, '-{LATE_DAYS + 1} days')"
    f" AND julianday(date) > :day - {LATE_DAYS} AND NOT {_TAKEN} ORDER BY series"
)


@record
class _Series:
    series: int
    version: int
    address: str
    author: str
    date: str
    day: float  # julian
    seen: int  # patches
    rfc: bool

    def is_by(self, address: str, author: str) -> bool:
        """Whether a sender is the same person: one address, or one name of two words at least."""
        return address == self.address or (author == self.author and " " in author)


@record(frozen=False)
class _Candidate:
    """An earlier series, and what speaks for it."""

    version: int
    ours: bool  # of the same sender
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
        "SELECT series, version, coalesce(address, ''), coalesce(author, ''), coalesce(date, ''),"
        f" coalesce(julianday(date), 0), seen, {_RFC}, {_BACKPORT}"
        " FROM series s ORDER BY coalesce(date, ''), version, series"
    )
    for *row, backport in db.execute(sql):
        one = _Series(*row)
        found = _previous(db, one) if one.date and not backport else None
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
    best: tuple[float, int, str, int] | None = None
    for series, candidate in candidates.items():
        rank = (candidate.score(one.version), min(candidate.seen, one.seen), candidate.date, series)
        if candidate.reasons and rank[0] >= ENOUGH and (best is None or rank > best):
            best = rank
    return None if best is None else (best[3], candidates[best[3]].reason)


def _candidate(db: sqlite3.Connection, one: _Series, series: int) -> _Candidate | None:
    """An earlier series that has no next version yet, and may be continued by this one."""
    sql = (
        f"SELECT {_VERSION}, coalesce(address, ''), coalesce(author, ''), date, seen, julianday(date),"
        f" {_TAKEN} OR {_BACKPORT} FROM series s WHERE series = :series"
    )
    row = db.execute(sql, {"series": series, "rfc": one.rfc}).fetchone()
    if row is None or series == one.series or row[3] is None or row[6]:
        return None
    version, address, author, date, seen, day, _ = row
    if version > one.version or date > one.date or one.day - day > MONTHS_APART * 31:
        return None
    return _Candidate(version, one.is_by(address, author), date, seen)


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
        f" WHERE m.message_id = :name AND {_OURS}"
    )
    who = {"address": one.address, "author": one.author}
    found = {row[0] for name in names for row in db.execute(sql, {"name": name, **who})} - {one.series}
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
    """Equal titles: of the same sender or author any, of another only most of them and as the very next version."""
    sql = (
        "SELECT q.series, count(DISTINCT q.title_key), min(q.address IS p.address OR q.author IS p.author)"
        " FROM patches p JOIN patches q ON q.title_key = p.title_key"
        " WHERE p.series = ? AND q.series <> p.series AND p.title_key LIKE '% % %' GROUP BY q.series"
    )
    for series, shared, written in db.execute(sql, (one.series,)):
        made = candidates.get(series) or _candidate(db, one, series)
        if made is None:
            continue
        most = shared * 2 >= min(made.seen, one.seen)
        if made.ours:
            fits = most or made.version < one.version
        elif written and made.version < one.version:  # somebody else sends a part of it on
            fits = shared * 2 >= one.seen
        else:
            fits = made.version == one.version - 1 and shared * 2 >= max(made.seen, one.seen)
        if fits:
            candidates[series] = made
            share = shared / min(made.seen, one.seen)
            made.reasons["titles"] = WEIGHTS["titles"] * (0.4 + 0.6 * min(1.0, share))
            if not made.ours:
                made.reasons["titles"] /= 2  # rather an older version of the same sender
    key = db.execute("SELECT title_key FROM series WHERE series = ?", (one.series,)).fetchone()[0] or ""
    if key.count(" ") >= 2:
        who = {"address": one.address, "author": one.author, "date": one.date, "key": key}
        _note(db, one, candidates, "titles", [row[0] for row in db.execute(OF_TITLE, who)])


def _weigh_files(db: sqlite3.Connection, one: _Series, candidates: dict[int, _Candidate]) -> None:
    """Earlier versions by the same sender, soon before, on much the same files under a similar title."""
    who = {key: getattr(one, key) for key in ("address", "author", "version", "date", "day", "rfc")}
    rows = db.execute(OF_LATE, who).fetchall() if one.version > 1 else []
    mine = _paths(db, one.series) if rows else frozenset()
    for series, version, days in rows:
        theirs = _paths(db, series)
        both = len(mine & theirs)
        same = both / len(mine | theirs) if both else 0.0
        inside = both / min(len(mine), len(theirs)) if both else 0.0
        like = _title_likeness(db, one.series, series)
        if _continues(one.version - version, days, same, inside, like):
            _note(db, one, candidates, "files", [series])
            if series in candidates:
                candidates[series].reasons["files"] += (like + same) / 5


def _continues(steps: int, days: float, same: float, inside: float, like: float) -> bool:
    """Whether so many versions and days later, with so many files and words in common, it is the same work."""
    if steps == 0:  # sent again, with a word changed
        return days < 7 and same >= 0.8 and like >= 0.8
    if days > SOON_DAYS:
        return steps == 1 and same >= 0.5 and like >= 0.8
    if steps == 1:
        if like >= (0.6 if inside else 0.8) or (same >= 0.3 and like >= 0.25) or (same == 1.0 and like >= 0.1):
            return True
        if same == 1.0 and days < 7:
            return True
        if days <= NOW_DAYS and inside >= 0.5 and like >= 0.15:
            return True
    return days <= 2 * NOW_DAYS and same >= 0.5 and like >= 0.5


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    """How much of two sets is common to both."""
    return len(one & other) / len(one | other) if one | other else 0.0


def _title_likeness(db: sqlite3.Connection, one: int, other: int) -> float:
    """How alike the most similar two titles of two series are, by their words; cover letters have titles as well."""
    sql = (
        "SELECT title_key FROM patches WHERE series = :one UNION SELECT title_key FROM series WHERE series = :one"
        " LIMIT 40"
    )
    ours = [frozenset(row[0].split()) for row in db.execute(sql, {"one": one})]
    theirs = [frozenset(row[0].split()) for row in db.execute(sql, {"one": other})]
    return max((_share(a, b) for a in ours for b in theirs), default=0.0)


def _paths(db: sqlite3.Connection, series: int) -> frozenset[str]:
    """The files of a series, those that half of all patches touch left out where there are others."""
    sql = "SELECT DISTINCT f.path FROM files f JOIN patches p USING (patch) WHERE p.series = ? AND f.path IS NOT NULL"
    paths = frozenset(row[0] for row in db.execute(sql, (series,)))
    telling = frozenset(path for path in paths if path.rpartition("/")[2] not in _SHARED)
    return telling or paths
