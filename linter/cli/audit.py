"""`hunklint audit`: archives in, a database out; reports, tables and answers from it."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from linter.cli._options import review_options
from linter.cli._run import make_setup


@click.group("audit")
def command() -> None:
    """Judge whole archives, and ask what came of it."""


@command.command("run")
@click.argument("sources", nargs=-1, required=True)
@click.option("--db", required=True, metavar="FILE", help="The database; an existing one is continued.")
@click.option("--jobs", "-j", type=click.IntRange(1, 512), help="Worker processes [one a processor].")
@click.option("--dask", metavar="ADDRESS", help="Work on this Dask cluster; `local:N` starts one of N workers.")
@click.option("--git-range", metavar="A..B", help="SOURCES are repositories: audit these commits.")
@click.option(
    "--copies", type=click.Choice(("content", "message-id")), default="content",
    help="What makes a copy: equal Message-ID or equal content [content], or the Message-ID alone.",
)  # fmt: skip
@click.option("--time-limit", type=float, default=60.0, metavar="SECONDS", help="CPU time for one message [60].")
@click.option("--memory-limit", type=int, default=2048, metavar="MIB", help="Memory for one message [2048].")
@click.option(
    "--spool", metavar="DIR", help="Where packed archives are unpacked, piece by piece [beside the database]."
)
@click.option("--quiet", "-q", is_flag=True, help="Say nothing but errors.")
@review_options
def run(sources: Sequence[str], **options: Any) -> int:
    """Judge every patch of mboxes (packed too), maildirs, public-inboxes, or git histories.

    Each message is judged once. A run that was stopped or killed goes on with the same command; after a change of the
    rules, the same command judges again by the rules that changed.
    """
    from linter.audit.command import RunOptions, run_audit

    # an archive is about no work tree in particular: whole files come from --git DIR or --tree DIR, on request
    setup = make_setup({**options, "no_git": True}, keep_images=False)
    if options["git_range"] and len(sources) == 1 and not (options["no_git"] or options["git"] or options["tree"]):
        options["git"] = sources[0]  # the commits lie beside the files that they change
    folders = [*setup.config.get("rules", []), *options["rules"]]
    wanted = RunOptions(
        options["db"], options["jobs"], options["dask"], options["git_range"], options["copies"] == "content",
        options["time_limit"], options["memory_limit"], options["spool"], options["quiet"],
        tuple(str(Path(setup.config.folder, folder).resolve()) for folder in folders),
        options["git"] and str(Path(options["git"]).resolve()),
        options["tree"] and str(Path(options["tree"]).resolve()),
        options["base"],
    )  # fmt: skip
    return run_audit(list(sources), setup.reviewer, wanted)


@command.command("report")
@click.argument("db")
@click.option("--html", metavar="FILE", help="Write a page that needs nothing else.")
@click.option("--csv", "csv_", metavar="FILE", help="Write the findings as CSV.")
@click.option("--parquet", metavar="FILE", help="Write the findings as Parquet (hunklint[parquet]).")
@click.option(
    "--limit", type=click.IntRange(0), default=5000, help="Findings shown with their patch in the page [5000]."
)
@click.option("--title", metavar="TEXT", help="Heading of the page [names of the archives].")
def report(db: str, html: str | None, csv_: str | None, parquet: str | None, limit: int, title: str | None) -> int:
    """Write what an audit found as a page, or as a table; without an option, a summary."""
    from linter.audit.database import open_readonly

    connection = open_readonly(db)
    if parquet:
        from linter.audit.export import write_parquet

        write_parquet(connection, parquet)
    if csv_:
        from linter.audit.export import write_csv

        write_csv(connection, csv_)
    if html:
        from linter.audit.page import write_page

        write_page(connection, html, limit=limit, title=title)
    if not (html or csv_ or parquet):
        from linter.audit.summary import summarize

        click.echo(summarize(connection), nl=False)
    return 0


@command.command("query")
@click.argument("db")
@click.argument("sql")
@click.option(
    "--format", "format_", type=click.Choice(("table", "csv", "json")), help="[table on a terminal, else csv]"
)
@click.option("--timeout", type=float, default=60.0, metavar="SECONDS", help="Give up after this long [60].")
def query(db: str, sql: str, format_: str | None, timeout: float) -> int:
    """Ask the database with SQL; nothing can be changed. `hunklint audit schema` tells what is in it."""
    from linter.audit.query import run_query

    names, rows = run_query(db, sql, timeout)
    shape = format_ or ("table" if sys.stdout.isatty() else "csv")
    if shape == "json":
        for row in rows:
            click.echo(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, default=bytes.hex))
    elif shape == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([value.hex() if isinstance(value, bytes) else value for value in row] for row in rows)
    else:
        _print_table(names, list(rows))
    return 0


@command.command("schema")
def schema() -> int:
    """Describe tables and views of the database."""
    from linter.audit.schema import describe

    click.echo(describe(), nl=False)
    return 0


def _print_table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name)
    for row in rows:
        table.add_row(*[Text(_plain(value)) for value in row])
    Console().print(table)


def _plain(value: Any) -> str:
    text = value.hex() if isinstance(value, bytes) else "" if value is None else str(value)
    # control characters of a mail must not reach the terminal
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)
