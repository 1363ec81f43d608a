"""Rules against history: what they say on an archive that was audited, and what people and time said to it.

The archive's database is only read. Findings, their fate and their agreement are computed in temporary tables of the
same names, by the same code that the audit uses.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from linter.audit.database import open_readonly
from linter.audit.executor import Executor
from linter.audit.fates import judge_chains
from linter.audit.model import Answer, Task
from linter.audit.places import load_task, walk_messages
from linter.audit.remarks import NEAR, mark_agreement
from linter.audit.schema import TABLES, VIEWS
from linter.audit.sources import open_sources
from linter.audit.spool import Spool
from linter.record import record

BATCH_ITEMS = 8
FATES = ("fixed", "persists", "dropped", "last")


@record
class Record:
    """How one rule fared on one archive."""

    rule: str
    corpus: str
    patches: int  # of the archive
    findings: int
    fates: dict[str, int]
    reviewed: int  # findings on patches that a person remarked on
    agreed: int  # of these, within three lines of a remark
    by_chance: float  # how many of these would be, if findings fell anywhere in the change


@record
class Sample:
    """One finding to read."""

    rule: str
    title: str
    where: str  # Message-ID or commit
    path: str | None
    line: int | None
    text: str
    message: str
    fate: str | None
    agreed: bool


def open_history(path: str) -> sqlite3.Connection:
    """The database for reading, with empty temporary tables in place of its findings."""
    db = open_readonly(path)
    db.execute("PRAGMA temp_store = FILE")
    for name in ("findings", "unreported"):
        found = re.search(rf"CREATE TABLE IF NOT EXISTS {name} \(.*?WITHOUT ROWID;", TABLES, re.DOTALL)
        assert found is not None
        db.execute(found[0].replace("TABLE IF NOT EXISTS", "TEMP TABLE"))
    db.execute(f"CREATE TEMP VIEW judged_findings AS {VIEWS['judged_findings'][1]}")
    return db


def is_recorded(db: sqlite3.Connection, digests: dict[str, str]) -> bool:
    """Whether the audit ran exactly these rules on everything, so that nothing need be judged again."""
    sets = [row[0] for row in db.execute("SELECT DISTINCT rulebook FROM tasks")]
    for number in sets:
        known = dict(db.execute("SELECT rule, digest FROM rules WHERE rulebook IS ?", (number,)).fetchall())
        if any(known.get(rule) != digest for rule, digest in digests.items()):
            return False
    return bool(sets)


def take_recorded(db: sqlite3.Connection, rules: frozenset[str]) -> None:
    """Use the findings that the audit made."""
    for rule in sorted(rules):
        db.execute("INSERT INTO temp.findings SELECT * FROM main.findings WHERE rule = ?", (rule,))


def judge_again(
    db: sqlite3.Connection, rules: frozenset[str], executor: Executor, spool: Spool, progress: Callable[[int], None]
) -> int:
    """Judge every message of the archive by these rules; returns how many tasks failed."""
    failed = done = 0
    batch: list[Task] = []

    def collect() -> None:
        nonlocal failed, done
        tasks, answers = executor.next()
        for task, answer in zip(tasks, answers, strict=True):
            spool.release(item.number for item in task.items)
            done += len(task.items)
            if isinstance(answer, Answer):
                _insert(db, answer.findings)
            else:
                failed += 1
        progress(done)

    def flush() -> None:
        nonlocal batch
        spool.flush()
        executor.submit(batch)
        batch = []
        while executor.pending >= executor.capacity:
            collect()

    for task in _tasks(db, rules, spool):
        batch.append(task)
        if sum(len(one.items) for one in batch) >= BATCH_ITEMS:
            flush()
    if batch:
        flush()
    while executor.pending:
        collect()
    return failed


def _tasks(db: sqlite3.Connection, rules: frozenset[str], spool: Spool) -> Iterator[Task]:
    """All tasks, those of packed archives while these are unpacked once more."""
    last = -1
    while rows := db.execute("SELECT task FROM tasks WHERE task > ? ORDER BY task LIMIT 500", (last,)).fetchall():
        for (number,) in rows:
            task = load_task(db, number, rules, spool.places)
            if task is not None:
                yield task
        last = rows[-1][0]
    packed = db.execute("SELECT source, path FROM sources WHERE kind = 'packed' ORDER BY source").fetchall()
    for source, path in packed:
        entries = open_sources([path])[0].entries("")
        for message, number, _ in walk_messages(db, source, -1):
            entry = next(entries)
            if number is not None:
                spool.add(message, entry.raw)
                task = load_task(db, number, rules, spool.places)
                if task is not None:
                    yield task


def _insert(db: sqlite3.Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        names = list(rows[0])
        sql = f"INSERT OR REPLACE INTO temp.findings ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        db.executemany(sql, [tuple(row[name] for name in names) for row in rows])


def score(db: sqlite3.Connection, rules: frozenset[str], corpus: str | None = None) -> list[Record]:
    """Compute fate and agreement, and count."""
    judge_chains(db, remarks=False)
    mark_agreement(db)
    name = corpus or corpus_name(db)
    patches = db.execute("SELECT count(*) FROM patches WHERE superseded IS NULL").fetchone()[0]
    return [_record(db, rule, name, patches) for rule in sorted(rules)]


def corpus_name(db: sqlite3.Connection) -> str:
    """The name of the first archive, without what says how it is packed."""
    row = db.execute("SELECT path FROM sources ORDER BY source LIMIT 1").fetchone()
    return Path(row[0].partition(" ")[0]).name.partition(".")[0] if row else "nothing"


def _record(db: sqlite3.Connection, rule: str, corpus: str, patches: int) -> Record:
    counted = dict(
        db.execute("SELECT fate, count(*) FROM judged_findings WHERE rule = ? GROUP BY fate", (rule,)).fetchall()
    )
    reviewed, agreed, chance = db.execute(
        "SELECT count(*), coalesce(sum(agreed), 0), coalesce(sum(min(1.0, near)), 0) FROM (SELECT f.agreed,"
        " ? * (SELECT count(DISTINCT r.path || ':' || r.line) FROM remarks r WHERE r.patch = f.patch"
        " AND r.by = 'reviewer' AND r.line IS NOT NULL) / max(1, p.added + p.removed) AS near"
        " FROM judged_findings f JOIN patches p USING (patch) WHERE f.rule = ? AND f.line IS NOT NULL"
        " AND f.patch IN (SELECT patch FROM remarks WHERE by = 'reviewer' AND line IS NOT NULL))",
        (2.0 * NEAR + 1, rule),
    ).fetchone()
    fates = {fate: counted.get(fate, 0) + (counted.get(None, 0) if fate == "last" else 0) for fate in FATES}
    return Record(rule, corpus, patches, sum(counted.values()), fates, reviewed, agreed, round(chance, 1))


def take_samples(db: sqlite3.Connection, rule: str, count: int) -> list[Sample]:
    """Findings to read, spread over the archive, the same at every run."""
    total = db.execute("SELECT count(*) FROM judged_findings WHERE rule = ?", (rule,)).fetchone()[0]
    step = max(1, total // max(count, 1))
    sql = (
        "SELECT title, coalesce(message_id, (SELECT commit_id FROM patches p WHERE p.patch = f.patch), ''), path, line,"
        " text, message, fate, agreed FROM judged_findings f WHERE rule = ? ORDER BY patch, n"
    )
    rows = db.execute(sql, (rule,)).fetchall()[::step][:count]
    return [
        Sample(rule, title, where, path, line, text, message, fate, bool(agreed))
        for title, where, path, line, text, message, fate, agreed in rows
    ]
