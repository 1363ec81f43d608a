"""`hunklint check`: patches in, findings out."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import Any

import click

from linter.cli._run import finish, make_report, make_setup, review_options, wants_color
from linter.errors import InputError, UsageError
from linter.render.options import RenderOptions
from linter.render.registry import formats, renderer
from linter.review.model import Report
from linter.review.suppress import UNMET, Suppression


@click.command("check")
@click.argument("sources", nargs=-1)
@review_options
@click.option(
    "--format", "format_", metavar="FORMAT", help="Output format [text]; `hunklint check --format help` lists them."
)
@click.option("--output", "-o", metavar="FILE", help="Write the report to FILE [standard output].")
@click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto", help="Colour the text [auto].")
@click.option("--show-suppressed", is_flag=True, help="Show suppressed findings and why they are.")
@click.option("--skipped", is_flag=True, help="List what was not analysed.")
@click.option("--require-patch", is_flag=True, help="Exit with 3 where no patch was found.")
@click.option("--exit-style", type=click.Choice(("default", "nipa")), default="default", help="nipa: 0, 250, 1.")
@click.option(
    "--decoded", is_flag=True, help="The body is decoded although its headers say otherwise (as b4 hands it)."
)
def command(sources: Sequence[str], **options: Any) -> int:
    """Review patches: mails, mboxes, maildirs, bare diffs, quoted replies, or a git range.

    SOURCES are paths, `-` for standard input, or git revisions (`HEAD~3..`, `-1`, a commit). Without any, standard
    input is read.
    """
    if options["format_"] == "help":
        click.echo("\n".join(formats()))
        return 0
    setup = make_setup(options)
    name = options["format_"] or setup.config.get("format", "text")
    render = renderer(name)
    sources = sources or ("-",)
    if sources == ("-",) and sys.stdin.isatty():
        raise UsageError(
            "no patch was named", "give a file, an mbox or a git range, or pipe a mail into `hunklint check`"
        )
    report, problems = make_report(setup, sources, sys.stdin.buffer, decoded=options["decoded"])
    _write(report, render, name, options)
    code = finish(report, problems, require_patch=options["require_patch"])
    _say_stale(setup.reviewer.decisions.stale(), options["show_suppressed"])
    if options["exit_style"] == "nipa" and code in (0, 1):
        return 1 if report.counts.failed else 250 if report.counts.warning else 0
    return code


def _write(report: Report, render: Any, name: str, options: Any) -> None:
    target = options["output"]
    try:
        stream = open(target, "w", encoding="utf-8", newline="\n") if target else sys.stdout  # noqa: SIM115, PTH123
    except OSError as error:
        raise InputError(f"cannot write {target}: {error.strerror}", "name a place that can be written to") from error
    encoding = (getattr(stream, "encoding", None) or "utf-8").lower()
    look = RenderOptions(
        color=not target and wants_color(options["color"], stream),
        width=shutil.get_terminal_size((100, 24)).columns if stream.isatty() else 100,
        unicode=encoding.startswith("utf"),
        verbose=options["skipped"],
        show_suppressed=options["show_suppressed"],
    )
    try:
        for text in render(report, look):
            stream.write(
                text if encoding.startswith("utf") else text.encode(encoding, "backslashreplace").decode(encoding)
            )
        stream.flush()
    finally:
        if target:
            stream.close()


def _say_stale(stale: Sequence[tuple[Suppression, str]], all_of_them: bool) -> None:
    """Name suppressions whose date has passed; those that met no finding only on request: a run sees a few files."""
    for decision, why in stale:
        if all_of_them or why != UNMET:
            print(f"note: suppression of {decision.rule} ({decision.source}) is stale: {why}", file=sys.stderr)
