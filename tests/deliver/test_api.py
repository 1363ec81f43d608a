"""The client: patience with limits and outages, pages, and a token that goes to one host and into no message."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from linter.deliver.api import LONGEST_WAIT, TRIES, Api, Refused, check_url, read_token
from linter.errors import InputError, LinterError, UsageError
from tests.deliver.servers import SECRET, Server, serve

pytest.importorskip("httpx")


class Things(Server):
    token = ("Authorization", SECRET)

    def __init__(self) -> None:
        super().__init__()
        self.things = list(range(5))

    def routes(self) -> dict[str, Any]:
        return {
            "GET /things": lambda body: self.things,
            "GET /one": lambda body: {"id": 1},
            "POST /things": lambda body: self.things.append(body["thing"]) or {"id": len(self.things)},
        }


class Waited:
    """A clock that only notes how long it was asked to wait."""

    def __init__(self) -> None:
        self.pauses: list[float] = []


@pytest.fixture
def server() -> Iterator[Things]:
    made = Things()
    with serve(made):
        yield made


def client(server: Server, waited: Waited, **more: Any) -> Api:
    options = {"sleep": waited.pauses.append, "now": lambda: 1000.0, **more}
    return Api(server.url, {"Authorization": SECRET}, SECRET, **options)


def test_every_page_is_read(server: Things) -> None:
    assert list(client(server, Waited()).pages("things", per_page=2)) == [0, 1, 2, 3, 4]
    assert [path for _, path, _ in server.requests] == ["/things?per_page=2", "/things?page=2", "/things?page=3"]


def test_pages_of_another_host_are_refused(server: Things) -> None:
    server.faults = [(200, {"Link": '<http://127.0.0.1:1/things?page=2>; rel="next"'}, "[0]")]
    pages = client(server, Waited()).pages("things")
    assert next(pages) == 0
    with pytest.raises(InputError, match="another host"):
        next(pages)


def test_pages_without_end_end(server: Things, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linter.deliver.api.MAX_PAGES", 7)
    url = f'<{server.url}/things>; rel="next"'
    server.faults = [(200, {"Link": url}, "[0]")] * 20
    assert sum(1 for _ in client(server, Waited()).pages("things")) == 7


def test_redirects_are_not_followed(server: Things) -> None:
    server.faults = [(301, {"Location": "http://127.0.0.1:1/"}, "")]
    with pytest.raises(Refused, match="301"):
        client(server, Waited()).get("one")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("fault", "pauses"),
    [
        ((429, {"Retry-After": "7"}, ""), [7.0]),
        ((429, {"RateLimit-Reset": "1030"}, ""), [30.0]),
        ((429, {}, ""), [1.0]),
        ((403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1012"}, ""), [12.0]),
        ((403, {"Retry-After": "3"}, ""), [3.0]),
        ((502, {}, ""), [1.0]),
        ((429, {"Retry-After": "Thu, 01 Jan 1970 00:17:20 GMT"}, ""), [40.0]),
        ((429, {"Retry-After": "some day"}, ""), [1.0]),
        ((403, {}, '{"message": "You have exceeded a secondary rate limit."}'), [60.0]),
        ((403, {"Retry-After": "5"}, '{"message": "You have exceeded a secondary rate limit."}'), [5.0]),
    ],
)
def test_what_passes_is_waited_for(server: Things, fault: Any, pauses: list[float]) -> None:
    server.faults = [fault]
    waited = Waited()
    assert client(server, waited).get("one") == {"id": 1}
    assert waited.pauses == pauses


def test_pauses_grow_and_end(server: Things) -> None:
    server.faults = [(503, {}, "")] * (TRIES + 3)
    waited = Waited()
    with pytest.raises(Refused, match="503"):
        client(server, waited).get("one")
    assert waited.pauses == [1.0, 2.0, 4.0, 8.0]
    assert len(server.requests) == TRIES


@pytest.mark.parametrize(
    "fault", [(403, {}, ""), (404, {}, ""), (429, {"Retry-After": str(int(LONGEST_WAIT) + 1)}, "")]
)
def test_what_does_not_pass_is_told_at_once(server: Things, fault: Any) -> None:
    server.faults = [fault]
    waited = Waited()
    with pytest.raises(Refused) as caught:
        client(server, waited).get("one")
    assert caught.value.status == fault[0]
    assert caught.value.exit_code == 3
    assert waited.pauses == []


def test_a_write_of_unknown_fate_is_not_repeated(server: Things) -> None:
    server.faults = [(502, {}, "")]
    with pytest.raises(Refused, match="502"):
        client(server, Waited()).write("POST", "things", {"thing": 9})
    server.faults = [(429, {"Retry-After": "1"}, "")]
    client(server, Waited()).write("POST", "things", {"thing": 9})
    assert server.things.count(9) == 1


def test_a_server_that_is_down() -> None:
    waited = Waited()
    api = Api("http://127.0.0.1:1", {}, SECRET, sleep=waited.pauses.append)
    with pytest.raises(InputError, match="GET http://127"):
        api.get("one")
    assert len(waited.pauses) == TRIES - 1


def test_the_token_is_in_no_message(server: Things) -> None:
    api = Api(server.url, {"Authorization": f"x{SECRET}"}, SECRET, sleep=Waited().pauses.append)
    with pytest.raises(Refused) as caught:
        api.get("one")
    said = f"{caught.value} {caught.value.title} {caught.value.help} {caught.value.__cause__}"
    assert "401" in said
    assert "***" in said
    assert SECRET not in said
    assert SECRET not in repr(api)


@pytest.mark.parametrize("token", ["gh_s\u00e9cret", "gh_secret\nX-Other: 1", "gh_secret more", "gh_\x1b[31m"])
def test_a_token_that_no_header_can_carry_is_refused_without_naming_it(token: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_token({"A_TOKEN": token}, ("OTHER", "A_TOKEN"))
    assert "A_TOKEN" in caught.value.title
    assert "gh_" not in f"{caught.value.title} {caught.value.help}"


def test_the_first_token_that_is_set() -> None:
    assert read_token({"A": " ", "B": "two\n", "C": "three"}, ("A", "B", "C")) == "two"
    assert read_token({}, ("A",)) == ""


def test_answers_that_are_no_json(server: Things) -> None:
    for text in ("<html>", ""):
        server.faults = [(200, {}, text)]
        with pytest.raises(InputError, match="not JSON"):
            client(server, Waited()).get("one")
    with pytest.raises(InputError, match="no list"):
        list(client(server, Waited()).pages("one"))


def test_a_dry_run_shows_the_request(server: Things) -> None:
    shown: list[str] = []
    assert client(server, Waited(), show=shown.append).write("POST", "things", {"thing": "ä"}) == {}
    assert server.requests == []
    assert shown == [f'POST {server.url}/things\n{{\n  "thing": "ä"\n}}']


@pytest.mark.parametrize("url", ["http://forge.example.org", "ftp://x", "forge", "https://me:pw@forge.example.org", ""])
def test_urls_that_a_token_does_not_go_to(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_url(url)
    assert "pw" not in str(caught.value)


def test_urls_that_are_fine() -> None:
    assert check_url("https://forge.example.org/api/") == "https://forge.example.org/api"
    assert check_url("http://localhost:3000/x") == "http://localhost:3000/x"
    assert check_url("http://forge.example.org", plain=True) == "http://forge.example.org"


def test_without_the_client_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(LinterError) as caught:
        Api("https://x", {})
    assert "hunklint[forge]" in caught.value.help
