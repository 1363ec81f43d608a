"""One question to git: an argument list in, its answer out; no setting of the user changes the form of a diff."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from linter.errors import UsageError

ZERO = "0"
"""A name that consists of this digit only stands for: no such object."""

DIFF = (
    "--patch",
    "--full-index",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    "--find-renames",
    "--unified=10",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--submodule=short",
)
_PLAIN = ("-c", "core.quotePath=true", "-c", "color.ui=false", "-c", "core.fsmonitor=false")


def git(
    arguments: Sequence[str], cwd: str = ".", *, stdin: bytes | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git and return what it said; git being absent is a usage error."""
    try:
        return subprocess.run(
            ["git", "--no-pager", *_PLAIN, *arguments],
            cwd=cwd,
            env={**(os.environ if env is None else env), "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
            input=stdin if stdin is not None else b"",
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise UsageError("git was not found", "install git, or name it in PATH") from error


def line(arguments: Sequence[str], cwd: str = ".") -> str | None:
    """The first line of a successful answer, else None; names of files keep their bytes."""
    result = git(arguments, cwd)
    text = os.fsdecode(result.stdout).rstrip("\n")
    return text if result.returncode == 0 and text else None


def is_zero(object_id: str) -> bool:
    """Whether a hook names no object by this id (of either hash)."""
    return not object_id.strip(ZERO)
