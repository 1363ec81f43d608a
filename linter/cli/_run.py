"""What `check`, `reply` and the hooks share: options to a reviewer, sources to a report, a report to an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, TypeVar

from linter import __version__
from linter.cli._options import CONFIDENCES, LEVELS
from linter.detect.registry import check_rule
from linter.errors import UsageError
from linter.patch.images import ImageStore
from linter.patch.intake import Problem, read_messages
from linter.patch.model import Message, Series
from linter.patch.series import group_series
from linter.record import record
from linter.render.escape import no_commands, one_line
from linter.review.config import Config, find_top, load_config
from linter.review.model import PatchReport, Report, Skip
from linter.review.profiles import check_profiles
from linter.review.run import Reviewer, note_message, review
from linter.review.settings import Settings
from linter.review.suppress import UNMET, Decisions, from_config, in_reply, read_baseline
from linter.rulebook.kernel import parse_version
from linter.rulebook.load import load_rulebook
from linter.rulebook.model import Confidence, KernelVersion, Rulebook, Severity
from linter.rulebook.names import find_named

T = TypeVar("T")


@record(frozen=False)
class Setup:
    """What a reviewing command works with."""

    reviewer: Reviewer
    config: Config
    rulebook: Rulebook


def make_setup(options: Mapping[str, Any], *, keep_images: bool = True) -> Setup:
    """A reviewer for the given options and the configuration in force."""
    config = Config() if options["no_config"] else load_config(".", options["config"])
    folders = [*config.get("rules", []), *options["rules"]]
    rulebook = load_rulebook([os.path.join(config.folder, folder) for folder in folders], check=check_rule)
    settings = make_settings(options, config, rulebook)
    baseline = options["baseline"] or config.get("baseline")
    source = config.sources.get("suppress", "configuration")
    decided = from_config(config.get("suppress", []), source, rulebook)
    decisions = Decisions(decided, set(), _today() if decided else None)
    reviewer = Reviewer(
        rulebook,
        settings,
        make_store(options, config),
        decisions,
        _baseline(baseline) if baseline else frozenset(),
        keep_images,
    )
    return Setup(reviewer, config, rulebook)


def _today() -> Any:
    import datetime  # only decisions of the configuration expire, and most runs have none

    return datetime.datetime.now(datetime.UTC).date()


def _baseline(file: str) -> frozenset[str]:
    from pathlib import Path

    return read_baseline(Path(file))


def make_settings(options: Mapping[str, Any], config: Config, rulebook: Rulebook) -> Settings:
    """Thresholds and rule choices; raises UsageError for a name that does not exist."""

    def pick(key: str, default: Any) -> Any:
        value = options.get(key.replace("-", "_"))
        return value if value not in (None, ()) else config.get(key, default)

    target = pick("target", None)
    profile = tuple(pick("profile", ()))
    levels = {name: Severity[name.upper()] for name in LEVELS}
    confidences = {name: Confidence[name.upper()] for name in CONFIDENCES}
    return Settings(
        only=_ids(rulebook, pick("rule", ())),
        disabled=_ids(rulebook, (*config.get("disable", ()), *options["disable"])),
        preview=bool(pick("preview", False)),
        severity=_level(levels, pick("severity", "info"), "severity"),
        confidence=_level(confidences, pick("confidence", "medium"), "confidence"),
        fail_on=_level(levels, pick("fail-on", "error"), "fail-on"),
        target=_kernel(target) if target else None,
        profile=None if not profile else check_profiles(profile, rulebook.tables),
        strict=bool(options["strict"]),
    )


def _ids(rulebook: Rulebook, names: Iterable[str]) -> frozenset[str]:
    """The rules that names and aliases stand for."""
    return frozenset(rule.id for name in names for rule in find_named(rulebook, name))


def _level(levels: Mapping[str, T], name: str, key: str) -> T:
    if name not in levels:
        raise UsageError(f"`{key}` is `{name}`", f"it must be one of {', '.join(levels)}")
    return levels[name]


def _kernel(text: str) -> KernelVersion:
    try:
        return parse_version(text)
    except ValueError as error:
        raise UsageError(str(error), "write it as 6.12") from error


def make_store(options: Mapping[str, Any], config: Config) -> ImageStore:
    """Where whole files come from: --git, --tree, or the work tree that the command runs in."""
    if options["no_git"]:
        return ImageStore()
    tree, git = (options[key] or _beside(config, key) for key in ("tree", "git"))
    if git is None and tree is None:
        top = find_top(".")
        git = str(top) if top is not None else None
    return ImageStore(git, tree, options["base"])


def _beside(config: Config, key: str) -> str | None:
    """A path of the configuration, relative to its file."""
    value = config.get(key)
    return os.path.normpath(os.path.join(config.folder, value)) if value else None


def make_report(
    setup: Setup,
    sources: Sequence[str],
    stdin: BinaryIO | None,
    on_series: Callable[[Iterator[Series]], Iterator[Series]] | None = None,
    **intake: Any,
) -> tuple[Report, list[Problem]]:
    """A lazy report over sources, and the list that fills with inputs that could not be read."""
    problems: list[Problem] = []
    messages = read_messages(sources, stdin=stdin, cwd=".", problems=problems, **intake)
    report = report_on(setup, messages, on_series)
    report.patches = _noting(report.patches, report, problems)
    return report, problems


def _noting(patches: Iterable[PatchReport], report: Report, problems: Sequence[Problem]) -> Iterator[PatchReport]:
    """The patches; when the last has gone by, what could not be read is part of the report."""
    yield from patches
    note_problems(report, problems)


def note_problems(report: Report, problems: Sequence[Problem]) -> None:
    """Count the inputs that could not be read, and list them with what was not analysed; each once."""
    for problem in problems[report.counts.unreadable :]:
        report.skipped.append(Skip(problem.source, "patch", problem.reason))
    report.counts.unreadable = len(problems)


def report_on(
    setup: Setup,
    messages: Iterable[Message],
    on_series: Callable[[Iterator[Series]], Iterator[Series]] | None = None,
) -> Report:
    """A lazy report over messages."""
    report = Report(__version__, setup.rulebook, ())

    def arrived(message: Message) -> None:
        note_message(report, message)
        setup.reviewer.decisions.suppressions.extend(in_reply(message))

    series = group_series(messages, on_message=arrived)
    return review(on_series(series) if on_series else series, setup.reviewer, report)


def finish(report: Report, problems: Sequence[Problem], *, require_patch: bool = False, quiet: bool = False) -> int:
    """Say on standard error what was not reviewed, and return the exit code."""
    counts = report.counts
    note_problems(report, problems)
    if not quiet:
        if counts.patches == 0:
            print("no patch was reviewed", file=sys.stderr)
        for problem in problems:
            print(f"error: {problem.source}: {problem.reason}", file=sys.stderr)
    if problems or (require_patch and counts.patches == 0):
        return 3
    return 1 if counts.failed else 0


def say_stale(setup: Setup, *, all_of_them: bool = False) -> None:
    """Name on standard error the suppressions that have run out or do nothing.

    One of the configuration that met no finding is named on request only: a run sees a few files. A mail is seen whole.
    """
    decisions = setup.reviewer.decisions
    stale = [
        (decision, why)
        for decision, why in decisions.stale()
        if all_of_them or why != UNMET or decision.message_id is not None
    ]
    for verb, found in (("is stale", stale), ("does nothing", decisions.idle)):
        for decision, why in found:
            words = one_line(f"suppression of {decision.rule} ({decision.source}) {verb}: {why}", None)
            print(f"note: {no_commands(words)}", file=sys.stderr)


def wants_color(choice: str, stream: Any) -> bool:
    """Whether to colour: on request, else on a terminal unless NO_COLOR is set or the terminal is dumb."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(stream.isatty())
