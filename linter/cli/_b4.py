"""What `hunklint b4` does: b4's own protocol, in which every stray line would be a finding.

b4 pipes one message in, with its body decoded already; each line on standard output is a finding, each line on standard
error a failure. So nothing is said on standard error, and a failure of ours is one line on standard output.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from linter import __version__
from linter.cli._options import REVIEW, Option
from linter.cli._run import Setup, finish, make_report, make_setup, report_on
from linter.detect.model import Scope
from linter.errors import LinterError, UsageError
from linter.patch.intake import Problem
from linter.render.escape import one_line
from linter.render.options import RenderOptions
from linter.render.registry import renderer
from linter.review.model import Report

B4 = (
    *REVIEW,
    Option(("--review",), "Speak the JSON of b4's review checks.", flag=True),
    Option(("--series",), "With --review: check the series that b4 has on a branch, as a whole.", flag=True),
    Option(("--print-config",), "Print the lines for your git configuration.", flag=True),
    Option(("--rules-rev",), "Part of b4's cache key only: changes when the rules do.", metavar="DIGEST"),
)


def b4(sources: Sequence[str], options: Mapping[str, Any]) -> int:
    """Review the message on standard input (or `sources`), or print the configuration."""
    if options["print_config"]:
        print(configuration(options), end="")
        return 0
    try:
        report, problems = _reviewed(sources, options)
        look = RenderOptions(tool_name="hunklint-series" if options["series"] else "hunklint")
        texts = list(renderer("b4-review" if options["review"] else "b4")(report, look))
    except LinterError as error:
        return _failed(f"{error.title}; {error.help}" if error.help else error.title, options, error.exit_code)
    except Exception as error:  # each line of a traceback would be a finding
        return _failed(f"a bug of hunklint: {type(error).__name__}: {error}", options, 70)
    if problems and not report.counts.messages:
        return _failed(f"no patch was reviewed: {problems[0].reason}", options, 3)
    sys.stdout.buffer.write("".join(texts).encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()
    # b4 looks at the code only where there is no output: a patch without findings has passed
    return 0 if finish(report, (), quiet=True) in (0, 1) else 3


def _reviewed(sources: Sequence[str], options: Mapping[str, Any]) -> tuple[Report, list[Problem]]:
    """The message on standard input; with --series, what only the commits of the series together can show."""
    setup = make_setup(options)
    if not options["series"]:
        return make_report(setup, sources or ("-",), sys.stdin.buffer, decoded=True)
    from linter.deliver.b4_series import series_range
    from linter.patch.gitrange import read_selection

    if not options["review"]:
        raise UsageError("b4 has series checks in its reviews only", "give --review too")
    commits = series_range(os.environ)
    engines = setup.reviewer.workshop.engines
    engines[:] = setup.reviewer.workshop.with_scope(Scope.SERIES)
    return report_on(setup, read_selection("the series", [commits], ".") if commits else ()), []


def _failed(text: str, options: Mapping[str, Any], code: int) -> int:
    """Say in the protocol that there was no review."""
    said = one_line(f"no patch was reviewed: {text}".replace("reviewed: no patch was reviewed", "reviewed"), False)
    if options["review"]:
        tool = "hunklint-series" if options["series"] else "hunklint"
        result = {"tool": tool, "status": "fail", "summary": said, "url": "", "details": ""}
        print(json.dumps([result]))
    else:
        print(f"hunklint: ERROR: {said}")
    return code


def configuration(options: Mapping[str, Any]) -> str:
    """The lines for git's configuration, with the options given now in the commands."""
    from linter.deliver.hook_script import program

    given = _given(options)
    revision = rules_revision(make_setup(options))
    plain = [*program(), "b4", *given, "--rules-rev", revision]
    review = [*program(), "b4", "--review", *given, "--rules-rev", revision]
    series = [*program(), "b4", "--review", "--series", *given, "--rules-rev", revision]
    return (
        "# For ~/.gitconfig. b4 keeps results for 30 days under the words of the command: after an update of hunklint\n"
        "# or of its configuration, print these lines again. Where no command is named b4 runs scripts/checkpatch.pl;\n"
        "# to keep it, name it in a second line of the same key.\n"
        "[b4]\n"
        f"\tprep-perpatch-check-cmd = {_value(plain)}\n"
        f"\tam-perpatch-check-cmd = {_value(plain)}\n"
        f"\treview-perpatch-check-cmd = {_value(review)}\n"
        f"\treview-series-check-cmd = {_value(series)}\n"
    )


def _given(options: Mapping[str, Any]) -> list[str]:
    """The options of this call as words."""
    words: list[str] = []
    for option in REVIEW:
        value = options[option.key]
        if value == option.empty() or value is None:
            continue
        for each in value if option.many else (value,):
            words += [option.names[0]] if option.flag else [option.names[0], str(each)]
    return words


def rules_revision(setup: Setup) -> str:
    """A digest of everything that decides what is found: version, rules, configuration."""
    values = json.dumps(setup.config.values, sort_keys=True, default=str)
    whole = f"{__version__}\0{setup.rulebook.digest}\0{values}"
    return hashlib.sha256(whole.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _value(words: Sequence[str]) -> str:
    """Words as the value of a git configuration key: quoted for b4's splitting, then for git's."""
    command = shlex.join(words)
    if not any(char in command for char in '"\\;#'):
        return command
    escaped = command.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
