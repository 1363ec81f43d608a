"""GitHub: one review a run with comments on the diff of a pull request, and an issue comment for the summary.

https://docs.github.com/en/rest/pulls/reviews, https://docs.github.com/en/rest/pulls/comments
https://docs.github.com/en/rest/issues/comments
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from linter.deliver.api import Api, Refused
from linter.deliver.forge import UNFIT, Change, one_by_one
from linter.deliver.remarks import Existing, Wanted, key_of
from linter.render.markdown import MARKER
from linter.render.words import plural

NAME = "github"
TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")

_THREADS = """\
query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    reviewThreads(first: 100, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { id comments(first: 1) { nodes { databaseId } } }
    } } } }
"""
_RESOLVE = "mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { id } } }"
_UNRESOLVE = "mutation($id: ID!) { unresolveReviewThread(input: {threadId: $id}) { thread { id } } }"


def defaults(environment: Mapping[str, str]) -> tuple[str, str, str]:
    """API, repository and number as GitHub Actions gives them for a pull request."""
    reference = re.fullmatch(r"refs/pull/(\d+)/\w+", environment.get("GITHUB_REF", ""))
    return (
        environment.get("GITHUB_API_URL", "https://api.github.com"),
        environment.get("GITHUB_REPOSITORY", ""),
        reference[1] if reference else "",
    )


def headers(token: str) -> dict[str, str]:
    """How the token is sent, and which API is meant."""
    own = {"Authorization": f"Bearer {token}"} if token else {}
    return {**own, "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


class GitHub:
    """One pull request."""

    def __init__(self, api: Api, project: str, number: str) -> None:
        self.api = api
        self.project, self.number = project, number
        self.pull = f"repos/{project}/pulls/{number}"
        self.issue = f"repos/{project}/issues"
        self._user: str | None = None
        self._threads: dict[str, str] | None = None

    def change(self) -> Change:
        pull = self.api.get(self.pull)
        return Change(pull["head"]["sha"], pull["base"]["sha"])

    def _is_own(self, comment: Mapping[str, Any]) -> bool:
        """Whether we wrote it; the token of a workflow may not ask who it is, it writes as a bot."""
        if self._user is None:
            try:
                self._user = self.api.get("user")["login"]
            except Refused as error:
                if error.status not in (401, 403):
                    raise
                self._user = "github-actions[bot]"
        return bool(comment.get("user") and comment["user"]["login"] == self._user)

    def existing(self) -> list[Existing]:
        comments = list(self.api.pages(f"{self.pull}/comments", per_page=100))
        answered = {comment.get("in_reply_to_id") for comment in comments}
        return [
            Existing(
                str(comment["id"]),
                key,
                comment["body"],
                outdated=comment.get("line") is None,
                answered=comment["id"] in answered,
            )
            for comment in comments
            if (key := key_of(comment["body"])) and not comment.get("in_reply_to_id") and self._is_own(comment)
        ]

    def create(self, change: Change, comments: Sequence[Wanted]) -> list[Wanted]:
        """All in one review, one notification; where a line is refused (which refuses all), one by one."""
        rows = [_row(comment) for comment in comments]
        body = f"hunklint has {plural(len(rows), 'remark')} on this change."
        review = {"commit_id": change.head, "event": "COMMENT", "body": body, "comments": rows}
        try:
            self.api.write("POST", f"{self.pull}/reviews", review)
        except Refused as error:
            if error.status not in UNFIT:
                raise
        else:
            return []

        def send(comment: Wanted) -> None:
            self.api.write("POST", f"{self.pull}/comments", {"commit_id": change.head, **_row(comment)})

        return one_by_one(comments, send)

    def update(self, existing: Existing, body: str) -> None:
        self.api.write("PATCH", f"{self.pull.rpartition('/')[0]}/comments/{existing.id}", {"body": body})

    def close(self, existing: Existing) -> None:
        self._resolve(existing, _RESOLVE)

    def reopen(self, existing: Existing) -> None:
        self._resolve(existing, _UNRESOLVE)

    def _resolve(self, existing: Existing, mutation: str) -> None:
        """Only GraphQL can resolve, and not for every token; the comment says it anyway."""
        url = os.environ.get("GITHUB_GRAPHQL_URL") or self.api.base.removesuffix("/v3") + "/graphql"
        body = {"query": mutation, "variables": {"id": f"the thread of comment {existing.id}"}}
        if self.api.show is not None:
            self.api.write("POST", "graphql", body)
            return
        try:
            thread = self._thread_ids(url).get(existing.id)
            if thread:
                self.api.query(url, {"query": mutation, "variables": {"id": thread}})
        except Refused:
            return

    def _thread_ids(self, url: str) -> dict[str, str]:
        """Thread ids by the id of their first comment."""
        if self._threads is not None:
            return self._threads
        self._threads = {}
        owner, _, name = self.project.partition("/")
        after: str | None = None
        while True:
            variables = {"owner": owner, "name": name, "number": int(self.number), "after": after}
            data = self.api.query(url, {"query": _THREADS, "variables": variables}).get("data") or {}
            threads = ((data.get("repository") or {}).get("pullRequest") or {}).get("reviewThreads") or {}
            for node in threads.get("nodes", ()):
                for comment in node["comments"]["nodes"]:
                    self._threads[str(comment["databaseId"])] = node["id"]
            page = threads.get("pageInfo") or {}
            if not page.get("hasNextPage"):
                return self._threads
            after = page["endCursor"]

    def summary(self) -> Existing | None:
        for comment in self.api.pages(f"{self.issue}/{self.number}/comments", per_page=100):
            if comment["body"].startswith(MARKER) and self._is_own(comment):
                return Existing(str(comment["id"]), "", comment["body"])
        return None

    def write_summary(self, existing: Existing | None, body: str) -> None:
        if existing is None:
            self.api.write("POST", f"{self.issue}/{self.number}/comments", {"body": body})
        else:
            self.api.write("PATCH", f"{self.issue}/comments/{existing.id}", {"body": body})


def _row(comment: Wanted) -> dict[str, Any]:
    side = "LEFT" if comment.removed else "RIGHT"
    return {"path": comment.path, "line": comment.line, "side": side, "body": comment.body}


FORGE = GitHub
