"""Patches to series: those that were judged together, those that came late, and those that were sent unthreaded."""

from __future__ import annotations

import sqlite3

from linter.audit.rows import title_key
from linter.audit.stretches import walk
from linter.pattern import lazy
from linter.record import record

# what mailing lists and relays add to a name: "Ann Author via B4 Relay", "'Ann Author' via list"
_VIA = lazy(r"^'?(.+?)'? via [\w .-]{2,60}$")
_PREFIX = lazy(r"^(?:\s*\[[^\]]{0,200}\])+\s*")

SENT_TOGETHER_MINUTES = 30
"""Minutes within which parts of one series are sent, where they are not threaded."""
SENT_AT_ONCE_MINUTES = 5
"""The same where subjects name different versions: people number the patches of one series one by one."""
COMPLETED_MINUTES = 1440
"""The same where the parts are exactly those that lack: a mail server let only some through."""
MAX_NEAR = 16


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
    _join_unthreaded(db)
    db.execute(
        "INSERT INTO series (series, title, title_key, author, address, date, month, version, total, seen)"
        " SELECT p.series, p.title, p.title_key, p.author, p.address, min(p.date), min(p.month), p.version,"
        " coalesce(p.total, 1), max(1, count(DISTINCT CASE WHEN p.idx > 0 THEN p.idx END)) FROM patches p"
        " WHERE p.series IS NOT NULL GROUP BY p.series"
    )
    db.execute(
        "UPDATE series SET title = c.title, author = coalesce(c.sender, series.author),"
        " address = coalesce(c.address, series.address), version = coalesce(c.version, series.version)"
        " FROM (SELECT p.series AS id, m.subject AS title, m.sender, m.address, m.version FROM messages m"
        " JOIN messages n ON n.task = m.task JOIN patches p ON p.message = n.message"
        " WHERE m.cover = 1 AND p.series IS NOT NULL GROUP BY p.series) AS c WHERE series.series = c.id"
    )
    sql = "SELECT series, title, author FROM series WHERE series > ? AND (title LIKE '[%' OR author LIKE '% via %')"
    for series, title, author in walk(db, sql + " ORDER BY series"):
        key, name = title_key(_PREFIX.sub("", title)), _VIA.sub(r"\1", author or "")
        db.execute("UPDATE series SET title_key = ?, author = ? WHERE series = ?", (key, name or None, series))


def _join_latecomers(db: sqlite3.Connection) -> None:
    """A patch that came after its series was closed belongs to the series that its thread names."""
    sql = (
        "SELECT p.patch, p.series, p.version, p.total, p.idx, m.parents FROM patches p JOIN messages m USING (message)"
        " WHERE p.patch > ? AND p.series IS NOT NULL AND p.total > 1 AND m.parents <> '' ORDER BY p.patch"
    )
    for patch, series, version, total, index, parents in walk(db, sql):
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


def _join_unthreaded(db: sqlite3.Connection) -> None:
    """Parts of one series that were sent one soon after the other, in threads of their own or as several versions."""
    db.execute("CREATE TEMP TABLE part (series INTEGER PRIMARY KEY, sender, version, total, day, indices)")
    db.execute(
        "INSERT INTO part SELECT p.series, m.address, p.version, p.total, julianday(min(m.date)),"
        " group_concat(DISTINCT p.idx) FROM patches p JOIN messages m USING (message) WHERE p.series IS NOT NULL"
        " AND p.total > 1 AND m.date IS NOT NULL AND m.address IS NOT NULL GROUP BY p.series HAVING count(*) < p.total"
    )
    sql = "SELECT series, version, day, indices, sender, total FROM part ORDER BY sender, total, day, series"
    near: list[_Part] = []  # incomplete series of one sender, sent within the last minutes
    whose: tuple[str, int] | None = None
    for series, version, day, indices, sender, total in db.execute(sql):
        if whose != (sender, total):
            whose, near = (sender, total), []
        near = [part for part in near if day - part.day < COMPLETED_MINUTES / 1440][-MAX_NEAR:]
        mine = set(indices.split(","))
        found = next((part for part in near if part.takes(version, day, mine, total)), None)
        if found is None:
            near.append(_Part(series, version, day, mine))
        else:
            found.indices.update(mine)
            db.execute("UPDATE patches SET series = ? WHERE series = ?", (found.series, series))
    db.execute("DROP TABLE part")


@record
class _Part:
    """A series some of whose patches are not there."""

    series: int
    version: int
    day: float  # julian
    indices: set[str]

    def takes(self, version: int, day: float, indices: set[str], total: int) -> bool:
        """Whether other parts are of this series."""
        if self.indices & indices:
            return False
        soon = SENT_TOGETHER_MINUTES if version == self.version else SENT_AT_ONCE_MINUTES
        enough = version == self.version and len(self.indices) + len(indices) >= total
        if enough and {*self.indices, *indices}.issuperset(map(str, range(1, total + 1))):
            soon = COMPLETED_MINUTES
        return (day - self.day) * 1440 < soon
