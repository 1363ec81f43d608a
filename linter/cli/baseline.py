"""`hunklint baseline`: accept the findings of today, so that only later ones are shown."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from linter.cli._help import Sectioned
from linter.cli._options import review_options
from linter.cli._run import finish, make_report, make_setup
from linter.record import replace
from linter.review.model import Verdict
from linter.review.suppress import read_baseline, write_baseline

DEFAULT = ".hunklint-baseline.json"


@click.group("baseline")
def command() -> None:
    """Write, check or prune the file of accepted findings."""


def _fingerprints(sources: Sequence[str], options: dict[str, Any]) -> tuple[list[tuple[Any, ...]], int]:
    """Rows of what is found now, whatever the baseline says, and the exit code of the reading."""
    setup = make_setup({**options, "baseline": None})
    setup.reviewer = replace(setup.reviewer, baseline=frozenset())
    report, problems = make_report(setup, sources or ("-",), sys.stdin.buffer)
    rows = [
        (one.fingerprint, one.finding.rule, one.anchor.path, one.finding.function, one.finding.message)
        for patch in report.patches
        for one in patch.judged
        if one.verdict in (Verdict.REPORTED, Verdict.BASELINED)
    ]
    code = finish(report, problems)
    return rows, 0 if code == 1 else code


@command.command("write", cls=Sectioned)
@click.argument("sources", nargs=-1)
@review_options
@click.option("--output", "-o", default=DEFAULT, show_default=True, metavar="FILE")
def write(sources: Sequence[str], output: str, **options: Any) -> int:
    """Accept every finding of SOURCES."""
    rows, code = _fingerprints(sources, options)
    count = write_baseline(Path(output), rows)
    print(f"{output}: {count} accepted {'finding' if count == 1 else 'findings'}", file=sys.stderr)
    return code


@command.command("check", cls=Sectioned)
@click.argument("sources", nargs=-1)
@review_options
@click.option("--file", "-f", "place", default=DEFAULT, show_default=True, metavar="FILE")
def check(sources: Sequence[str], place: str, **options: Any) -> int:
    """Say which accepted findings are gone from SOURCES; exit 1 if any is."""
    rows, code = _fingerprints(sources, options)
    gone = read_baseline(Path(place)) - {row[0] for row in rows}
    for fingerprint in sorted(gone):
        print(f"{place}: {fingerprint} is no longer found")
    return code or (1 if gone else 0)


@command.command("prune", cls=Sectioned)
@click.argument("sources", nargs=-1)
@review_options
@click.option("--file", "-f", "place", default=DEFAULT, show_default=True, metavar="FILE")
def prune(sources: Sequence[str], place: str, **options: Any) -> int:
    """Drop accepted findings that SOURCES no longer have."""
    rows, code = _fingerprints(sources, options)
    accepted = read_baseline(Path(place))
    kept = [row for row in rows if row[0] in accepted]
    write_baseline(Path(place), kept)
    print(f"{place}: {len(accepted) - len({row[0] for row in kept})} dropped", file=sys.stderr)
    return code
