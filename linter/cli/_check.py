"""What `hunklint check` does, apart from reading its command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from linter.cli._run import finish, make_report, make_setup, say_stale, wants_color
from linter.errors import InputError, UsageError
from linter.render.escape import in_ci, no_commands
from linter.render.options import RenderOptions
from linter.render.registry import Renderer, for_terminal, formats, renderer
from linter.review.model import Report


def check(sources: Sequence[str], options: Mapping[str, Any]) -> int:
    """Review sources, write the report, return the exit code."""
    if options["format_"] == "help":
        print("\n".join(formats()))
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
    _write(report, render, for_terminal(name), options)
    code = finish(report, problems, require_patch=options["require_patch"])
    say_stale(setup, all_of_them=options["show_suppressed"])
    if options["exit_style"] == "nipa" and code in (0, 1):
        return 1 if report.counts.failed else 250 if report.counts.warning else 0
    return code


def _write(report: Report, render: Renderer, readable: bool, options: Mapping[str, Any]) -> None:
    """Write the report: a text for people in the encoding of their terminal, anything else in UTF-8."""
    target = options["output"]
    try:
        # a path is opened once; pathlib would cost more than that
        stream = open(target, "wb") if target else sys.stdout.buffer  # noqa: SIM115, PTH123
    except OSError as error:
        raise InputError(f"cannot write {target}: {error.strerror}", "name a place that can be written to") from error
    terminal = not target and sys.stdout.isatty()
    encoding = (sys.stdout.encoding or "ascii").lower() if readable and not target else "utf-8"
    look = RenderOptions(
        color=not target and wants_color(options["color"], sys.stdout),
        width=_columns() if terminal else 100,
        unicode=encoding.startswith("utf"),
        verbose=options["skipped"],
        show_suppressed=options["show_suppressed"],
    )
    log = readable and not target and in_ci(os.environ)
    try:
        for text in render(report, look):
            text = no_commands(text) if log else text
            stream.write(text.encode(encoding, "backslashreplace"))
            if terminal:
                stream.flush()
        stream.flush()
    finally:
        if target:
            stream.close()


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size((100, 24)).columns
