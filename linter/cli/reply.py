"""`hunklint reply`: a series in, ready-to-edit reply mails out. Nothing is sent."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from linter.cli._help import Sectioned
from linter.cli._options import review_options
from linter.cli._run import finish, make_report, make_setup, say_stale
from linter.errors import InputError
from linter.render.options import RenderOptions
from linter.render.registry import renderer


@click.command("reply", cls=Sectioned)
@click.argument("sources", nargs=-1)
@review_options
@click.option("--output", "-o", metavar="DIR", help="Write one file a reply into DIR [an mbox on standard output].")
def command(sources: Sequence[str], **options: Any) -> int:
    """Draft replies: each patch with remarks is quoted, the remarks stand below the lines they are about.

    SOURCES are as for `hunklint check`. The drafts are yours to edit and to send.
    """
    setup = make_setup(options)
    report, problems = make_report(setup, sources or ("-",), sys.stdin.buffer)
    mails = renderer("mail")(report, RenderOptions())
    if options["output"] is None:
        for text in mails:
            sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()
    else:
        _write_files(Path(options["output"]), mails)
    code = finish(report, problems)
    say_stale(setup)
    return 0 if code == 1 else code


def _write_files(folder: Path, mails: Any) -> None:
    """One numbered file a mail, without its From_ line; an existing file is never overwritten."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot write to {folder}: {error.strerror}", "name a folder that can be written to"
        ) from error
    number = 0
    for text in mails:
        if not text.startswith("From "):
            continue
        number += 1
        place = folder / f"{number:04}-reply.eml"
        try:
            with place.open("xb") as stream:
                stream.write(text.partition("\n")[2].encode("utf-8", "surrogateescape"))
        except FileExistsError as error:
            raise InputError(
                f"{place} is there already", "name an empty folder, or move the old drafts away"
            ) from error
        print(place, file=sys.stderr)
