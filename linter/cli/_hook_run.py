"""What a git hook does when git calls it: find what is about to be sent or recorded, review it, stop or go on.

Everything is said on standard error, which git shows; nothing is said where there is nothing to say.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from linter.cli._options import REVIEW
from linter.cli._run import Setup, make_report, make_setup, report_on, say_stale, wants_color
from linter.deliver.git import line
from linter.deliver.hook_script import BYPASS
from linter.detect.model import Scope
from linter.errors import InputError, InternalError, LinterError, UsageError
from linter.patch.intake import Problem
from linter.patch.model import Message
from linter.render.options import RenderOptions
from linter.render.registry import renderer
from linter.render.words import findings_phrase, plural
from linter.review.model import Counts, PatchReport, Report
from linter.review.run import count

if TYPE_CHECKING:
    from linter.deliver.pushed import Update


def run_hook(name: str, arguments: Sequence[str]) -> int:
    """Run one hook; returns 0 to let git go on."""
    hook = HOOKS.get(name)
    if hook is None:
        raise UsageError(f"there is no hook `{name}`", f"hooks are {', '.join(sorted(HOOKS))}")
    try:
        return hook(arguments)
    except LinterError as error:
        error.help = f"{error.help}; to go on without hunklint: {BYPASS[name]}".removeprefix("; ")
        raise
    except Exception as error:
        raise InternalError("a bug of hunklint", f"to go on without it: {BYPASS[name]}") from error


def _setup(**changes: Any) -> Setup:
    """A reviewer configured as `hunklint check` would be; nothing of git's environment reaches other repositories."""
    options: dict[str, Any] = {option.key: option.empty() for option in REVIEW}
    from linter.review.config import find_top

    found = find_top(".") is not None
    if not found:  # a bare repository, or a work tree that lies elsewhere: only git's environment leads there
        options["git"] = line(["rev-parse", "--absolute-git-dir"])
    setup = make_setup({**options, **changes})
    for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_PREFIX") if found else ():
        os.environ.pop(variable, None)  # they would follow us into a tree that the configuration names
    return setup


def _consume(report: Report) -> Report:
    """The report with its patches at hand and its counts complete."""
    report.patches = list(report.patches)
    return report


def _show(report: Report, problems: Iterable[Problem] = ()) -> None:
    """Print findings and unreadable inputs, if there are any."""
    counts = report.counts
    if counts.error or counts.warning or counts.info:
        try:
            columns = os.get_terminal_size(sys.stderr.fileno()).columns
        except (OSError, ValueError):
            columns = 100
        encoding = sys.stderr.encoding or "utf-8"
        wide = encoding.lower().startswith("utf")
        look = RenderOptions(color=wants_color("auto", sys.stderr), width=columns, unicode=wide)
        for text in renderer("text")(report, look):
            sys.stderr.write(text if wide else text.encode(encoding, "backslashreplace").decode(encoding))
    for problem in problems:
        print(f"error: {problem.source}: {problem.reason}", file=sys.stderr)


def _verdict(report: Report, problems: Sequence[Problem], stopped: str, name: str) -> int:
    """Exit code for the findings; where git is stopped, what did not happen and how to do it all the same."""
    if not report.counts.failed and not problems:
        return 0
    why = findings_phrase(report.counts) if report.counts.failed else plural(len(problems), "unreadable input")
    print(f"hunklint: {stopped}: {why}. To do it all the same: {BYPASS[name]}", file=sys.stderr)
    return 1


def _only_about_mails(setup: Setup) -> None:
    """Keep the rules on messages: in a commit hook the diff has a hook of its own."""
    workshop = setup.reviewer.workshop
    workshop.engines[:] = workshop.with_scope(Scope.PATCH)


def commit_msg(arguments: Sequence[str]) -> int:
    """Judge the message that is about to be recorded, with the staged diff as what it speaks of."""
    from linter.deliver import commit_input as read

    raw = read.read_text(_one_file(arguments))
    text = read.clean_message(raw, edited=os.environ.get("GIT_EDITOR") != ":")
    if read.is_temporary(text) or read.is_merging():
        return 0
    diff = read.staged_diff() or read.last_diff()
    message = read.commit_message(text, diff, read.committer_author(os.environ), "message")
    setup = _setup()
    _only_about_mails(setup)
    return _judge_commit(setup, message, "commit-msg", "nothing was committed")


def applypatch_msg(arguments: Sequence[str]) -> int:
    """Judge the mail that `git am` is about to apply, message and diff."""
    from linter.deliver import commit_input as read

    text = read.clean_message(read.read_text(_one_file(arguments)), edited=False)
    if read.is_temporary(text):
        return 0
    message = read.commit_message(text, read.applied_patch(), read.applied_author(), "message")
    return _judge_commit(_setup(), message, "applypatch-msg", "the patch was not applied")


def _judge_commit(setup: Setup, message: Message, name: str, stopped: str) -> int:
    report = _consume(report_on(setup, [message]))
    _show(report)
    say_stale(setup)
    return _verdict(report, (), stopped, name)


def pre_commit(arguments: Sequence[str]) -> int:
    """Judge the staged diff."""
    import io

    from linter.deliver import commit_input as read
    from linter.deliver.pushed import framework_update

    asked = framework_update(os.environ)
    if asked is not None:
        return _judge_commits([asked], "", "pre-commit", "these commits do not pass")
    diff = read.staged_diff()
    if not diff or read.is_merging():
        return 0
    report, problems = make_report(_setup(), ("-",), io.BytesIO(diff), decoded=True)
    _show(_consume(report), problems)
    return _verdict(report, problems, "nothing was committed", "pre-commit")


def pre_push(arguments: Sequence[str]) -> int:
    """Judge the commits that the remote does not have."""
    from linter.deliver.pushed import framework_update, read_updates

    remote = arguments[0] if arguments else os.environ.get("PRE_COMMIT_REMOTE_NAME", "origin")
    updates = read_updates(sys.stdin.buffer.readlines())
    asked = framework_update(os.environ)
    return _judge_commits(updates or ([asked] if asked else []), remote, "pre-push", "nothing was pushed")


def _judge_commits(updates: Sequence[Update], remote: str, name: str, stopped: str) -> int:
    from linter.deliver.pushed import select
    from linter.patch.gitrange import read_selection

    pushed = select(updates, remote)
    if pushed is None:
        return 0
    if pushed.left_out:
        print(f"hunklint: {plural(pushed.left_out, 'older commit')} not reviewed", file=sys.stderr)
    report = report_on(_setup(), read_selection("the push", list(pushed.selection), "."))
    _show(_consume(report))
    return _verdict(report, (), stopped, name)


def sendemail_validate(arguments: Sequence[str]) -> int:
    """Judge the mails of one `git send-email` as a series: at the last one where git counts them, else as they come."""
    from linter.deliver.sending import Notes, Sending, notes_folder, read_turn, sender

    file = os.path.abspath(_one_file(arguments))  # noqa: PTH100
    turn, notes = read_turn(os.environ), Notes(notes_folder(), sender())
    seen = Sending() if turn.number == 1 else notes.read()
    if file in seen.files:
        seen = Sending()  # the notes of a run that was broken off
    files = (*seen.files, file)
    if turn.is_counted and not turn.is_last:
        _note(notes, Sending(files))
        return 0
    if turn.is_last and len(files) != turn.total:
        raise InputError(f"only {len(files)} of {turn.total} mails came by the hook", "send them in one run")
    setup = _setup()
    report, problems = make_report(setup, files, None)
    # who answers a patch does not answer for it
    patches = [one for one in report.patches if not one.patch.quoted]
    whole = turn.is_last or _is_whole(patches, file)
    report, said = _not_said_yet(report, patches, setup, seen.said, None if whole else file)
    _show(report, problems)
    if whole:
        say_stale(setup)
    code = _verdict(report, problems, "nothing was sent", "sendemail-validate")
    agreed = seen.agreed
    if not code and report.counts.warning and not agreed:
        code, agreed = _ask(report.counts, more=not whole)
    if code or turn.is_last or (whole and not agreed):
        notes.forget()
    else:
        _note(notes, Sending(files, said, agreed))
    return code


def _note(notes: Any, sending: Any) -> None:
    try:
        notes.write(sending)
    except OSError as error:
        raise LinterError(
            f"{error.filename}: {error.strerror}", "the hook keeps the names of the mails there until it has seen all"
        ) from error


def _is_whole(patches: Sequence[PatchReport], file: str) -> bool:
    """Whether the series that the newest mail belongs to is complete, for a git that does not count."""
    newest = [report.patch for report in patches if report.patch.source == file]
    totals = {(patch.index, patch.total) for patch in newest}
    return bool(totals) and all(index is None or index == total for index, total in totals)


def _not_said_yet(
    report: Report, patches: Sequence[PatchReport], setup: Setup, said: Sequence[str], only: str | None
) -> tuple[Report, tuple[str, ...]]:
    """The report without what earlier calls said; with `only`, no findings but those of this file, none on the series.

    A series that is still coming in looks as if patches were missing.
    """
    from linter.record import replace

    series_rules = {rule for prepared in setup.reviewer.workshop.with_scope(Scope.SERIES) for rule in prepared.rules}
    seen, kept = list(said), []
    for patch in patches:
        judged = []
        for one in patch.judged:
            key = f"{patch.patch.source}\0{one.fingerprint}\0{one.finding.message}"
            if key in said or (only and (patch.patch.source != only or one.finding.rule in series_rules)):
                continue
            seen.append(key)
            judged.append(one)
        kept.append(replace(patch, judged=tuple(judged)))
    counts = Counts(messages=report.counts.messages, without_patch=report.counts.without_patch)
    for patch in kept:
        count(counts, patch, setup.reviewer.settings.fail_on)
    report.patches, report.counts = kept, counts
    return report, tuple(seen)


def _ask(counts: Counts, *, more: bool) -> tuple[int, bool]:
    """Ask on the terminal whether to send all the same; without one, warnings let pass."""
    choices = "[y]es, [n]o, [a]lways in this run" if more else "[y]es, [n]o"
    answer = ask(f"hunklint: {findings_phrase(counts)}. Send all the same? {choices}: ")
    if answer is None:
        return 0, False
    if answer[:1].lower() in ("y", "a"):
        return 0, answer[:1].lower() == "a"
    print(f"hunklint: nothing was sent. To do it all the same: {BYPASS['sendemail-validate']}", file=sys.stderr)
    return 1, False


def ask(question: str) -> str | None:
    """An answer from the terminal; None where there is none, or where this job is in the background."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return None
    try:
        if os.tcgetpgrp(terminal) != os.getpgrp():
            return None
        os.write(terminal, question.encode("utf-8", "replace"))
        return os.read(terminal, 4096).decode("utf-8", "replace").strip()
    except OSError:
        return None
    finally:
        os.close(terminal)


def _one_file(arguments: Sequence[str]) -> str:
    if not arguments:
        raise UsageError("the hook was called without a file", "git gives it; by hand: hunklint hook run NAME FILE")
    return arguments[0]


HOOKS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "applypatch-msg": applypatch_msg,
    "commit-msg": commit_msg,
    "pre-commit": pre_commit,
    "pre-push": pre_push,
    "sendemail-validate": sendemail_validate,
}
