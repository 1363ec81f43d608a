"""What `hunklint audit run` does once its options are read: put the pieces together, run, and say how it went."""

from __future__ import annotations

import sys
from pathlib import Path

from linter.audit.executor import make_executor
from linter.audit.job import Job, related_rules, rule_digests, set_digest
from linter.audit.model import Row, Tally
from linter.audit.pool import Limits, default_jobs
from linter.audit.progress import make_progress
from linter.audit.run import AuditRun, Plan, Stopped
from linter.audit.sources import Source, open_sources
from linter.audit.spool import Spool
from linter.audit.store import Store
from linter.errors import InputError
from linter.record import record
from linter.review.run import Reviewer
from linter.rulebook.model import Rulebook

INTERRUPTED = 130


@record
class RunOptions:
    """How to run, from the command line."""

    db: str
    jobs: int | None = None
    dask: str | None = None
    git_range: str | None = None
    by_content: bool = True
    seconds: float = 60.0
    mebibytes: int = 2048
    spool: str | None = None
    quiet: bool = False
    folders: tuple[str, ...] = ()
    git: str | None = None
    tree: str | None = None
    base: str | None = None
    commit_messages: int = 512


def make_job(reviewer: Reviewer, folders: tuple[str, ...], git: str | None, tree: str | None, base: str | None) -> Job:
    """What workers must know to review as this reviewer does."""
    decisions = reviewer.decisions
    return Job(reviewer.settings, folders, git, tree, base, reviewer.baseline, tuple(decisions.suppressions))


def rule_rows(rulebook: Rulebook, digests: dict[str, str], related: dict[str, frozenset[str]]) -> list[Row]:
    """The rules of a run, for the store."""
    rows = []
    for name, digest in sorted(digests.items()):
        rule = rulebook.rules[name]
        rows.append({
            "rule": name, "digest": digest, "related": " ".join(sorted(related[name])),
            "title": rule.title, "category": rule.category,
            "severity": rule.severity.label, "confidence": rule.confidence.label, "status": rule.status.value,
        })  # fmt: skip
    return rows


def run_audit(names: list[str], reviewer: Reviewer, options: RunOptions) -> int:
    """Audit archives into a database; returns the exit code."""
    problems: list[InputError] = []
    sources = _open(names, options, problems)
    job = make_job(reviewer, options.folders, options.git, options.tree, options.base)
    digests = rule_digests(reviewer.rulebook, job)
    jobs = options.jobs or default_jobs()
    limits = Limits(options.seconds, options.mebibytes)
    store = Store(options.db)
    tally, outcome = Tally(), "failed"
    spool = Spool(Path(options.spool or options.db + ".spool").resolve())
    try:
        related = related_rules(reviewer.rulebook, job)
        rulebook = store.rulebook(set_digest(digests), rule_rows(reviewer.rulebook, digests, related))
        number = store.begin_run(f"dask {options.dask}" if options.dask else f"jobs {jobs}")
        plan = Plan(rulebook, digests, related, options.by_content, options.commit_messages, job.settings.strict)
        executor = make_executor(job, jobs=jobs, dask=options.dask, limits=limits)
        try:
            with make_progress(sum(source.size() for source in sources), quiet=options.quiet) as progress:
                run = AuditRun(store, executor, plan, spool, progress, tally, problems=problems)
                run.run(sources)
            outcome = "finished"
        except Stopped:
            outcome = "stopped"
        finally:
            executor.close()
        store.end_run(number, outcome)
        words = _closing_words(store) if outcome == "finished" else _words_so_far(store)
        store.close()
    except BaseException:
        store.close(keep=False)
        raise
    finally:
        spool.close()
    return _say(outcome, words, options, problems)


def _open(names: list[str], options: RunOptions, problems: list[InputError]) -> list[Source]:
    """The archives; one that cannot be read does not stop the others."""
    sources: list[Source] = []
    for name in names:
        try:
            sources += open_sources([name], options.git_range)
        except InputError as error:
            problems.append(error)
    if not sources:
        raise problems[0]
    return sources


def _closing_words(store: Store) -> str:
    names = ("messages", "copies", "reviews", "patches", "series", "works", "findings", "remarks", "skipped_messages")
    row = store.db.execute(f"SELECT {', '.join(names)} FROM totals").fetchone()
    counted = dict(zip(names, row, strict=True))
    words = (
        "{messages} messages ({copies} copies, {reviews} reviews that quote a patch, {skipped_messages} skipped),"
        " {patches} patches"
    )
    if counted["series"]:  # commits of a history make none
        words += " in {series} series of {works} works"
    return (words + ", {findings} findings, {remarks} remarks of reviewers").format(**counted)


def _words_so_far(store: Store) -> str:
    """What a stopped run can tell: series and the like are put together at the end."""
    row = store.db.execute("SELECT messages, patches, findings FROM totals").fetchone()
    return "{} messages read, {} patches judged, {} findings".format(*row)


def _say(outcome: str, words: str, options: RunOptions, problems: list[InputError]) -> int:
    for problem in problems:
        print(f"error: {problem.title}\nhelp: {problem.help}", file=sys.stderr)
    if outcome == "stopped":
        print(f"stopped, all kept: {words}\nthe same command goes on from here", file=sys.stderr)
        return INTERRUPTED
    if not options.quiet:
        print(f"{options.db}: {words}", file=sys.stderr)
    return InputError.exit_code if problems else 0
