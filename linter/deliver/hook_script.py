"""The text of a hook: a few lines of sh that run the hook that was there before, then hunklint.

The script names the installed program by its absolute path, so a hook works without an activated environment; where
that program is gone it looks in PATH, and else says what is missing and how to get rid of the hook.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import zlib
from collections.abc import Mapping

from linter.record import record

SUFFIX = ".before-hunklint"
EDITED = ".edited-hunklint"
"""What a hook of ours is called when it is put aside because somebody has written into it."""

MARK = "# hunklint-hook:"

BYPASS: Mapping[str, str] = {
    "applypatch-msg": "git am --no-verify",
    "commit-msg": "git commit --no-verify",
    "pre-commit": "git commit --no-verify",
    "pre-push": "git push --no-verify",
    "sendemail-validate": "git send-email --no-validate",
}
"""The hooks that hunklint knows, and how to go on without one."""

PASSED_ON = (
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-merge",
    "post-receive",
    "post-rewrite",
    "post-update",
    "pre-applypatch",
    "pre-auto-gc",
    "pre-merge-commit",
    "pre-rebase",
    "pre-receive",
    "prepare-commit-msg",
    "update",
)
"""Hooks that a global folder hands on to the repository, which git would no longer look at.

Left out are those whose mere presence changes what git does (proc-receive, push-to-checkout) and those that run for
every reference or index that is written.
"""

_MARKED = re.compile(
    rf"^{MARK} (?P<name>[a-z-]+) order=(?P<order>first|last|only) folder=(?P<folder>made|found)"
    r"(?: sum=(?P<sum>[0-9a-f]{8}))?$",
    re.M,
)


@record
class Marking:
    """What a hook of ours says about itself.

    `order` is when the hook that was there before runs; "only": hunklint itself does not run (a global folder has to
    hand such hooks on).
    """

    name: str
    order: str = "first"
    folder: str = "found"  # made: the folder did not exist before
    edited: bool = False  # somebody has written into it since

    def __str__(self) -> str:
        return f"{MARK} {self.name} order={self.order} folder={self.folder}"


def read_marking(content: bytes) -> Marking | None:
    """The marking of a hook that hunklint wrote, None for any other file."""
    text = content.decode("utf-8", "surrogateescape")
    found = _MARKED.search(text[:400])
    if found is None:
        return None
    rest = text[: found.start()] + text[found.end() :]
    edited = found["sum"] is not None and found["sum"] != _sum(rest)
    return Marking(found["name"], found["order"], found["folder"], edited)


def _sum(text: str) -> str:
    """A checksum of a script without its marking: whether somebody changed it."""
    return f"{zlib.crc32(text.encode('utf-8', 'surrogateescape')):08x}"


def _sealed(marking: Marking, text: str) -> str:
    """The script with the checksum of the rest behind its marking."""
    before, _, after = text.partition(str(marking))
    return f"{before}{marking} sum={_sum(before + after)}{after}"


def program() -> tuple[str, ...]:
    """How to start this hunklint from anywhere: the installed command, else this interpreter with the module.

    -P: the folder that git runs the hook in is somebody's work tree; no module is ever imported from there.
    """
    command = os.path.join(os.path.dirname(sys.executable), "hunklint")  # noqa: PTH118, PTH120
    if os.access(command, os.X_OK):
        return (command,)
    return (sys.executable, "-P", "-m", "linter.cli.main")


def hook_script(marking: Marking, tool: tuple[str, ...], *, shared: bool = False, linked: bool = False) -> str:
    """The script of one hook.

    `shared`: it lies in a global folder and hands on to the repository's own hook. `linked`: the hook that was there
    before is a symbolic link, perhaps to another hook that is kept aside too.
    """
    name = marking.name
    existing = _of_repository(name) if shared else f"existing=$0{SUFFIX}\n{_LINKED if linked else ''}{_RUNNABLE}"
    if marking.order == "only":
        return _sealed(marking, f'{_head(marking)}{existing}[ -z "$existing" ] || exec "$existing" "$@"\n')
    feed = 'printf %s "$input" | ' if name == "pre-push" else ""
    before = f'[ -z "$existing" ] || {feed}"$existing" "$@" || exit\n'
    check = f'{feed}check "$@"\n'
    steps = before + check if marking.order == "first" else check.rstrip("\n") + " || exit\n" + before
    if shared:
        # a repository with a hook of its own from hunklint is not checked twice
        steps = f'if [ -n "$existing" ] && grep -q "^{MARK} " "$existing"; then\n\tcheck() {{ :; }}\nfi\n{steps}'
    return _sealed(marking, f"{_head(marking)}{existing}{_INPUT if feed else ''}{_check(name, tool)}{steps}")


def _head(marking: Marking) -> str:
    return (
        f"#!/bin/sh\n{marking}\n"
        f"# Written by `hunklint hook install`; `hunklint hook uninstall` puts back what was here before.\n"
    )


_RUNNABLE = '[ -x "$existing" ] || existing=\n'
_LINKED = f"""\
target=${{0%/*}}/$(readlink "$existing"){SUFFIX}
[ ! -x "$target" ] || existing=$target
"""


def _of_repository(name: str) -> str:
    return (
        f"existing=$(git rev-parse --git-common-dir)/hooks/{name}\n{_RUNNABLE}"
        # a repository whose own folder is this one would call itself
        '[ "$existing" -ef "$0" ] && existing=\n'
    )


_INPUT = """\
# both hooks read the references that are pushed
input=$(cat)
[ -z "$input" ] || input="$input
"
"""


def _check(name: str, tool: tuple[str, ...]) -> str:
    command = " ".join(map(shlex.quote, tool))
    return f"""\
check() {{
	if [ -x {shlex.quote(tool[0])} ]; then
		{command} hook run {name} "$@"
	elif command -v hunklint >/dev/null 2>&1; then
		hunklint hook run {name} "$@"
	else
		echo "hunklint was not found, and the hook $0 needs it." >&2
		echo "Install it again, delete the hook, or go on without it: {BYPASS[name]}" >&2
		return 1
	fi
}}
"""
