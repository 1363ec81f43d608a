"""`hunklint hook`: put hooks into a repository, say what is there, take them away, and be what they call."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from linter.deliver.hook_install import Hook, Place, find_place, install, look, uninstall
from linter.deliver.hook_script import BYPASS, EDITED, SUFFIX
from linter.errors import UsageError
from linter.render.escape import visible

NAMES = tuple(sorted(BYPASS))
GLOBAL = click.option("--global", "everywhere", is_flag=True, help="For every repository of yours (core.hooksPath).")


@click.group("hook")
def command() -> None:
    """Let git call hunklint before it sends, commits, applies or pushes."""


@command.command("install")
@click.argument("names", nargs=-1, metavar="NAME…", type=click.Choice(NAMES))
@GLOBAL
@click.option("--existing-last", is_flag=True, help="Run a hook that is there already after hunklint [before].")
def install_command(names: Sequence[str], everywhere: bool, existing_last: bool) -> int:
    """Install hooks: sendemail-validate (the default), commit-msg, pre-commit, pre-push, applypatch-msg.

    A hook that is there already keeps running; `hunklint hook uninstall` puts everything back as it was.
    """
    place = find_place(everywhere=everywhere)
    for hook in install(place, names or ("sendemail-validate",), "last" if existing_last else "first"):
        print(_line(hook))
    _print_note(place, everywhere)
    return 0


@command.command("uninstall")
@click.argument("names", nargs=-1, metavar="NAME…", type=click.Choice(NAMES))
@GLOBAL
def uninstall_command(names: Sequence[str], everywhere: bool) -> int:
    """Take hooks away [all of hunklint's] and put back what was there."""
    place = find_place(everywhere=everywhere)
    before = [look(place, name) for name in names or NAMES]
    removed = {hook.name for hook in uninstall(place, names or NAMES)}
    for hook in before:
        if hook.name in removed:
            print(f"{hook.name}: removed{', the hook before it is back' if hook.kept else ''} ({_path(hook)})")
            if hook.marking is not None and hook.marking.edited:
                print(f"note: it had been edited: a copy is kept as {hook.name}{EDITED}", file=sys.stderr)
        elif names or hook.kept:
            print(_line(hook))
    if not removed and not names:
        print(f"no hook of hunklint in {visible(str(place.folder))}")
    return 0


@command.command("status")
@GLOBAL
def status_command(everywhere: bool) -> int:
    """Say which hooks are installed, and where."""
    place = find_place(everywhere=everywhere)
    for name in NAMES:
        print(_line(look(place, name)))
    _print_note(place, everywhere)
    if not everywhere:
        try:
            shared = find_place(everywhere=True)
        except UsageError:
            return 0
        for name in NAMES if shared.folder != place.folder else ():
            hook = look(shared, name)
            if hook.marking and hook.marking.order != "only":
                print(f"{_line(hook)}, for every repository")
    return 0


@command.command("run", context_settings={"ignore_unknown_options": True}, add_help_option=False, hidden=True)
@click.argument("name")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run_command(name: str, arguments: Sequence[str]) -> Any:
    """What an installed hook calls: NAME and the arguments that git gave."""
    from linter.cli._hook_run import run_hook

    return run_hook(name, arguments)


def _path(hook: Hook) -> str:
    return visible(str(hook.path))


def _line(hook: Hook) -> str:
    """One hook in one line."""
    if hook.marking is not None and hook.marking.order != "only":
        when = {"first": "after", "last": "before"}[hook.marking.order]
        edited = ", edited since" if hook.marking.edited else ""
        chained = f", {when} the hook that was there ({hook.name}{SUFFIX})" if hook.kept else ""
        return f"{hook.name}: installed{chained}{edited} ({_path(hook)})"
    if hook.other:
        kept = f"; {hook.name}{SUFFIX} is left from before it" if hook.kept else ""
        return f"{hook.name}: not installed, there is another hook{kept} ({_path(hook)})"
    return f"{hook.name}: not installed"


def _print_note(place: Place, everywhere: bool) -> None:
    if place.note:
        print(f"note: {visible(place.note)}", file=sys.stderr)
    if everywhere and place.shared:
        print(
            "note: git now looks here instead of into each repository; hooks of a repository are handed on to, "
            "except reference-transaction, post-index-change, push-to-checkout and proc-receive",
            file=sys.stderr,
        )
