"""Patchwork checks: a patch is found by its Message-ID; a check is posted beside it, and never changed afterwards.

https://patchwork.readthedocs.io/en/latest/api/rest/
The latest check of a context counts, so a new result is a new check; one that says what the last one said is not sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linter.deliver.api import Api
from linter.errors import UsageError
from linter.patch.model import Patch
from linter.record import field, record
from linter.render.patchwork import context_slug

LONGEST_URL = 200


def headers(token: str) -> dict[str, str]:
    """How the token is sent."""
    return {"Authorization": f"Token {token}"} if token else {}


def check_target(url: str | None) -> str | None:
    """A `target_url` that Patchwork takes."""
    if url is not None and (not url.startswith(("http://", "https://")) or len(url) > LONGEST_URL):
        raise UsageError(
            f"not a URL that Patchwork takes: {url[:80]!r}", f"http or https, {LONGEST_URL} characters at most"
        )
    return url


@record(frozen=False)
class Board:
    """A Patchwork server: which patch has which number, and what was posted in this run."""

    api: Api
    project: str = ""
    context: str = "hunklint"
    target_url: str | None = None
    posted: int = 0
    unchanged: int = 0
    absent: list[str] = field(default_factory=list)
    _numbers: dict[str, int | None] = field(default_factory=dict)

    def number(self, message_id: str) -> int | None:
        """The number of a patch, None where the server does not have it."""
        if message_id not in self._numbers:
            params = {"msgid": message_id, "archived": "false"}
            if self.project:
                params["project"] = self.project
            found = next(self.api.pages("patches/", **params), None)
            self._numbers[message_id] = found["id"] if found else None
            if found is None:
                self.absent.append(message_id)
        return self._numbers[message_id]

    def announce(self, patch: Patch) -> None:
        """Post `pending`, so that people see that a result will come; not where there is a result already."""
        number = self._checked(patch)
        if number is not None and self._last(number) is None:
            self._post(number, "pending", "under review")

    def conclude(self, patch: Patch, result: Mapping[str, Any]) -> None:
        """Post the result of a patch, as `linter.render.patchwork.check` makes it."""
        number = self._checked(patch)
        if number is None:
            return
        last = self._last(number)
        said = (result["state"], result["description"], self.target_url)
        if last is not None and (last["state"], last["description"], last.get("target_url") or None) == said:
            self.unchanged += 1
            return
        self._post(number, result["state"], result["description"])
        self.posted += 1

    def _checked(self, patch: Patch) -> int | None:
        """The number of a patch that wants a check: a mail, not a quotation, not one that says `ignore`."""
        if patch.message_id is None or patch.quoted:
            return None
        hints = [value for name, value in patch.headers if name.lower() == "x-patchwork-hint"]
        if any(hint.strip().lower() == "ignore" for hint in hints):
            return None
        return self.number(patch.message_id)

    def _last(self, number: int) -> Mapping[str, Any] | None:
        """The latest check of our context, which is the one that counts."""
        last: Mapping[str, Any] | None = None
        for check in self.api.pages(f"patches/{number}/checks/"):
            if check["context"] == self._slug() and (last is None or check["id"] > last["id"]):
                last = check
        return last

    def _post(self, number: int, state: str, description: str) -> None:
        body = {"state": state, "context": self._slug(), "description": description, "target_url": self.target_url}
        self.api.write("POST", f"patches/{number}/checks/", body)

    def _slug(self) -> str:
        return context_slug(self.context)
