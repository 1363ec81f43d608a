"""`hunklint patchwork`: a check result for each patch, printed or posted to a Patchwork server."""

from __future__ import annotations

import os
import sys
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any

import click

from linter.cli._help import Sectioned
from linter.cli._options import review_options
from linter.cli._run import finish, make_report, make_setup
from linter.cli.comment import _print_request
from linter.deliver.api import Api, check_url, read_token
from linter.deliver.git import line
from linter.deliver.patchwork import Board, check_target, headers
from linter.detect.model import Scope
from linter.errors import UsageError
from linter.patch.model import Series
from linter.render.options import RenderOptions
from linter.render.patchwork import check
from linter.render.registry import renderer
from linter.render.words import plural
from linter.review.model import Judged, PatchReport

TOKEN = "PATCHWORK_TOKEN"


@click.command("patchwork", cls=Sectioned)
@click.argument("sources", nargs=-1)
@click.option("--post", is_flag=True, help="Post the checks; needs PATCHWORK_TOKEN in the environment.")
@click.option("--dry-run", is_flag=True, help="Look the patches up, print what would be posted, and post nothing.")
@click.option("--url", metavar="URL", help="The server [PATCHWORK_URL, else b4.pw-url of your git configuration].")
@click.option("--project", metavar="NAME", default="", help="Look patches up in this project [b4.pw-project].")
@click.option("--context", default="hunklint", show_default=True, metavar="NAME", help="What the check is called.")
@click.option("--target-url", metavar="URL", help="Where the whole report can be read.")
@click.option("--no-pending", is_flag=True, help="Do not announce the result with a pending check.")
@click.option("--allow-http", is_flag=True, help="Send the token without encryption.")
@review_options
def command(sources: Sequence[str], post: bool, dry_run: bool, **options: Any) -> int:
    """Make a check of each patch in SOURCES (mails, mboxes), found on the server by its Message-ID.

    Without --post and --dry-run the checks are printed, and no server is asked.
    """
    target = check_target(options["target_url"])
    setup = make_setup(options)
    look = RenderOptions(tool_name=options["context"])
    if not post and not dry_run:
        report, problems = make_report(setup, sources or ("-",), sys.stdin.buffer)
        for text in renderer("patchwork")(report, look):
            print(text, end="")
        return finish(report, problems)
    board = _board(options, target, dry_run)
    sizes: list[int] = []

    def announced(series: Iterator[Series]) -> Iterator[Series]:
        for one in series:
            sizes.append(len(one.patches))
            for patch in one.patches if not options["no_pending"] else ():
                board.announce(patch)
            yield one

    report, problems = make_report(setup, sources or ("-",), sys.stdin.buffer, on_series=announced)
    wide = {rule for prepared in setup.reviewer.workshop.with_scope(Scope.SERIES) for rule in prepared.rules}
    for together in _by_series(report.patches, sizes):
        about = [(one, judged) for one in together for judged in one.reported if _on_series(judged, wide)]
        for patch_report in together:
            others = [judged for one, judged in about if one is not patch_report]
            board.conclude(patch_report.patch, check(patch_report, look, others))
    verb = "would be posted" if dry_run else "posted"
    same = f", {board.unchanged} said already" if board.unchanged else ""
    print(f"hunklint: {plural(board.posted, 'check')} {verb}{same}", file=sys.stderr)
    if board.absent:
        print(f"hunklint: {plural(len(board.absent), 'patch')} not on the server", file=sys.stderr)
    return finish(report, problems)


def _by_series(reports: Iterable[PatchReport], sizes: Sequence[int]) -> Iterator[list[PatchReport]]:
    """The reports of one series after the other; its size is known when its first report comes."""
    series = 0
    together: list[PatchReport] = []
    for patch_report in reports:
        together.append(patch_report)
        if len(together) == sizes[series]:
            yield together
            series, together = series + 1, []
    if together:
        yield together


def _on_series(judged: Judged, wide: Container[str]) -> bool:
    """Whether a finding is about the series as such and not about a line of code in one patch of it."""
    return judged.finding.rule in wide and judged.anchor.path is None


def _board(options: dict[str, Any], target: str | None, dry_run: bool) -> Board:
    url = options["url"] or os.environ.get("PATCHWORK_URL") or line(["config", "b4.pw-url"])
    if not url:
        raise UsageError("no Patchwork server is named", "give --url, or set PATCHWORK_URL")
    token = read_token(os.environ, (TOKEN,))
    if not token and not dry_run:
        raise UsageError("there is no token", f"put one into the environment as {TOKEN}")
    base = check_url(url, plain=options["allow_http"])
    if "/api" not in base:
        base += "/api"
    api = Api(base, headers(token), token, _print_request if dry_run else None)
    return Board(api, options["project"] or line(["config", "b4.pw-project"]) or "", options["context"], target)
