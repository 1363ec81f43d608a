"""Gitea and Forgejo: one review a run with comments on the diff of a pull request, and a comment for the summary.

https://docs.gitea.com/api/ (repoCreatePullReview, issueEditComment)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from linter.deliver.api import Api, Refused
from linter.deliver.forge import UNFIT, Change, one_by_one
from linter.deliver.remarks import Existing, Wanted, key_of
from linter.render.markdown import MARKER
from linter.render.words import plural

NAME = "gitea"
TOKENS = ("GITEA_TOKEN", "FORGEJO_TOKEN", "GITHUB_TOKEN")
"""The last is what actions of Gitea and Forgejo call their own."""


def defaults(environment: Mapping[str, str]) -> tuple[str, str, str]:
    """API, repository and number as actions give them (with GitHub's names)."""
    reference = re.fullmatch(r"refs/pull/(\d+)/\w+", environment.get("GITHUB_REF", ""))
    server = environment.get("GITHUB_SERVER_URL", "")
    fallback = f"{server}/api/v1" if server else ""
    url = environment.get("GITEA_API_URL") or environment.get("GITHUB_API_URL") or fallback
    return url, environment.get("GITHUB_REPOSITORY", ""), reference[1] if reference else ""


def headers(token: str) -> dict[str, str]:
    """How the token is sent."""
    return {"Authorization": f"token {token}"} if token else {}


class Gitea:
    """One pull request."""

    def __init__(self, api: Api, project: str, number: str) -> None:
        self.api = api
        self.pull = f"repos/{project}/pulls/{number}"
        self.issue = f"repos/{project}/issues"
        self.number = number
        self._user: int | None = None

    def change(self) -> Change:
        pull = self.api.get(self.pull)
        return Change(pull["head"]["sha"], pull["base"]["sha"])

    def _is_own(self, comment: Mapping[str, Any]) -> bool:
        if self._user is None:
            self._user = self.api.get("user")["id"]
        return bool(comment.get("user") and comment["user"]["id"] == self._user)

    def existing(self) -> list[Existing]:
        found = []
        for review in self.api.pages(f"{self.pull}/reviews", limit=50):
            if not self._is_own(review):
                continue
            for comment in self.api.pages(f"{self.pull}/reviews/{review['id']}/comments"):
                key = key_of(comment["body"])
                if key and self._is_own(comment):
                    outdated = not comment.get("position") and not comment.get("original_position")
                    resolved = bool(comment.get("resolver"))
                    found.append(
                        Existing(str(comment["id"]), key, comment["body"], outdated=outdated, resolved=resolved)
                    )
        return found

    def create(self, change: Change, comments: Sequence[Wanted]) -> list[Wanted]:
        def send(rows: Sequence[Wanted]) -> None:
            body = f"hunklint has {plural(len(rows), 'remark')} on this change."
            review = {"commit_id": change.head, "event": "COMMENT", "body": body, "comments": [*map(_row, rows)]}
            self.api.write("POST", f"{self.pull}/reviews", review)

        try:
            send(comments)
        except Refused as error:
            if error.status not in UNFIT:
                raise
            return one_by_one(comments, lambda comment: send([comment])) if len(comments) > 1 else list(comments)
        return []

    def update(self, existing: Existing, body: str) -> None:
        self.api.write("PATCH", f"{self.issue}/comments/{existing.id}", {"body": body})

    def close(self, existing: Existing) -> None:
        """The API has no way to resolve a conversation: the comment itself says that the finding went."""

    def reopen(self, existing: Existing) -> None:
        """As for `close`."""

    def summary(self) -> Existing | None:
        for comment in self.api.pages(f"{self.issue}/{self.number}/comments", limit=50):
            if comment["body"].startswith(MARKER) and self._is_own(comment):
                return Existing(str(comment["id"]), "", comment["body"])
        return None

    def write_summary(self, existing: Existing | None, body: str) -> None:
        if existing is None:
            self.api.write("POST", f"{self.issue}/{self.number}/comments", {"body": body})
        else:
            self.api.write("PATCH", f"{self.issue}/comments/{existing.id}", {"body": body})


def _row(comment: Wanted) -> dict[str, Any]:
    old, new = (comment.line, 0) if comment.removed else (0, comment.line)
    return {"path": comment.path, "old_position": old, "new_position": new, "body": comment.body}


FORGE = Gitea
