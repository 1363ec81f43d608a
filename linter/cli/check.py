"""`hunklint check`: patches in, findings out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from linter.cli._check import check
from linter.cli._help import Sectioned
from linter.cli._options import CHECK, COUNT, click_options


class Check(Sectioned):
    """Takes `-3` for a source, as git does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put counts behind everything else, where they are no options."""
        if "--" not in args:
            counts = [word for word in args if COUNT.match(word)]
            args = [word for word in args if word not in counts] + (["--", *counts] if counts else [])
        return super().parse_args(ctx, args)


EPILOG = """\
\b
Examples:
  hunklint check *.patch                        files of git format-patch
  hunklint check HEAD~3..                       the last three commits
  hunklint check --format html -o r.html a.mbx  a page to read in a browser
  git diff | hunklint check -                   what is not committed yet

\b
Exit codes:
  0  nothing at or above --fail-on      3  an input that could not be read
  1  findings at or above it            4  a bad rule or configuration file
  2  a mistake in the command line     70  a bug of hunklint
"""


@click.command("check", cls=Check, epilog=EPILOG)
@click.argument("sources", nargs=-1)
@click_options(CHECK)
def command(sources: Sequence[str], **options: Any) -> int:
    """Review patches: mails, mboxes, maildirs, bare diffs, quoted replies, or a git range.

    SOURCES are paths, `-` for standard input, or git revisions (`HEAD~3..`, `-1`, a commit). Without any, standard
    input is read.
    """
    return check(sources, options)
