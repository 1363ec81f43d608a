"""Runs an audit with the stand-in worker: from a test, or as a process that a test can kill."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

from linter.audit.executor import Executor
from linter.audit.model import Tally
from linter.audit.pool import Limits, Pool
from linter.audit.run import AuditRun, Plan, Stopped
from linter.audit.sources import Source, open_sources
from linter.audit.spool import Spool
from linter.audit.store import Store
from tests.audit.standin import TARGET, StandinJob


def audit(
    db: Path | str,
    names: list[str],
    *,
    job: StandinJob | None = None,
    executor: Executor | None = None,
    jobs: int = 1,
    limits: Limits | None = None,
    sources: list[Source] | None = None,
    by_content: bool = True,
    commit_messages: int = 8,
    git_range: str | None = None,
) -> Tally:
    """Audit archives with the stand-in; the same steps as `linter.audit.command`."""
    job = job or StandinJob()
    digests = {f"word-{word}": "1" for word in job.words}
    store = Store(str(db))
    spool = Spool(Path(f"{db}.spool"))
    tally = Tally()
    pool = executor or Pool(TARGET, job, jobs, limits or Limits(10, 1024))
    try:
        related = {rule: frozenset({rule}) for rule in digests}
        rows = [
            {"rule": rule, "digest": digest, "related": rule, "title": rule} for rule, digest in sorted(digests.items())
        ]
        rulebook = store.rulebook(" ".join(sorted(digests)), rows)
        run = store.begin_run("test")
        plan = Plan(rulebook, digests, related, by_content, commit_messages)
        outcome = "finished"
        try:
            AuditRun(store, pool, plan, spool, tally=tally).run(sources or open_sources(names, git_range))
        except Stopped:
            outcome = "stopped"
        store.end_run(run, outcome)
    finally:
        pool.close()
        store.close()
        spool.close()
    return tally


def dump(db: Path | str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but `runs`, in order."""
    connection = sqlite3.connect(db)
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    tables = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names if name != "runs"}
    connection.close()
    return {name: sorted(rows, key=repr) for name, rows in tables.items()}


if __name__ == "__main__":
    limits = Limits(float(sys.argv[4]), 1024) if len(sys.argv) > 4 else None
    audit(sys.argv[1], [sys.argv[3]], job=StandinJob(pause=float(sys.argv[2])), jobs=2, limits=limits)
