"""What `git push` is about to send: the lines a pre-push hook reads to the commits that nobody there has yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from linter.deliver.git import ZERO, git, is_zero, line
from linter.record import record

MOST = 300
"""Commits reviewed in one push; the newest ones."""


@record
class Update:
    """One reference to be pushed."""

    local_ref: str
    local_id: str
    remote_ref: str
    remote_id: str


@record
class Pushed:
    """The commits of a push, as arguments for `git log`, and how many more there were than are reviewed."""

    selection: tuple[str, ...]
    left_out: int = 0


def read_updates(lines: Iterable[bytes]) -> list[Update]:
    """The lines that git writes; what does not look like one is passed over."""
    words = (row.decode("utf-8", "surrogateescape").split() for row in lines)
    return [Update(*row) for row in words if len(row) == 4]


def framework_update(environment: Mapping[str, str]) -> Update | None:
    """What the pre-commit framework was asked to look at: it keeps standard input to itself and sets variables.

    https://pre-commit.com/#pre-push
    """
    if "PRE_COMMIT" not in environment:
        return None
    to = environment.get("PRE_COMMIT_TO_REF") or environment.get("PRE_COMMIT_LOCAL_BRANCH")
    return Update(to, to, "", environment.get("PRE_COMMIT_FROM_REF") or ZERO) if to else None


def select(updates: Sequence[Update], remote: str) -> Pushed | None:
    """The commits that the remote lacks; None where there are none (a deletion, a tag of old work, nothing new).

    Without a remote, those that follow the old ids.

    What the remote has is told by the old ids and by its remote-tracking branches: of a new branch those commits
    remain that follow the merge base, of a rebased one not the commits that it was moved onto.
    """
    tips = [update.local_id for update in updates if not is_zero(update.local_id) and _is_commit(update.local_id)]
    if not tips:
        return None
    old = [update.remote_id for update in updates if not is_zero(update.remote_id) and _is_commit(update.remote_id)]
    known = ["--not", *old, *([f"--remotes={_glob(remote)}"] if remote else [])]
    if remote and not old and not line(["for-each-ref", "--count=1", f"refs/remotes/{remote}/"]):
        known = ["--not", "--remotes"]  # a remote never fetched from: what any other one has is not new either
    counted = line(["rev-list", "--count", "--no-merges", *tips, *known, "--"])
    count = int(counted) if counted and counted.isdigit() else 0
    if not count:
        return None
    return Pushed((f"--max-count={MOST}", *tips, *known), max(0, count - MOST))


def _is_commit(object_id: str) -> bool:
    return git(["cat-file", "-e", f"{object_id}^{{commit}}"]).returncode == 0


def _glob(name: str) -> str:
    """A remote's name as a pattern that matches only it; one given by its URL has no branches here."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in name) + "/*"
