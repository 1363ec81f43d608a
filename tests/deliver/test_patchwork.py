"""`hunklint patchwork` against a server of the tests' own that takes what Patchwork takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from linter.cli.main import run
from tests.deliver.ground import Ground
from tests.deliver.servers import SECRET, Patchwork, serve

pytest.importorskip("httpx")

Call = Callable[..., tuple[int, str, str]]
HEAD = "From mboxrd@z Thu Jan  1 00:00:00 1970\n"


@pytest.fixture
def box(ground: Ground) -> Path:
    """A series of two in a mailbox: one patch bad, one good."""
    ground.commit("bad_call", subject="misc: part: Be bad")
    ground.commit("good_call", subject="misc: part: Be good")
    out = ground.git("format-patch", "--stdout", "--thread", "-2").stdout
    for number, line in enumerate([line for line in out.splitlines() if line.startswith("Message-Id: ")], 1):
        out = out.replace(line.removeprefix("Message-Id: "), f"<{number}@example.org>")
    place = ground.top.parent / "series.mbx"
    place.write_text(out)
    return place


@pytest.fixture
def server() -> Iterator[Patchwork]:
    made = Patchwork("1@example.org", "2@example.org")
    with serve(made):
        yield made


@pytest.fixture
def call(
    ground: Ground, server: Patchwork, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    monkeypatch.chdir(ground.top)
    for key in ("HOME", "XDG_CACHE_HOME", "GIT_CONFIG_NOSYSTEM", "PATH"):
        monkeypatch.setenv(key, ground.env[key])
    monkeypatch.setenv("PATCHWORK_TOKEN", SECRET)

    def patchwork(*arguments: str) -> tuple[int, str, str]:
        server.requests.clear()
        code = run(["patchwork", "--url", server.url.removesuffix("/api"), *arguments])
        out = capsys.readouterr()
        assert SECRET not in out.out + out.err
        return code, out.out, out.err

    return patchwork


def states(server: Patchwork) -> list[list[str]]:
    return [[check["state"] for check in checks] for checks in server.checks.values()]


def test_pending_first_then_the_result(box: Path, server: Patchwork, call: Call) -> None:
    code, out, err = call("--post", str(box))
    assert (code, out) == (1, "")
    assert states(server) == [["pending", "fail"], ["pending", "success"]]
    # people see that something is coming before anything is reviewed
    assert [body["state"] for _, _, body in server.writes] == ["pending", "pending", "fail", "success"]
    last = server.checks[100][-1]
    assert last["context"] == "hunklint"
    assert "test-bad-call" in last["description"]
    assert last["target_url"] is None
    assert "2 checks posted" in err


def test_what_is_said_of_the_series_is_said_of_each_patch(
    ground: Ground, box: Path, server: Patchwork, call: Call
) -> None:
    """Patchwork has no checks of a series; what is said of one line stays with its patch."""
    ground.config('rule = ["test-bad-call", "duplicate-subjects"]')
    box.write_text(box.read_text().replace("misc: part: Be good", "misc: part: Be bad"))
    call("--post", "--no-pending", str(box))
    first, second = (server.checks[number][-1] for number in (100, 101))
    assert "duplicate-subjects" in first["description"]
    assert "on the series" in first["description"] + second["description"]
    assert "duplicate-subjects" in second["description"]
    assert "test-bad-call" in first["description"]
    assert "test-bad-call" not in second["description"]
    assert (first["state"], second["state"]) == ("fail", "success"), "info is no reason to worry"


def test_the_same_result_is_not_posted_again(box: Path, server: Patchwork, call: Call) -> None:
    call("--post", str(box))
    _, _, err = call("--post", str(box))
    assert server.writes == []
    assert "0 checks posted, 2 said already" in err
    call("--post", "--target-url", "https://example.org/report", str(box))
    assert states(server) == [["pending", "fail", "fail"], ["pending", "success", "success"]]


def test_options(box: Path, server: Patchwork, call: Call) -> None:
    call("--post", "--no-pending", "--context", "my/linter 1.0", "--project", "lkml", str(box))
    assert states(server) == [["fail"], ["success"]]
    assert server.checks[100][0]["context"] == "my-linter-1-0"
    assert all("project=lkml" in path for _, path, _ in server.requests if "msgid" in path)
    assert call("--post", "--target-url", "javascript:x", str(box))[0] == 2
    assert call("--post", "--target-url", "https://x/" + "a" * 200, str(box))[0] == 2


def test_a_dry_run_posts_nothing(box: Path, server: Patchwork, call: Call) -> None:
    code, out, err = call("--dry-run", str(box))
    assert code == 1
    assert server.writes == []
    assert out.count("POST ") == 4
    assert '"state": "fail"' in out
    assert "2 checks would be posted" in err


def test_without_post_no_server_is_asked(box: Path, server: Patchwork, call: Call) -> None:
    code, out, _ = call(str(box))
    assert code == 1
    assert server.requests == []
    assert [json.loads(row)["state"] for row in out.splitlines()] == ["fail", "success"]


def test_mails_that_want_no_check(box: Path, server: Patchwork, call: Call) -> None:
    text = box.read_text().replace("Message-Id: <1@", "X-Patchwork-Hint: ignore\nMessage-Id: <1@")
    box.write_text(text.replace("<2@example.org>", "<other@example.org>"))
    code, _, err = call("--post", str(box))
    assert code == 1
    assert server.writes == []
    assert "1 patch not on the server" in err


def test_commits_have_no_place_there(ground: Ground, server: Patchwork, call: Call) -> None:
    ground.commit("bad_call")
    assert call("--post", "HEAD~1..")[0] == 1
    assert server.requests == []


def test_missing_things_are_named(box: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATCHWORK_TOKEN", "wrong-secret")
    code, out, err = call("--post", str(box))
    assert code == 3
    assert "401" in err
    assert "wrong-secret" not in out + err
    monkeypatch.delenv("PATCHWORK_TOKEN")
    code, _, err = call("--post", str(box))
    assert code == 2
    assert "PATCHWORK_TOKEN" in err
    assert run(["patchwork", "--post", str(box)]) == 2
