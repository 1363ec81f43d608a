"""commit-msg, applypatch-msg, pre-commit and pre-push, called by the real git."""

from __future__ import annotations

from pathlib import Path

import pytest

from linter.deliver.commit_input import clean_message, commit_message
from linter.deliver.pushed import Update, read_updates
from tests.deliver.ground import FAR, Ground

GOOD = "misc: part: Call it\n\nThe part needs it to start.\n\nSigned-off-by: Ann Author <ann@example.org>\n"
UNSIGNED = "misc: part: Call it\n\nThe part needs it to start.\n"


@pytest.fixture
def signed(ground: Ground) -> Ground:
    """A ground where messages are judged: a patch needs a sign-off."""
    ground.config('rule = ["missing-sob", "test-bad-call", "from-sob-mismatch"]')
    return ground


def commit(ground: Ground, message: str, *options: str, **more: object) -> tuple[int, str]:
    done = ground.git("commit", "-q", "-F", "-", *options, input=message, check=False, **more)
    return done.returncode, done.stderr


def test_commit_msg_judges_the_message_and_not_the_code(signed: Ground) -> None:
    signed.hunklint("hook", "install", "commit-msg")
    signed.write("bad_call")
    code, err = commit(signed, UNSIGNED)
    assert code == 1
    assert "missing-sob" in err
    assert "bad_call" not in err.replace("bad_call()", "")
    assert "git commit --no-verify" in err
    assert commit(signed, GOOD) == (0, "")


@pytest.mark.parametrize("subject", ["fixup! misc: part: Call it", "squash! x", "amend! x"])
def test_commits_that_a_rebase_melts_away(signed: Ground, subject: str) -> None:
    signed.hunklint("hook", "install", "commit-msg")
    signed.write("call")
    assert commit(signed, f"{subject}\n") == (0, "")


def test_a_message_that_is_written_anew(signed: Ground) -> None:
    signed.hunklint("hook", "install", "commit-msg")
    code, err = commit(signed, UNSIGNED, "--amend")
    assert code == 1
    assert "missing-sob" in err


def test_the_author_is_the_one_of_the_commit(signed: Ground) -> None:
    signed.hunklint("hook", "install", "commit-msg")
    signed.write("call")
    assert commit(signed, GOOD, "--author=Bea <bea@example.org>")[0] == 1
    assert commit(signed, GOOD) == (0, "")


def test_merges_are_not_judged(signed: Ground) -> None:
    signed.git("checkout", "-q", "-b", "side")
    signed.write("bad_call", name="side.c")
    signed.git("commit", "-q", "-m", "side")
    signed.git("checkout", "-q", "main")
    signed.commit("call")
    signed.hunklint("hook", "install", "commit-msg", "pre-commit")
    signed.git("merge", "-q", "--no-commit", "side")
    assert commit(signed, "Merge side\n") == (0, "")


@pytest.mark.parametrize(
    ("raw", "edited", "text"),
    [
        (b"a: B\n\nbody\n# note\n", True, b"a: B\n\nbody\n"),
        (b"a: B\n\n#define X\n", False, b"a: B\n\n#define X\n"),
        (b"a: B\n# note\n# ------------------------ >8 ------------------------\ndiff --git\n", False, b"a: B\n"),
        (b"\n\n  \n", True, b""),
    ],
)
def test_comments_and_scissors(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, raw: bytes, edited: bool, text: bytes
) -> None:
    monkeypatch.chdir(ground.top)
    assert clean_message(raw, edited=edited) == text


def test_the_comment_character_of_the_user(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    ground.git("config", "core.commentChar", ";")
    monkeypatch.chdir(ground.top)
    assert clean_message(b"a: B\n\n#1 stays\n; goes\n", edited=True) == b"a: B\n\n#1 stays\n"


def test_a_message_becomes_a_patch_without_a_mail() -> None:
    diff = b"diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1 +1 @@\n-int a;\n+int b;\n"
    message = commit_message(b"a:\nB\n\nBody.\n", diff, "Ann <ann@example.org>", "message")
    (patch,) = message.patches
    assert (patch.subject, patch.body.strip(), patch.mail) == ("a: B", b"Body.", False)
    assert patch.author is not None
    assert patch.author.address == "ann@example.org"


def test_pre_commit_judges_what_is_staged(ground: Ground) -> None:
    ground.hunklint("hook", "install", "pre-commit")
    ground.write("bad_call")
    (ground.top / "part.c").write_text("void part(void)\n{\n}\n")  # not what is staged
    code, err = commit(ground, GOOD)
    assert code == 1
    assert "part.c:3" in err
    assert commit(ground, GOOD, "--no-verify")[0] == 0


def test_pre_commit_with_a_temporary_index(ground: Ground) -> None:
    ground.hunklint("hook", "install", "pre-commit")
    ground.write("bad_call", name="other.c")
    (ground.top / "part.c").write_text("void part(void)\n{\n\tgood_call();\n}\n")
    assert commit(ground, GOOD, "--only", "part.c") == (0, "")
    (ground.top / "part.c").write_text("void part(void)\n{\n\tbad_call();\n}\n")
    assert commit(ground, GOOD, "--only", "part.c")[0] == 1


def test_pre_commit_for_the_first_commit_and_for_none(ground: Ground, tmp_path: Path) -> None:
    ground.git("checkout", "-q", "--orphan", "fresh")
    ground.hunklint("hook", "install", "pre-commit")
    ground.write("bad_call")
    assert commit(ground, GOOD)[0] == 1
    ground.git("rm", "-qf", "part.c")
    assert commit(ground, GOOD, "--allow-empty") == (0, "")


MIDDLE = "".join(f"\tstep({number});\n" for number in range(40))
NO_FAR = f"int part(int n)\n{{\n\tfar_away();\n{MIDDLE}\tcall();\n\treturn 0;\n}}\n"
FAR_TEXT = NO_FAR.replace("\tcall()", "\tfar_call()")


def test_pre_commit_uses_whole_files(ground: Ground) -> None:
    """A finding that takes lines that no hunk shows: the blob ids of the staged diff lead to them."""
    ground.config(f'rule = ["{FAR}"]')
    (ground.top / "part.c").write_text(NO_FAR)
    ground.git("commit", "-q", "-a", "-m", "x")
    ground.hunklint("hook", "install", "pre-commit")
    (ground.top / "part.c").write_text(FAR_TEXT)
    ground.git("add", "part.c")
    code, err = commit(ground, GOOD)
    assert code == 1, err
    assert FAR in err


def test_the_other_tree_that_the_configuration_names(ground: Ground, tmp_path: Path) -> None:
    """git exports GIT_DIR to hooks, which must not follow hunklint into the repository that holds the files."""
    kernel = tmp_path / "kernel"
    ground.git("init", "-q", str(kernel))
    for text in (NO_FAR, FAR_TEXT):
        (kernel / "part.c").write_text(text)
        ground.git("add", "part.c", cwd=kernel)
        ground.git("-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm", "part: Do it", cwd=kernel)
    mail = ground.git("format-patch", "--stdout", "-1", cwd=kernel).stdout
    (ground.top / "0001-do-it.patch").write_text(mail)
    words = ("hook", "run", "sendemail-validate", "0001-do-it.patch")
    for place, code in ((kernel, 1), (tmp_path / "nowhere", 0)):
        ground.config(f'rule = ["{FAR}"]\ngit = "{place}"')
        done = ground.hunklint(*words, env={"GIT_DIR": str(ground.top / ".git")}, check=False)
        assert done.returncode == code, done.stderr


@pytest.fixture
def remote(ground: Ground, tmp_path: Path) -> Path:
    """A repository to push to, which has what is on main."""
    bare = tmp_path / "remote.git"
    ground.git("init", "-q", "--bare", str(bare))
    ground.git("remote", "add", "origin", str(bare))
    ground.git("push", "-q", "origin", "main")
    ground.hunklint("hook", "install", "pre-push")
    return bare


def push(ground: Ground, *words: str) -> tuple[int, str]:
    done = ground.git("push", "-q", *words, check=False)
    return done.returncode, done.stderr


def test_pre_push_of_a_branch_that_is_there(ground: Ground, remote: Path) -> None:
    ground.commit("good_call")
    ground.commit("bad_call")
    ground.commit("bad_call", "good_call")
    code, err = push(ground, "origin", "main")
    assert code == 1
    assert err.count("error[test-bad-call]") == 1
    assert "git push --no-verify" in err
    assert push(ground, "--no-verify", "origin", "main") == (0, "")
    ground.commit("bad_call", "good_call", "other_call")
    assert push(ground, "origin", "main") == (0, "")


def test_pre_push_of_a_new_branch_looks_from_the_merge_base(ground: Ground, remote: Path) -> None:
    ground.commit("bad_call")
    push(ground, "--no-verify", "origin", "main")
    ground.git("checkout", "-q", "-b", "topic")
    ground.commit("bad_call", "good_call")
    assert push(ground, "origin", "topic") == (0, "")
    ground.git("checkout", "-q", "-b", "second")
    ground.commit("bad_call", "good_call", "doubt_call", "bad_call")
    assert push(ground, "origin", "second")[0] == 1


def test_pre_push_of_a_rebased_branch_leaves_out_the_new_base(ground: Ground, remote: Path) -> None:
    ground.git("checkout", "-q", "-b", "topic")
    ground.write("one", name="topic.c")
    ground.git("commit", "-q", "-m", "topic")
    assert push(ground, "origin", "topic") == (0, "")
    ground.git("checkout", "-q", "main")
    ground.commit("bad_call")
    assert push(ground, "--no-verify", "origin", "main") == (0, "")
    ground.git("rebase", "-q", "main", "topic")
    assert push(ground, "--force", "origin", "topic") == (0, "")


def test_a_repository_that_lies_elsewhere(ground: Ground, remote: Path, tmp_path: Path) -> None:
    ground.hunklint("hook", "install", "pre-commit", "pre-push")
    (ground.top / ".git").rename(tmp_path / "elsewhere.git")
    ground.env |= {"GIT_DIR": str(tmp_path / "elsewhere.git"), "GIT_WORK_TREE": str(ground.top)}
    ground.write("bad_call")
    code, err = commit(ground, GOOD)
    assert (code, "test-bad-call" in err) == (1, True)
    ground.git("commit", "-q", "--no-verify", "-F", "-", input=GOOD)
    code, err = push(ground, "origin", "main")
    assert (code, "test-bad-call" in err) == (1, True)


def test_pre_push_of_deletions_tags_and_nothing(ground: Ground, remote: Path) -> None:
    ground.commit("bad_call")
    assert push(ground, "--no-verify", "origin", "main:refs/heads/old", "main") == (0, "")
    ground.git("tag", "-a", "-m", "v1", "v1")
    blob = ground.git("hash-object", "-w", "part.c").stdout.strip()
    ground.git("tag", "blob", blob)
    assert push(ground, "origin", "--delete", "old") == (0, "")
    assert push(ground, "origin", "v1", "blob") == (0, "")
    assert push(ground, "origin", "main") == (0, "")


def test_pre_push_lets_an_existing_hook_read_the_references(ground: Ground, remote: Path, tmp_path: Path) -> None:
    ground.hunklint("hook", "uninstall")
    hook = ground.top / ".git" / "hooks" / "pre-push"
    hook.write_text(f"#!/bin/sh\ncat > {tmp_path}/refs\n")
    hook.chmod(0o755)
    ground.hunklint("hook", "install", "pre-push")
    ground.commit("bad_call")
    assert push(ground, "origin", "main")[0] == 1
    updates = read_updates((tmp_path / "refs").read_bytes().splitlines())
    assert [update.local_ref for update in updates] == ["refs/heads/main"]


def test_references_are_read_by_fours() -> None:
    assert read_updates([b"a 1 b 2\n", b"\n", b"a 1 b\n"]) == [Update("a", "1", "b", "2")]


def test_applypatch_msg_judges_the_mail_that_is_applied(signed: Ground) -> None:
    signed.hunklint("hook", "install", "applypatch-msg")
    patches = []
    for calls, message in ((("bad_call",), GOOD), (("good_call",), UNSIGNED), (("good_call",), GOOD)):
        signed.git("checkout", "-q", "-B", "work", "main")
        signed.write(*calls)
        signed.git("commit", "-q", "-F", "-", "--author=Ann Author <ann@example.org>", input=message)
        patches.append(signed.git("format-patch", "--stdout", "-1").stdout)
    signed.git("checkout", "-q", "main")
    for patch, words in zip(patches, ("test-bad-call", "missing-sob", ""), strict=True):
        done = signed.git("am", "-q", input=patch, check=False)
        assert (done.returncode == 0) == (not words), done.stderr
        if words:
            assert words in done.stderr
            assert "git am --no-verify" in done.stderr
            signed.git("am", "--abort")
