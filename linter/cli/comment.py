"""`hunklint comment`: review comments on the changed lines of a merge request, each finding once."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from linter.cli._help import Sectioned
from linter.cli._options import review_options
from linter.cli._run import Setup, finish, make_report, make_setup, report_on, say_stale
from linter.deliver.api import Api, check_url, read_token
from linter.deliver.forge import Change, Done, Forge, carry_out
from linter.deliver.git import DIFF, git, line
from linter.deliver.remarks import make_plan, wanted_comments
from linter.detect.model import Scope
from linter.errors import UsageError
from linter.patch.gitrange import read_selection
from linter.patch.intake import Problem
from linter.record import replace
from linter.render.options import RenderOptions
from linter.render.registry import renderer
from linter.render.words import plural
from linter.review.model import Counts, Report

FORGES = ("gitlab", "github", "gitea")


@click.command("comment", cls=Sectioned)
@click.argument("sources", nargs=-1)
@click.option("--gitlab", "forge", flag_value="gitlab", help="Comment on a merge request of GitLab.")
@click.option("--github", "forge", flag_value="github", help="Comment on a pull request of GitHub.")
@click.option("--gitea", "forge", flag_value="gitea", help="Comment on a pull request of Gitea or Forgejo.")
@click.option("--project", metavar="NAME", help="Path or id of the project [as the CI job says].")
@click.option("--number", metavar="N", help="Number of the merge request [as the CI job says].")
@click.option("--api", "url", metavar="URL", help="Base URL of the API [as the CI job says].")
@click.option("--limit", type=click.IntRange(0), default=30, show_default=True, help="New comments in one run.")
@click.option("--dry-run", is_flag=True, help="Print the requests that would change something, and send none.")
@click.option("--allow-http", is_flag=True, help="Send the token without encryption.")
@review_options
def command(sources: Sequence[str], forge: str | None, **options: Any) -> int:
    """Write review comments on the changed lines of a merge request, and one summary that is kept up to date.

    A finding has one comment however often this runs; it is resolved when the finding goes. The token comes from the
    environment (GITLAB_TOKEN, GITHUB_TOKEN, GITEA_TOKEN) and is never printed. Without SOURCES the whole change is
    reviewed as the forge shows it, which needs its commits at hand (a full clone).
    """
    if forge is None:
        raise UsageError("no forge was named", f"give one of {', '.join(f'--{name}' for name in FORGES)}")
    there = _connect(forge, options)
    change = there.change()
    setup = make_setup(options)
    if sources:
        report, problems = make_report(setup, sources, sys.stdin.buffer)
        report.patches = list(report.patches)
    else:
        report, problems = _whole_change(setup, options, change)
    done = _deliver(there, change, report, options["limit"], complete=not problems)
    print(_told(done, options["dry_run"]), file=sys.stderr)
    say_stale(setup)
    return finish(report, problems)


def _connect(name: str, options: dict[str, Any]) -> Forge:
    module = importlib.import_module(f"linter.deliver.{name}")
    url, project, number = module.defaults(os.environ)
    url, project, number = options["url"] or url, options["project"] or project, options["number"] or number
    for value, option in ((url, "--api"), (project, "--project"), (number, "--number")):
        if not value:
            raise UsageError(f"{option} is not given, and this is no CI job that says it", f"give {option}")
    if not number.isdigit():
        raise UsageError(f"--number is {number!r}", "give the number of the merge request")
    token = read_token(os.environ, module.TOKENS)
    if not token and not options["dry_run"]:
        raise UsageError("there is no token", f"put one into the environment as {module.TOKENS[0]}")
    show = _print_request if options["dry_run"] else None
    api = Api(check_url(url, plain=options["allow_http"]), module.headers(token), token, show)
    made: Forge = module.FORGE(api, project, number)
    return made


def _print_request(text: str) -> None:
    sys.stdout.buffer.write(f"{text}\n\n".encode("utf-8", "backslashreplace"))


def _whole_change(setup: Setup, options: dict[str, Any], change: Change) -> tuple[Report, list[Problem]]:
    """Code is judged in the one diff that the forge shows (its line numbers are the ones to comment on), messages
    commit by commit."""
    base = line(["merge-base", change.base, change.head])
    if base is None:
        raise UsageError(
            f"the commits of the merge request ({change.base[:12]}..{change.head[:12]}) are not here",
            "fetch them: GIT_DEPTH: 0 in GitLab, fetch-depth: 0 in GitHub and Gitea",
        )
    diff = git(["diff", *DIFF, base, change.head, "--"]).stdout
    _keep(setup, Scope.UNIT, Scope.FUNCTION, Scope.FILE)
    code, problems = make_report(setup, ("-",), io.BytesIO(diff), decoded=True) if diff else (report_on(setup, ()), [])
    shown = [replace(one, patch=replace(one.patch, source="the whole change")) for one in code.patches]
    other = make_setup(options)
    _keep(other, Scope.PATCH, Scope.SERIES)
    messages = report_on(other, read_selection("the merge request", [f"{base}..{change.head}"], "."))
    commits = list(messages.patches)
    report = Report(code.version, setup.rulebook, [*shown, *commits], _sum(code.counts, messages.counts))
    report.skipped = code.skipped + messages.skipped
    return report, problems


def _keep(setup: Setup, *scopes: Scope) -> None:
    engines = setup.reviewer.workshop.engines
    engines[:] = [prepared for prepared in engines if prepared.scope in scopes]


def _sum(code: Counts, messages: Counts) -> Counts:
    """The counts of both reviews; the patches are the commits, the files those of the whole change."""
    total = Counts(messages=messages.messages, patches=messages.patches or code.patches, files=code.files)
    for name in ("error", "warning", "info", "suppressed", "baselined", "preexisting", "hidden", "skipped"):
        setattr(total, name, getattr(code, name) + getattr(messages, name))
    total.failed = code.failed or messages.failed
    return total


def _deliver(forge: Forge, change: Change, report: Report, limit: int, *, complete: bool) -> Done:
    """Comments first, so that the summary can say what did not become one."""
    plan = make_plan(wanted_comments(report.patches), forge.existing(), limit, complete=complete)
    done = carry_out(forge, change, plan)
    body = "".join(renderer("markdown")(report, RenderOptions()))
    if done.left_out:
        body += f"\n{plural(done.left_out, 'finding')} got no comment of its own in this run (limit {limit}).\n"
    known = forge.summary()
    if known is None and not (report.counts.error or report.counts.warning or report.counts.info):
        return done
    if known is None or known.body.replace("\r\n", "\n").rstrip() != body.rstrip():
        forge.write_summary(known, body)
    return done


def _told(done: Done, dry: bool) -> str:
    verb = "would be " if dry else ""
    parts = [f"{plural(done.created, 'comment')} {verb}written"]
    for count, word in ((done.updated, "changed"), (done.closed, "closed"), (done.kept, "kept")):
        if count:
            parts.append(f"{count} {verb if word != 'kept' else ''}{word}")
    if done.left_out:
        parts.append(f"{done.left_out} left for the next run")
    if done.refused:
        parts.append(f"{done.refused} not on a line that the forge shows: in the summary only")
    return "hunklint: " + ", ".join(parts)
