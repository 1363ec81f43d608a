"""`hunklint backtest`: rules against an archive that was audited."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from linter.cli._options import CONFIDENCES, REVIEW
from linter.cli._record import flow, read_record, write_record
from linter.cli._run import make_setup
from linter.errors import UsageError


@click.command("backtest")
@click.argument("names", nargs=-1, required=True, metavar="RULE... DB")
@click.option("--rules", multiple=True, metavar="DIR", help="Read rules from this folder too; repeatable.")
@click.option("--confidence", type=click.Choice(CONFIDENCES), help="Count findings of this confidence and above.")
@click.option("--sample", type=click.IntRange(0), default=10, help="Findings of each rule to print for reading [10].")
@click.option("--record", metavar="FILE", help="Write the row into this file, as rules/data/record.yaml.")
@click.option("--corpus", metavar="NAME", help="What the row calls the archive [name of its first file].")
@click.option("--jobs", "-j", type=click.IntRange(1, 512), help="Worker processes [one a processor].")
@click.option("--config", metavar="FILE", help="Read this configuration and no other.")
@click.option("--no-config", is_flag=True, help="Read no configuration.")
def command(names: Sequence[str], **options: Any) -> int:
    """Try rules on history: findings, agreement with reviewers, and what became of them in the next version.

    RULE is an id, an alias, or the path of a rule file; DB is what `hunklint audit run` made. Messages are judged
    again only where the audit did not run these very rules. DB is not changed.
    """
    if len(names) < 2:
        raise UsageError("a rule or a database is missing", "write it like `hunklint backtest fd-leak audit.sqlite`")
    from linter.audit.backtest import score, take_samples

    *wanted, path = names
    db, rules = _judge(wanted, path, options)
    records = score(db, rules, options["corpus"])
    rows = _write(records, options["record"])
    for record in records:
        _print_record(record)
        for sample in take_samples(db, record.rule, options["sample"]):
            _print_sample(sample)
        click.echo(f"{record.rule}:\n  - {flow(rows[record.rule])}")
    return 0


def _write(records: Sequence[Any], target: str | None) -> dict[str, dict[str, Any]]:
    """The rows of the records by rule, put into the file where one is named."""
    from linter.audit.record import row_of

    today = time.strftime("%Y-%m-%d", time.gmtime())
    if target is None:
        return {record.rule: row_of(record, today) for record in records}
    path = Path(target)
    try:
        head, rows, corpora = read_record(path)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "name the record of your rules") from error
    made = {}
    for record in records:
        if record.corpus not in corpora:
            raise UsageError(f"{path} knows no corpus `{record.corpus}`", "describe it there, or name it with --corpus")
        old = [dict(row) for row in rows.get(record.rule, ())]
        before = next((row for row in old if row["corpus"] == record.corpus), None)
        made[record.rule] = row_of(record, today, before)
        rows[record.rule] = [row for row in old if row["corpus"] != record.corpus] + [made[record.rule]]
    write_record(path, head, rows)
    return made


def _judge(wanted: Sequence[str], path: str, options: dict[str, Any]) -> tuple[Any, frozenset[str]]:
    """The database with temporary findings of the rules, and the rules' ids."""
    from linter.audit.backtest import is_recorded, judge_again, open_history, take_recorded
    from linter.audit.command import make_job
    from linter.audit.executor import make_executor
    from linter.audit.job import rule_digests
    from linter.audit.pool import Limits, default_jobs
    from linter.audit.spool import Spool

    db = open_history(path)
    files = [Path(name).resolve() for name in wanted if name.endswith((".yaml", ".yml"))]
    ids = [Path(name).stem if name.endswith((".yaml", ".yml")) else name for name in wanted]
    asked = {option.key: option.empty() for option in REVIEW}  # what is asked where nothing is asked for
    asked |= {key: options[key] for key in ("confidence", "config", "no_config")}
    asked |= {"rule": tuple(ids), "no_git": True}
    asked["rules"] = (*options["rules"], *_folders(files))
    setup = make_setup(asked, keep_images=False)
    named = [*setup.config.get("rules", []), *asked["rules"]]
    folders = tuple(str(Path(setup.config.folder, one).resolve()) for one in named)
    job = make_job(setup.reviewer, folders, None, None, None)
    rules = job.settings.only
    if is_recorded(db, rule_digests(setup.rulebook, job)):
        take_recorded(db, rules)
        return db, rules
    total = db.execute("SELECT count(*) FROM messages WHERE task IS NOT NULL").fetchone()[0]
    executor = make_executor(job, jobs=options["jobs"] or default_jobs(), dask=None, limits=Limits())
    spool = Spool(Path(f"{path}.backtest").resolve())
    try:
        failed = judge_again(db, rules, executor, spool, _Teller(total))
    finally:
        executor.close()
        spool.close()
    if failed:
        print(f"note: {failed} messages could not be judged", file=sys.stderr)
    return db, rules


def _folders(files: Sequence[Path]) -> list[str]:
    """Folders from which rule files given by path are read, unless they are hunklint's own."""
    from linter.rulebook.load import rules_dir

    own = Path(rules_dir()).resolve()
    return [str(file.parent.parent) for file in files if own not in file.parents]


class _Teller:
    """Says on a terminal how far it is."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.said = time.monotonic()

    def __call__(self, done: int) -> None:
        if sys.stderr.isatty() and time.monotonic() > self.said + 0.5:
            self.said = time.monotonic()
            print(f"\r{done} of {self.total} messages", end="", file=sys.stderr, flush=True)


def _print_record(record: Any) -> None:
    fates = ", ".join(f"{count} {fate}" for fate, count in record.fates.items())
    click.echo(f"{record.rule}: {record.findings} findings in {record.patches} patches of {record.corpus}")
    click.echo(f"  next version: {fates}")
    share = f"{record.agreed} of {record.reviewed} on reviewed patches stand within 3 lines of a remark"
    click.echo(f"  agreement: {share} ({record.by_chance:g} by chance)\n")


def _print_sample(sample: Any) -> None:
    marks = [sample.fate or "", "a reviewer remarked here" if sample.agreed else ""]
    shown = ", ".join(mark for mark in marks if mark)
    where = f"{sample.path}:{sample.line}" if sample.path else "the mail"
    for line in (
        f"{sample.title} <{sample.where}>",
        f"  {where} ({shown})",
        f"  {sample.text}",
        f"  {sample.message}\n",
    ):
        click.echo(
            "".join(char if char.isprintable() or char in "\t\n" else "\N{REPLACEMENT CHARACTER}" for char in line)
        )
