"""What became of findings and remarks in the next version: fixed, still there, dropped with its file, or unknown."""

from __future__ import annotations

import sqlite3

from linter.audit.changed import ChangedLines
from linter.audit.stretches import walk
from linter.pattern import lazy

# lines that stand in every other function: that the next version has one says nothing
_COMMON = lazy(r"[\W\d_]*(?:return|break|continue|else|default|endif|goto \w+|return ret|return err)?[\W\d_]*")
Found = tuple[int, str, int, str, str | None, int]  # patch, rule, n, fingerprint, path, version


def judge_chains(db: sqlite3.Connection, *, remarks: bool = True) -> None:
    """Walk every chain from its first version to its last; without `remarks`, only findings are looked at."""
    db.execute("UPDATE findings SET fate = NULL, since = NULL, fixed_in = NULL")
    if remarks:
        db.execute("UPDATE remarks SET addressed = 'unknown' WHERE patch IS NOT NULL")
    # series without another version, in one stroke: nearly all
    alone = (
        "SELECT patch FROM patches WHERE series IN (SELECT series FROM series WHERE previous IS NULL AND next IS NULL)"
    )
    db.execute(
        "UPDATE findings SET fate = 'last', since = (SELECT version FROM patches p WHERE p.patch = findings.patch)"
        f" WHERE patch IN ({alone})"
    )
    if remarks:
        db.execute(f"UPDATE remarks SET addressed = 'last' WHERE patch IN ({alone})")
    chains = "SELECT DISTINCT chain FROM series WHERE chain > ? AND previous IS NOT NULL ORDER BY chain"
    for (chain,) in walk(db, chains):
        _judge_chain(db, chain, remarks)


def _judge_chain(db: sqlite3.Connection, chain: int, remarks: bool) -> None:
    order = "SELECT series, version, next FROM series WHERE chain = ? ORDER BY version, date, series"
    since: dict[str, int] = {}
    for series, version, later in db.execute(order, (chain,)).fetchall():
        found = _findings(db, series)
        here = {print_: since.get(print_, version) for _, _, _, print_, _, _ in found}
        if later is None:
            _settle(db, [("last", here[f[3]], None, f[0], f[1], f[2]) for f in found])
            mine = "patch IN (SELECT patch FROM patches WHERE series = ?)"
            if remarks:
                db.execute(f"UPDATE remarks SET addressed = 'last' WHERE {mine}", (series,))
        else:
            _compare(db, series, later, found, here)
            if remarks:
                _compare_remarks(db, series, later)
        since = here


def _findings(db: sqlite3.Connection, series: int) -> list[Found]:
    sql = (
        "SELECT f.patch, f.rule, f.n, f.fingerprint, f.path, p.version FROM findings f JOIN patches p USING (patch)"
        " WHERE p.series = ? ORDER BY f.patch, f.rule, f.n"
    )
    return db.execute(sql, (series,)).fetchall()


def _compare(db: sqlite3.Connection, series: int, later: int, found: list[Found], since: dict[str, int]) -> None:
    """One version against the next."""
    (version,) = db.execute("SELECT version FROM series WHERE series = ?", (later,)).fetchone()
    after = {print_ for _, _, _, print_, _, _ in _findings(db, later)}
    paths = _paths(db, later)
    titles = _titles(db, later)
    settled = []
    for patch, rule, n, print_, path, _ in found:
        if print_ in after:
            fate, fixed = "persists", None
        elif path in paths if path is not None else _title(db, patch) in titles:
            fate, fixed = "fixed", version
        else:
            fate, fixed = "dropped", None
        settled.append((fate, since[print_], fixed, patch, rule, n))
    _settle(db, settled)


def _settle(db: sqlite3.Connection, rows: list[tuple[str, int, int | None, int, str, int]]) -> None:
    db.executemany("UPDATE findings SET fate = ?, since = ?, fixed_in = ? WHERE patch = ? AND rule = ? AND n = ?", rows)


def _compare_remarks(db: sqlite3.Connection, series: int, later: int) -> None:
    """A remark was heard if the next version no longer makes the change that it was about."""
    sql = (
        "SELECT r.message, r.n, r.path, r.kind, r.line_key, r.line_text FROM remarks r"
        " JOIN patches p ON p.patch = r.patch WHERE p.series = ? ORDER BY r.message, r.n"
    )
    rows = db.execute(sql, (series,)).fetchall()
    if not rows:
        return
    paths = _paths(db, later)
    made: set[tuple[str | None, int]] = set()  # the changes of the next version, by file
    for patch, packed in db.execute("SELECT patch, lines FROM patches WHERE series = ? AND lines <> ''", (later,)):
        files = dict(db.execute("SELECT n, path FROM files WHERE patch = ?", (patch,)).fetchall())
        made.update((files.get(place), key) for key, place in ChangedLines(packed))
    answers = []
    for message, n, path, kind, key, text in rows:
        if key is None or kind not in ("+", "-") or _COMMON.fullmatch(text or ""):
            said = "unknown"  # on a context line, on none, or on one like so many others: nothing to compare
        elif (path, key) in made:
            said = "unchanged"
        elif path in paths:
            said = "changed"
        else:
            said = "dropped"
        answers.append((said, message, n))
    db.executemany("UPDATE remarks SET addressed = ? WHERE message = ? AND n = ?", answers)


def _paths(db: sqlite3.Connection, series: int) -> set[str]:
    sql = "SELECT DISTINCT f.path FROM files f JOIN patches p USING (patch) WHERE p.series = ?"
    return {row[0] for row in db.execute(sql, (series,))}


def _titles(db: sqlite3.Connection, series: int) -> set[str]:
    return {row[0] for row in db.execute("SELECT title_key FROM patches WHERE series = ?", (series,))}


def _title(db: sqlite3.Connection, patch: int) -> str:
    found: str = db.execute("SELECT title_key FROM patches WHERE patch = ?", (patch,)).fetchone()[0]
    return found
