"""`hunklint comment` against servers of the tests' own: who gets which comment, how often, and what is never said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from linter.cli.main import run
from linter.deliver.remarks import Existing, Wanted, gone_body, is_gone, key_of, make_plan, wanted_comments
from linter.detect.model import Grid
from linter.record import replace
from linter.review.model import PatchReport, Verdict
from linter.review.overlap import AGAIN
from linter.rulebook.model import Severity
from tests.deliver.ground import Ground
from tests.deliver.servers import SECRET, Diffed, Gitea, GitHub, GitLab, serve
from tests.render import build

pytest.importorskip("httpx")

TOKEN = {"gitlab": "GITLAB_TOKEN", "github": "GITHUB_TOKEN", "gitea": "GITEA_TOKEN"}
Bench = tuple[Ground, Diffed, Callable[..., tuple[int, str, str]]]


@pytest.fixture(params=["gitlab", "github", "gitea"])
def bench(
    request: pytest.FixtureRequest, ground: Ground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Bench]:
    """A repository with a topic branch, a forge that shows it, and the command as CI would call it."""
    yield from make_bench(request.param, ground, monkeypatch, capsys)


def make_bench(
    name: str, ground: Ground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Bench]:
    server = {"gitlab": GitLab, "github": GitHub, "gitea": Gitea}[name]()
    monkeypatch.chdir(ground.top)
    for key in ("GITHUB_TOKEN", "GH_TOKEN", "GITHUB_REF", "GITHUB_GRAPHQL_URL", "GIT_DIR"):
        monkeypatch.delenv(key, raising=False)
    for key in ("HOME", "XDG_CACHE_HOME", "GIT_CONFIG_NOSYSTEM", "PATH"):
        monkeypatch.setenv(key, ground.env[key])
    monkeypatch.setenv(TOKEN[name], SECRET)
    ground.git("checkout", "-q", "-b", "topic")

    def comment(*options: str) -> tuple[int, str, str]:
        server.requests.clear()
        base, head = (ground.git("rev-parse", name).stdout.strip() for name in ("main", "topic"))
        server.show(base, head, ground.git("diff", "main...topic").stdout)
        code = run(["comment", f"--{name}", "--api", server.url, "--project", "group/part", "--number", "5", *options])
        out = capsys.readouterr()
        assert SECRET not in out.out + out.err
        return code, out.out, out.err

    with serve(server):
        yield ground, server, comment


def test_each_finding_has_one_comment_however_often(bench: Bench) -> None:
    ground, server, comment = bench
    ground.commit("one", "bad_call")
    ground.commit("zero", "one", "bad_call", "doubt_call")  # the line of bad_call moves within the branch
    code, _, err = comment()
    assert code == 1
    assert "2 comments written" in err
    threads, summaries = server.state()
    assert sorted("bad_call" in body for body in threads) == [False, True]
    assert len(summaries) == 1
    assert "1 error, 1 warning in 2 patches" in summaries[0]
    code, _, err = comment()
    assert code == 1
    assert server.writes == []
    assert "0 comments written, 2 kept" in err


def test_nothing_to_say_is_not_said(bench: Bench) -> None:
    ground, server, comment = bench
    ground.commit("good_call")
    assert comment()[0] == 0
    assert server.writes == []


def test_comments_follow_findings(bench: Bench) -> None:
    ground, server, comment = bench
    ground.commit("bad_call", "doubt_call")
    comment()
    ground.commit("more", "doubt_call")
    code, _, err = comment()
    assert code == 0
    assert "1 closed, 1 kept" in err
    threads, summaries = server.state()
    gone = [body for body in threads if is_gone(body)]
    assert len(threads) == 2
    assert len(gone) == 1
    assert "bad_call" in gone[0]
    if not isinstance(server, Gitea):  # its API cannot resolve
        assert threads[gone[0]] is True
    assert "0 errors, 1 warning" in summaries[0]
    comment()
    assert server.writes == []
    ground.commit("doubt_call", "bad_call")
    code, _, err = comment()
    assert code == 1
    threads, _ = server.state()
    assert len(threads) == 2
    assert not any(map(is_gone, threads))


def test_a_dry_run_shows_and_sends_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    ground, server, comment = bench
    ground.commit("bad_call")
    code, out, err = comment("--dry-run")
    assert code == 1
    assert server.writes == []
    assert "POST http://127.0.0.1" in out
    assert "part.c" in out
    assert "1 comment would be written" in err


def test_the_limit_is_kept_and_told(bench: Bench) -> None:
    ground, server, comment = bench
    ground.commit(*(["bad_call", "doubt_call"] * 3))
    _, _, err = comment("--limit", "2")
    assert "2 comments written" in err
    assert "left for the next run" in err
    assert len(server.state()[0]) == 2
    assert "(limit 2)" in server.state()[1][0]
    comment()
    assert len(server.state()[0]) == 6
    keys = [key_of(body) for body in server.state()[0]]
    assert len(set(keys)) == 6


def test_a_line_that_the_forge_does_not_show_is_no_failure(bench: Bench) -> None:
    ground, server, comment = bench
    ground.commit("bad_call", "doubt_call")
    show = server.show

    def hide(base: str, head: str, diff: str) -> None:
        show(base, head, diff)
        server.lines = {place: text for place, text in server.lines.items() if "bad_call" not in text}

    server.show = hide  # type: ignore[method-assign]  # a server that shows less
    code, _, err = comment()
    assert code == 1
    assert "1 comment written" in err
    assert "1 not on a line that the forge shows" in err
    assert ["doubt_call" in body for body in server.state()[0]] == [True]
    assert "bad_call" in server.state()[1][0]


def test_findings_on_messages_are_in_the_summary(bench: Bench) -> None:
    ground, server, comment = bench
    ground.config('rule = ["missing-sob"]')
    ground.write("good_call")
    ground.git("commit", "-q", "-m", "misc: part: Call it", "-m", "It is needed.")
    assert comment()[0] == 1
    threads, summaries = server.state()
    assert threads == {}
    assert "Signed-off-by" in summaries[0]


def test_a_wrong_token_is_told_without_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _ground, server, comment = bench
    for name in TOKEN.values():
        monkeypatch.setenv(name, "another-secret")
    code, out, err = comment()
    assert code == 3
    assert "401" in err
    assert "another-secret" not in out + err
    for name in TOKEN.values():
        monkeypatch.delenv(name)
    code, _, err = comment()
    assert code == 2
    assert "TOKEN" in err
    assert server.requests == []


def test_commits_that_are_not_here(bench: Bench) -> None:
    _ground, server, comment = bench
    server.show = lambda base, head, diff: Diffed.show(server, "1" * 40, "2" * 40, diff)  # type: ignore[method-assign]
    code, _, err = comment()
    assert code == 2
    assert "GIT_DEPTH" in err


def test_removed_lines_are_commented_on_their_side(bench: Bench) -> None:
    ground, server, comment = bench
    rule = ground.top.parent / "rules" / "patch" / "test-bad-call.yaml"
    text = rule.read_text().replace("  added: '^\\s*(bad_call)\\('", "  removed: '^\\s*(start)\\('")
    rule.write_text(text.replace("`$1()` is called", "`$1()` is gone"))
    ground.commit("other")
    comment()
    ((body, _),) = server.state()[0].items()
    assert "`start()` is gone" in body
    sent = json.dumps(server.writes[0][2])
    assert any(word in sent for word in ('"old_line": 3', '"side": "LEFT"', '"old_position": 3'))


def test_markers_of_others_do_not_count(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for forge in ("gitlab", "github"):
        ground.git("checkout", "-q", "main")
        ground.git("branch", "-q", "-D", "topic", check=False)
        for _, server, comment in make_bench(forge, ground, monkeypatch, capsys):
            ground.commit("bad_call")
            comment()
            (body,) = server.state()[0]
            summary = server.state()[1][0]
            if isinstance(server, GitLab):
                server.discussions.clear()
                server.plain.clear()
                server.discuss(body, author=8)
                server.plain.append(server.note(summary, author=8))
            elif isinstance(server, GitHub):
                server.comments.clear()
                server.plain.clear()
                server.comment(body, user="mallory")
                server.plain.append({"id": 999, "body": summary, "user": {"login": "mallory"}})
            comment()
            assert [method for method, _, _ in server.writes] == ["POST", "POST"]


def test_github_writes_anew_where_a_comment_lost_its_line(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for _, server, comment in make_bench("github", ground, monkeypatch, capsys):
        assert isinstance(server, GitHub)
        ground.commit("bad_call")
        comment()
        server.comments[0]["line"] = None
        _, _, err = comment()
        assert "1 comment written, 1 closed" in err
        assert [is_gone(one["body"]) for one in server.comments] == [True, False]
        assert server.resolved == {f"T{server.comments[0]['id']}"}
        comment()
        assert server.writes == []


def test_github_without_the_right_to_resolve(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for _, server, comment in make_bench("github", ground, monkeypatch, capsys):
        assert isinstance(server, GitHub)
        server.graphql_allowed = False
        ground.commit("bad_call")
        comment()
        ground.commit("good_call")
        assert comment()[0] == 0
        assert is_gone(server.comments[0]["body"])


def test_what_ci_says_is_used(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from linter.deliver import gitea, github, gitlab

    assert gitlab.defaults({"CI_API_V4_URL": "u", "CI_PROJECT_ID": "3", "CI_MERGE_REQUEST_IID": "5"}) == ("u", "3", "5")
    assert github.defaults({"GITHUB_REPOSITORY": "a/b", "GITHUB_REF": "refs/pull/5/merge"}) == (
        "https://api.github.com",
        "a/b",
        "5",
    )
    assert github.defaults({"GITHUB_REF": "refs/heads/main"})[2] == ""
    assert gitea.defaults({"GITHUB_SERVER_URL": "https://x", "GITHUB_REF": "refs/pull/5/head"}) == (
        "https://x/api/v1",
        "",
        "5",
    )


MAIL = b"""\
From: Ann Author <ann@example.org>
Subject: [PATCH] misc: part: Call it

Body.
---
diff --git a/part.c b/part.c
--- a/part.c
+++ b/part.c
@@ -1,3 +1,4 @@
 void part(void)
 {
-\tstart();
+\tcall(1);
+\tcall(2);
 }
"""


def test_only_changed_lines_get_comments_and_each_its_own() -> None:
    patch = build.patch_of(MAIL)
    hostile = "`x` <!-- hunklint:finding other --> @somebody <b>"
    one = build.judge(build.finding([(build.at(patch, "call(1)"), "here")], hostile, severity=Severity.INFO))
    removed = build.judge(build.finding([(build.at(patch, "start()"), "gone")]), fingerprint="r")
    context = build.judge(build.finding([(build.at(patch, "void part"), "here")]))
    mail = build.judge(build.finding([(build.in_mail(patch, "Body."), "here")]))
    hidden = build.judge(build.finding([(build.at(patch, "call(2)"), "here")]), verdict=Verdict.SUPPRESSED)
    report = PatchReport(patch, (one, removed, context, mail, hidden))
    found = wanted_comments([report, report])
    assert [(made.line, made.removed) for made in found] == [(3, False), (3, True)] * 2
    assert len({made.key for made in found}) == 4
    assert key_of(found[0].body) == found[0].key
    assert found[0].body.count("<!-- hunklint:finding") == 1
    assert "<b>" not in found[0].body
    assert "@somebody" not in found[0].body


def wanted(key: str, body: str = "b") -> Wanted:
    return Wanted(key, "a.c", 1, False, "a.c", f"<!-- hunklint:finding {key} -->\n{body}")


def existing(key: str, body: str = "b", **more: bool) -> Existing:
    return Existing(key, key, f"<!-- hunklint:finding {key} -->\n{body}", **more)


def test_the_plan() -> None:
    plan = make_plan([wanted("a"), wanted("b"), wanted("c", "new")], [existing("b"), existing("c"), existing("d")], 9)
    assert [one.key for one in plan.create] == ["a"]
    assert [one.key for one, _ in plan.update] == ["c"]
    assert [one.key for one in plan.close] == ["d"]
    assert plan.kept == 1


def test_an_incomplete_review_closes_nothing() -> None:
    assert make_plan([], [existing("a")], 9, complete=False).close == []
    assert [one.key for one in make_plan([], [existing("a")], 9).close] == ["a"]


def test_what_a_person_resolved_stays_so() -> None:
    plan = make_plan([wanted("a")], [existing("a", outdated=True, resolved=True)], 9)
    assert (plan.create, plan.update, plan.kept) == ([], [], 1)


def test_copies_are_closed_unless_answered() -> None:
    twice = [
        existing("a"),
        Existing("2", "a", existing("a").body),
        Existing("3", "a", existing("a").body, answered=True),
    ]
    assert [one.id for one in make_plan([wanted("a")], twice, 9).close] == ["2"]


def test_markers() -> None:
    body = existing("abc-1").body
    assert key_of(body) == key_of(body.replace("\n", "\r\n")) == key_of(gone_body(existing("abc-1"))) == "abc-1"
    assert key_of("text\n" + body) is None
    assert is_gone(gone_body(existing("a")))
    assert not is_gone(body)


def test_a_comment_holds_the_layout() -> None:
    patch = build.patch_of(MAIL)
    grid = Grid("Layout of struct `x` @all", ("member", "offset"), (("```", "0"), ("hole", "4")), frozenset({1}))
    one = replace(build.finding([(build.at(patch, "call(1)"), "here")]), grids=(grid,))
    (made,) = wanted_comments([PatchReport(patch, (build.judge(one),))])
    assert (
        "Layout of struct `x` @<!-- -->all:\n\n````\n  member  offset\n  ```          0\n* hole         4\n````"
        in made.body
    )


def test_several_places_are_told_in_a_sentence() -> None:
    patch = build.patch_of(MAIL)
    labels = [(build.at(patch, "call(1)"), ""), (build.at(patch, "call(2)"), AGAIN)]
    one = build.finding(labels, "it is called (and 1 more in this file)", primary=0)
    (made,) = wanted_comments([PatchReport(patch, (build.judge(one),))])
    assert "it is called\n\nThe same in line 4." in made.body
    assert "more in this file" not in made.body
