"""One HTTP API with a token: pages, patience, and nothing that gives the token away.

Redirects are not followed and pages of another host are refused, so the token goes to the named host alone. It stands
in no message: what a server answers is searched for it before it is shown.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from linter.errors import InputError, UsageError
from linter.record import field, record

TRIES = 5
LONGEST_WAIT = 300.0  # seconds; a server that wants more is asked again in the next run
SECONDARY = 60.0
"""Seconds to wait at GitHub's secondary limit, which it may not name: "wait for at least one minute".
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api"""
MAX_PAGES = 200
_NEXT = re.compile(r'<([^<>]+)>\s*;[^<]*rel="?next"?', re.I)
_LOCAL = ("127.0.0.1", "localhost", "::1")


class Refused(InputError):
    """An answer that is no success: `status` is its code."""

    def __init__(self, title: str, help: str, status: int) -> None:
        super().__init__(title, help)
        self.status = status


def check_url(url: str, *, plain: bool = False) -> str:
    """A base URL that a token may be sent to; `plain` allows HTTP without encryption."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"not the URL of an API: {url!r}", "it looks like https://gitlab.example.org/api/v4")
    if parts.username or parts.password:
        raise UsageError("the URL holds a user or a password", "give the token in the environment")
    if parts.scheme == "http" and not plain and parts.hostname not in _LOCAL:
        raise UsageError(f"{url} is not encrypted", "use https, or --allow-http if the token may be read on its way")
    return url.rstrip("/")


def read_token(environment: Mapping[str, str], names: Sequence[str]) -> str:
    """The first token that is set, without the line break that a file may have left; empty where there is none.

    One that no header can carry is refused here: the HTTP client would name it in its message.
    """
    name = next((name for name in names if environment.get(name, "").strip()), "")
    token = environment.get(name, "").strip()
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise UsageError(f"{name} holds no token", "it is one word of plain characters; see how it was set")
    return token


@record(frozen=False)
class Api:
    """The requests of one run. `show` is given what a dry run would have sent; then nothing is written anywhere."""

    base: str
    headers: Mapping[str, str] = field(repr=False)
    secret: str = field(default_factory=str, repr=False)
    show: Callable[[str], None] | None = None
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time
    sent: int = 0
    _client: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            import httpx
        except ImportError as error:
            raise UsageError(
                "talking to a server needs an HTTP client that is not installed", "pip install 'hunklint[forge]'"
            ) from error
        from linter import __version__

        headers = {"User-Agent": f"hunklint/{__version__}", **self.headers}
        self._client = httpx.Client(headers=headers, timeout=30.0, follow_redirects=False)

    def get(self, path: str, **params: Any) -> Any:
        """One object."""
        return self._json(self._request("GET", self._url(path), params=params))

    def pages(self, path: str, **params: Any) -> Iterator[Any]:
        """Every entry of a list, page after page (RFC 8288 links)."""
        url: str | None = self._url(path)
        for _ in range(MAX_PAGES):
            if url is None:
                return
            answer = self._request("GET", url, params=params)
            params = {}
            found = self._json(answer)
            if not isinstance(found, list):
                raise InputError(f"GET {url}: the answer is no list", "is that the URL of the API?")
            yield from found
            link = _NEXT.search(answer.headers.get("link", ""))
            url = self._same_host(str(answer.url.join(link[1]))) if link else None

    def write(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Change something; in a dry run only show the request."""
        url = self._url(path)
        if self.show is not None:
            self.show(f"{method} {url}\n{json.dumps(body, indent=2, ensure_ascii=False)}")
            return {}
        self.sent += 1
        answer = self._request(method, url, body=body)
        return self._json(answer) if answer.content else {}

    def query(self, url: str, body: Mapping[str, Any]) -> Any:
        """A question that is asked by POST (GraphQL)."""
        return self._json(self._request("POST", self._same_host(url), body=body))

    def _url(self, path: str) -> str:
        return f"{self.base}/{path.lstrip('/')}"

    def _same_host(self, url: str) -> str:
        if urlsplit(url)[:2] != urlsplit(self.base)[:2]:
            raise InputError(f"the server leads to another host: {url}", "the token is not sent there")
        return url

    def _request(self, method: str, url: str, *, params: Any = None, body: Any = None) -> Any:
        """One request, patiently: again after what passes by itself, with growing pauses or those the server names."""
        import httpx

        for attempt in range(1, TRIES + 1):
            try:
                answer = self._client.request(method, url, params=params or None, json=body)
            except httpx.TransportError as error:
                # whether a write arrived is unknown once it was sent; a connection that never was is harmless
                if attempt == TRIES or (method != "GET" and not isinstance(error, httpx.ConnectError)):
                    raise InputError(self._clean(f"{method} {url}: {error}"), "see whether the server is up") from None
                self.sleep(2.0 ** (attempt - 1))
                continue
            if answer.is_success:
                return answer
            pause = self._pause(method, answer, attempt)
            if pause is None or attempt == TRIES:
                raise self._refused(method, url, answer)
            self.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _pause(self, method: str, answer: Any, attempt: int) -> float | None:
        """Seconds to wait before asking again; None where asking again is of no use."""
        headers = answer.headers
        told = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
        second = answer.status_code in (403, 429) and "secondary rate limit" in answer.text[:4000].lower()
        limited = answer.status_code == 429 or (answer.status_code == 403 and (told or second))
        if not limited and (answer.status_code < 500 or (method == "POST" and "retry-after" not in headers)):
            return None
        pause = 2.0 ** (attempt - 1)
        if second and not told:
            pause *= SECONDARY
        elif (asked := self._retry_after(headers.get("retry-after", "").strip())) is not None:
            pause = asked
        elif limited:
            reset = headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset") or ""
            if reset.isdigit():
                pause = max(1.0, float(reset) - self.now())
        return pause if pause <= LONGEST_WAIT else None

    def _retry_after(self, value: str) -> float | None:
        """Seconds, or the time until a date (RFC 9110, section 10.2.3)."""
        if value.isdigit():
            return float(value)
        from email.utils import parsedate_to_datetime

        try:
            return max(1.0, parsedate_to_datetime(value).timestamp() - self.now())
        except (ValueError, TypeError):
            return None

    def _refused(self, method: str, url: str, answer: Any) -> Refused:
        said = " ".join(answer.text[:400].split())
        advice = {
            301: "the project has moved: name it by its new name",
            401: "the token is missing or not valid",
            403: "the token may not do that, or the server's limit is reached",
            404: "see the project and the number, and whether the token may read it",
            429: "the server's limit is reached; the next run goes on",
        }.get(answer.status_code, "")
        return Refused(self._clean(f"{method} {url}: {answer.status_code} {said}".rstrip()), advice, answer.status_code)

    def _json(self, answer: Any) -> Any:
        try:
            return answer.json()
        except ValueError:
            raise InputError(f"{answer.url}: the answer is not JSON", "is that the URL of the API?") from None

    def _clean(self, text: str) -> str:
        from linter.render.escape import visible

        return visible(text.replace(self.secret, "***") if self.secret else text)
