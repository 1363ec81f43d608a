"""Hooks in real repositories: installed beside what is there, run by the real git, taken away without a trace."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from linter.deliver.hook_script import BYPASS, Marking, hook_script, program, read_marking
from tests.deliver.ground import Ground

NAMES = sorted(BYPASS)


def listing(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything below a folder that somebody could notice: kinds, modes, contents, targets of links."""
    found: dict[str, tuple[object, ...]] = {}
    for place in sorted(folder.rglob("*")):
        status = place.lstat()
        content = str(place.readlink()) if place.is_symlink() else place.read_bytes() if place.is_file() else None
        found[str(place.relative_to(folder))] = (status.st_mode, status.st_mtime_ns if content else 0, content)
    return found


def own_hook(path: Path, text: str, mode: int = 0o755) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(mode)


@pytest.mark.parametrize("name", NAMES)
def test_the_scripts_are_what_sh_reads(name: str, tmp_path: Path) -> None:
    for order in ("first", "last", "only"):
        for shared in (False, True):
            script = hook_script(Marking(name, order), ("/a folder/it's", "-P"), shared=shared)
            assert subprocess.run(["sh", "-n"], input=script, text=True).returncode == 0
            assert read_marking(script.encode()) == Marking(name, order)
    assert read_marking(b"#!/bin/sh\necho # hunklint-hook: x\n") is None
    assert os.access(program()[0], os.X_OK)


def test_install_and_uninstall_leave_nothing(ground: Ground) -> None:
    hooks = ground.top / ".git" / "hooks"
    own_hook(hooks / "commit-msg", "exit 0")
    own_hook(hooks / "pre-push", "exit 0", 0o644)
    (hooks / "pre-commit").symlink_to("commit-msg")
    before = listing(ground.top / ".git")
    shown = ground.hunklint("hook", "install", *NAMES).stdout
    assert shown.count(": installed") == 5
    assert shown.count(", after the hook that was there") == 3
    assert listing(ground.top / ".git") != before
    ground.hunklint("hook", "install", *NAMES)
    assert ground.hunklint("hook", "status").stdout == shown
    ground.hunklint("hook", "uninstall")
    assert listing(ground.top / ".git") == before
    assert ground.hunklint("hook", "status").stdout.count(": installed") == 0


def test_a_folder_that_was_not_there_goes_again(ground: Ground) -> None:
    shutil.rmtree(ground.top / ".git" / "hooks")
    ground.hunklint("hook", "install", "commit-msg", "pre-push")
    ground.hunklint("hook", "uninstall", "commit-msg")
    assert (ground.top / ".git" / "hooks" / "pre-push").exists()
    ground.hunklint("hook", "uninstall")
    assert not (ground.top / ".git" / "hooks").exists()


def test_a_hook_of_somebody_else_is_left_alone(ground: Ground) -> None:
    hooks = ground.top / ".git" / "hooks"
    ground.hunklint("hook", "install", "pre-push")
    own_hook(hooks / "pre-push", "echo mine")
    own_hook(hooks / "pre-push.before-hunklint", "echo older")
    before = listing(hooks)
    assert "another hook" in ground.hunklint("hook", "uninstall").stdout
    done = ground.hunklint("hook", "install", "commit-msg", "pre-push", check=False)
    assert done.returncode == 2
    assert "pre-push.before-hunklint" in done.stderr
    assert listing(hooks) == before


@pytest.mark.parametrize("value", ["shared/hooks", "/abs"])
def test_hooks_path_is_honoured(ground: Ground, tmp_path: Path, value: str) -> None:
    folder = tmp_path / "elsewhere" if value == "/abs" else ground.top / value
    ground.git("config", "core.hooksPath", str(folder) if value == "/abs" else value)
    (ground.top / "sub").mkdir()
    done = ground.hunklint("hook", "install", "pre-commit", cwd=ground.top / "sub")
    assert (folder / "pre-commit").exists()
    assert "core.hooksPath" in done.stderr
    ground.write("bad_call")
    assert ground.git("commit", "-q", "-m", "x", check=False).returncode == 1
    ground.hunklint("hook", "uninstall")
    assert not folder.exists()


def test_outside_a_repository(ground: Ground, tmp_path: Path) -> None:
    done = ground.hunklint("hook", "install", cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "--global" in done.stderr


def test_an_existing_hook_runs_first(ground: Ground) -> None:
    own_hook(ground.top / ".git" / "hooks" / "pre-commit", "echo old >&2")
    ground.hunklint("hook", "install", "pre-commit")
    ground.write("bad_call")
    said = ground.git("commit", "-q", "-m", "x", check=False).stderr
    assert said.startswith("old\n")
    assert "test-bad-call" in said


def test_an_existing_hook_runs_last_on_request(ground: Ground) -> None:
    own_hook(ground.top / ".git" / "hooks" / "pre-commit", "echo old >&2")
    ground.hunklint("hook", "install", "pre-commit", "--existing-last")
    ground.write("bad_call")
    said = ground.git("commit", "-q", "-m", "x", check=False).stderr
    assert "test-bad-call" in said
    assert "old\n" not in said
    ground.write("doubt_call")
    done = ground.git("commit", "-q", "-m", "x", check=False)
    assert done.returncode == 0
    assert done.stderr.index("test-doubt-call") < done.stderr.index("old\n")


def test_hooks_that_are_links_to_one_file(ground: Ground) -> None:
    hooks = ground.top / ".git" / "hooks"
    own_hook(hooks / "commit-msg", 'echo "called with $#" >&2')
    (hooks / "pre-commit").symlink_to("commit-msg")
    ground.hunklint("hook", "install", "commit-msg", "pre-commit")
    ground.write("good_call")
    assert ground.git("commit", "-q", "-m", "x").stderr == "called with 0\ncalled with 1\n"


def test_an_existing_hook_that_fails_still_fails(ground: Ground) -> None:
    own_hook(ground.top / ".git" / "hooks" / "pre-commit", "exit 3")
    for order in ((), ("--existing-last",)):
        ground.hunklint("hook", "install", "pre-commit", *order)
        ground.write("good_call")
        assert ground.git("commit", "-q", "-m", "x", check=False).returncode == 1


def test_the_program_being_gone_is_said(ground: Ground) -> None:
    hook = ground.top / ".git" / "hooks" / "pre-commit"
    own_hook(hook, hook_script(Marking("pre-commit"), ("/nowhere/hunklint",)).partition("\n")[2])
    ground.write("good_call")
    done = ground.git("commit", "-q", "-m", "x", check=False, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 1
    assert "hunklint was not found" in done.stderr
    assert "--no-verify" in done.stderr
    found = ground.git("commit", "-q", "-m", "x", check=False)  # by PATH
    assert found.returncode == 0, found.stderr


def test_nothing_is_imported_from_the_work_tree(ground: Ground) -> None:
    (ground.top / "linter").mkdir()
    (ground.top / "linter" / "__init__.py").write_text("raise SystemExit('taken over')\n")
    (ground.top / "json.py").write_text("raise SystemExit('taken over')\n")
    ground.hunklint("hook", "install", "pre-commit")
    ground.write("bad_call")
    done = ground.git("commit", "-q", "-m", "x", check=False)
    assert "taken over" not in done.stderr
    assert "test-bad-call" in done.stderr


def test_global_hooks_serve_every_repository(ground: Ground, tmp_path: Path) -> None:
    config = Path(ground.env["HOME"], ".gitconfig")
    config.write_text("[user]\n\tname = Ann\n")
    ground.hunklint("hook", "install", "--global", "pre-commit")
    own_hook(ground.top / ".git" / "hooks" / "post-commit", "echo own-post >&2")
    own_hook(ground.top / ".git" / "hooks" / "pre-commit", "echo own-pre >&2")
    ground.write("bad_call")
    done = ground.git("commit", "-q", "-m", "x", check=False)
    assert done.returncode == 1
    assert done.stderr.count("error[test-bad-call]") == 1
    assert done.stderr.startswith("own-pre\n")
    ground.write("good_call")
    assert ground.git("commit", "-q", "-m", "x").stderr == "own-pre\nown-post\n"
    ground.hunklint("hook", "install", "pre-commit")  # in the repository as well: one check, not two
    ground.write("doubt_call")
    assert ground.git("commit", "-q", "-m", "x").stderr.count("warning[test-doubt-call]") == 1
    assert "for every repository" in ground.hunklint("hook", "status").stdout
    ground.hunklint("hook", "uninstall")
    ground.hunklint("hook", "uninstall", "--global")
    assert config.read_text() == "[user]\n\tname = Ann\n"
    left = [place for place in Path(ground.env["HOME"]).rglob("*") if place.is_file()]
    assert left == [config]
    assert not Path(ground.env["HOME"], ".config", "hunklint", "hooks").exists()


def test_a_repository_whose_hooks_lead_to_the_global_folder(ground: Ground) -> None:
    ground.hunklint("hook", "install", "--global", "pre-commit")
    shutil.rmtree(ground.top / ".git" / "hooks")
    folder = Path(ground.env["HOME"], ".config", "hunklint", "hooks")
    (ground.top / ".git" / "hooks").symlink_to(folder)
    wire = f"#!/bin/sh\necho >> {folder}/calls; [ $(wc -l < {folder}/calls) -lt 5 ] || exit 9\n"  # ends a recursion
    hook = folder / "pre-commit"
    hook.write_text(hook.read_text().replace("#!/bin/sh\n", wire, 1))
    ground.write("doubt_call")
    assert ground.git("commit", "-q", "-m", "x").stderr.count("warning[test-doubt-call]") == 1
    assert (folder / "calls").read_text() == "\n"


def test_global_with_a_hooks_path_of_the_users_own(ground: Ground, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    own_hook(folder / "pre-commit", "echo mine >&2")
    ground.git("config", "--global", "core.hooksPath", str(folder))
    before = listing(folder), Path(ground.env["HOME"], ".gitconfig").read_text()
    ground.hunklint("hook", "install", "--global", "pre-commit")
    assert sorted(place.name for place in folder.iterdir()) == ["pre-commit", "pre-commit.before-hunklint"]
    ground.write("bad_call")
    assert ground.git("commit", "-q", "-m", "x", check=False).stderr.startswith("mine\n")
    ground.hunklint("hook", "uninstall", "--global")
    assert (listing(folder), Path(ground.env["HOME"], ".gitconfig").read_text()) == before


def test_lines_that_somebody_added_are_kept(ground: Ground) -> None:
    ground.hunklint("hook", "install", "pre-commit")
    hook = ground.top / ".git" / "hooks" / "pre-commit"
    assert "edited" not in ground.hunklint("hook", "status").stdout
    hook.write_text(hook.read_text() + "echo mine\n")
    assert "pre-commit: installed, edited since" in ground.hunklint("hook", "status").stdout
    done = ground.hunklint("hook", "uninstall", "pre-commit")
    assert "a copy is kept as pre-commit.edited-hunklint" in done.stderr
    aside = hook.with_name("pre-commit.edited-hunklint")
    assert not hook.exists()
    assert aside.read_text().endswith("echo mine\n")
    assert not os.access(aside, os.X_OK)
    ground.hunklint("hook", "install", "pre-commit")
    hook.write_text(hook.read_text() + "echo more\n")
    ground.hunklint("hook", "install", "pre-commit")
    assert hook.with_name("pre-commit.edited-hunklint-2").read_text().endswith("echo more\n")
    assert "echo more" not in hook.read_text()


def test_a_hook_of_an_earlier_release_is_ours() -> None:
    marking = read_marking(b"#!/bin/sh\n# hunklint-hook: pre-commit order=first folder=found\necho\n")
    assert marking == Marking("pre-commit")
