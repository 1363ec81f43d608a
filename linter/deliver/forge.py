"""What every forge can do for us, in one shape; each forge is one module of this folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from linter.deliver.api import Api, Refused
from linter.deliver.remarks import Existing, Plan, Wanted, gone_body
from linter.record import record

UNFIT = (400, 422)
"""Answers to a comment on a line that the forge does not show."""


@record
class Change:
    """A merge request: what it would merge into what, and where its diff starts."""

    head: str
    base: str  # GitLab's base_sha, else the tip of the target branch: its merge base with head starts the diff
    start: str = ""  # GitLab's start_sha


class Forge(Protocol):
    """One merge request on one forge."""

    api: Api

    def change(self) -> Change:
        """The revisions of the merge request."""

    def existing(self) -> list[Existing]:
        """Our review comments."""

    def create(self, change: Change, comments: Sequence[Wanted]) -> list[Wanted]:
        """Write comments; returns those that the forge would not take on their line."""

    def update(self, existing: Existing, body: str) -> None:
        """Change the text of a comment."""

    def close(self, existing: Existing) -> None:
        """Resolve the thread of a comment, as far as the forge can."""

    def reopen(self, existing: Existing) -> None:
        """Undo `close`."""

    def summary(self) -> Existing | None:
        """Our summary comment."""

    def write_summary(self, existing: Existing | None, body: str) -> None:
        """Create or change the summary comment."""


@record
class Done:
    """What a run did."""

    created: int
    updated: int
    closed: int
    kept: int
    left_out: int
    refused: int


def carry_out(forge: Forge, change: Change, plan: Plan) -> Done:
    """Do what is planned; a comment that was replaced or whose finding went says so and is resolved."""
    refused = forge.create(change, plan.create) if plan.create else []
    unfit = {one.key for one in refused}
    for existing in plan.reopen:
        forge.reopen(existing)
    for existing, body in plan.update:
        forge.update(existing, body)
    gone = [*plan.close, *(one for one in plan.replaced if one.key not in unfit)]
    for existing in gone:
        forge.update(existing, gone_body(existing))
        if not existing.resolved:
            forge.close(existing)
    return Done(len(plan.create) - len(refused), len(plan.update), len(gone), plan.kept, plan.left_out, len(refused))


def one_by_one(comments: Sequence[Wanted], send: Callable[[Wanted], None]) -> list[Wanted]:
    """Send each; those refused for their line are returned, any other refusal is an error."""
    refused = []
    for comment in comments:
        try:
            send(comment)
        except Refused as error:
            if error.status not in UNFIT:
                raise
            refused.append(comment)
    return refused
