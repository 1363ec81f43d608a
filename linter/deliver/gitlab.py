"""GitLab: threads on the diff of a merge request, and a note for the summary.

https://docs.gitlab.com/api/discussions/#merge-requests
https://docs.gitlab.com/api/notes/#merge-requests
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from linter.deliver.api import Api
from linter.deliver.forge import Change, one_by_one
from linter.deliver.remarks import Existing, Wanted, key_of
from linter.render.markdown import MARKER

NAME = "gitlab"
TOKENS = ("GITLAB_TOKEN",)
"""CI_JOB_TOKEN is not among them: GitLab lets it write no notes."""


def defaults(environment: Mapping[str, str]) -> tuple[str, str, str]:
    """API, project and number as GitLab CI gives them in a merge request pipeline."""
    return (
        environment.get("CI_API_V4_URL", "https://gitlab.com/api/v4"),
        environment.get("CI_MERGE_REQUEST_PROJECT_ID") or environment.get("CI_PROJECT_ID", ""),
        environment.get("CI_MERGE_REQUEST_IID", ""),
    )


def headers(token: str) -> dict[str, str]:
    """How the token is sent."""
    return {"PRIVATE-TOKEN": token} if token else {}


class GitLab:
    """One merge request."""

    def __init__(self, api: Api, project: str, number: str) -> None:
        self.api = api
        self.top = f"projects/{quote(project, safe='')}/merge_requests/{number}"
        self._user: Any = None

    def change(self) -> Change:
        refs = self.api.get(self.top)["diff_refs"]
        return Change(refs["head_sha"], refs["base_sha"], refs["start_sha"])

    def _is_own(self, note: Mapping[str, Any]) -> bool:
        if self._user is None:
            self._user = self.api.get("user")["id"]
        return bool(note["author"]["id"] == self._user)

    def existing(self) -> list[Existing]:
        found = []
        for discussion in self.api.pages(f"{self.top}/discussions", per_page=100):
            first, *rest = discussion["notes"]
            key = key_of(first["body"])
            if key is None or not self._is_own(first):
                continue
            # GitLab moves a thread with its line by itself, some time after a push: it is never written anew
            answered = any(not note.get("system") for note in rest)
            found.append(
                Existing(
                    str(first["id"]),
                    key,
                    first["body"],
                    thread=discussion["id"],
                    resolved=bool(first.get("resolved")),
                    answered=answered,
                )
            )
        return found

    def create(self, change: Change, comments: Sequence[Wanted]) -> list[Wanted]:
        def send(comment: Wanted) -> None:
            paths = (comment.path, comment.other_path) if comment.removed else (comment.other_path, comment.path)
            position = {
                "position_type": "text",
                "base_sha": change.base,
                "start_sha": change.start,
                "head_sha": change.head,
                "old_path": paths[0],
                "new_path": paths[1],
                "old_line" if comment.removed else "new_line": comment.line,
            }
            self.api.write("POST", f"{self.top}/discussions", {"body": comment.body, "position": position})

        return one_by_one(comments, send)

    def update(self, existing: Existing, body: str) -> None:
        self.api.write("PUT", f"{self.top}/discussions/{existing.thread}/notes/{existing.id}", {"body": body})

    def close(self, existing: Existing) -> None:
        self.api.write("PUT", f"{self.top}/discussions/{existing.thread}", {"resolved": True})

    def reopen(self, existing: Existing) -> None:
        self.api.write("PUT", f"{self.top}/discussions/{existing.thread}", {"resolved": False})

    def summary(self) -> Existing | None:
        for note in self.api.pages(f"{self.top}/notes", per_page=100, sort="asc", order_by="created_at"):
            if note["body"].startswith(MARKER) and self._is_own(note):
                return Existing(str(note["id"]), "", note["body"])
        return None

    def write_summary(self, existing: Existing | None, body: str) -> None:
        if existing is None:
            self.api.write("POST", f"{self.top}/notes", {"body": body})
        else:
            self.api.write("PUT", f"{self.top}/notes/{existing.id}", {"body": body})


FORGE = GitLab
