"""The pre-commit framework: the manifest, and the real `pre-commit` where it is installed.

The hooks are tried as `language: system` here: building an environment for `language: python` needs a package index.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from linter.deliver.hook_script import BYPASS
from linter.deliver.pushed import Update, framework_update
from tests.deliver.ground import Ground, installed

MANIFEST = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
TOOL = installed("pre-commit")
needs_tool = pytest.mark.skipif(TOOL is None, reason="pre-commit is missing (pip install pre-commit)")


def test_the_manifest_names_hooks_that_exist() -> None:
    hooks = yaml.safe_load(MANIFEST.read_text())
    assert [hook["stages"] for hook in hooks] == [["pre-commit"], ["commit-msg"], ["pre-push"]]
    for hook in hooks:
        assert hook["entry"].split() == ["hunklint", "hook", "run", *hook["stages"]]
        assert hook["stages"][0] in BYPASS
        assert hook["require_serial"] is True
        # the message file is the one name that a hook needs
        assert hook.get("pass_filenames", True) == (hook["stages"] == ["commit-msg"])


def test_the_variables_of_the_framework() -> None:
    assert framework_update({"PRE_COMMIT_TO_REF": "b"}) is None
    assert framework_update({"PRE_COMMIT": "1"}) is None
    both = {"PRE_COMMIT": "1", "PRE_COMMIT_FROM_REF": "a", "PRE_COMMIT_TO_REF": "b"}
    assert framework_update(both) == Update("b", "b", "", "a")
    assert framework_update({"PRE_COMMIT": "1", "PRE_COMMIT_LOCAL_BRANCH": "c"}) == Update("c", "c", "", "0")


@pytest.fixture
def framework(ground: Ground, tmp_path: Path) -> Ground:
    """A ground whose hooks come from a repository with our manifest, by the real pre-commit."""
    assert TOOL is not None
    source = tmp_path / "source"
    source.mkdir()
    (source / ".pre-commit-hooks.yaml").write_text(MANIFEST.read_text().replace("language: python", "language: system"))
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=source, env=ground.env, check=True)
    revision = ground.git("rev-parse", "HEAD", cwd=source).stdout.strip()
    hooks = "".join(f"      - id: {hook['id']}\n" for hook in yaml.safe_load(MANIFEST.read_text()))
    (ground.top / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {source}\n    rev: {revision}\n    hooks:\n{hooks}"
    )
    ground.git("add", ".pre-commit-config.yaml")
    ground.git("commit", "-qm", "config")
    kinds = [word for kind in ("pre-commit", "commit-msg", "pre-push") for word in ("-t", kind)]
    ground.run(TOOL, "install", *kinds, env={"PRE_COMMIT_HOME": str(tmp_path / "home" / "pc")})
    ground.env["PRE_COMMIT_HOME"] = str(tmp_path / "home" / "pc")
    return ground


@needs_tool
def test_the_framework_commits_and_pushes(framework: Ground, tmp_path: Path) -> None:
    ground = framework
    ground.config('rule = ["missing-sob", "test-bad-call"]')
    ground.git("init", "-q", "--bare", str(tmp_path / "remote.git"))
    ground.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    ground.git("push", "-q", "--no-verify", "origin", "main")
    ground.write("bad_call")
    done = ground.git("commit", "-s", "-m", "misc: part: Call it", "-m", "It is needed.", check=False)
    assert done.returncode == 1
    assert "test-bad-call" in done.stderr + done.stdout
    ground.write("good_call")
    done = ground.git("commit", "-m", "misc: part: Call it", "-m", "It is needed.", check=False)
    assert done.returncode == 1
    assert "missing-sob" in done.stderr + done.stdout
    ground.git("commit", "-s", "-m", "misc: part: Call it", "-m", "It is needed.")
    ground.git("push", "origin", "main")
    ground.commit("bad_call")
    done = ground.git("push", "origin", "main", check=False)
    assert done.returncode == 1
    assert "test-bad-call" in done.stderr + done.stdout
    ground.git("checkout", "-q", "-b", "topic")
    assert ground.git("push", "origin", "topic", check=False).returncode == 1


@needs_tool
def test_the_framework_over_a_range(framework: Ground) -> None:
    assert TOOL is not None
    ground = framework
    ground.commit("good_call")
    ground.commit("good_call", "bad_call")
    for first, code in (("HEAD~1", 1), ("HEAD~2", 1)):
        done = ground.run(TOOL, "run", "hunklint", "--from-ref", first, "--to-ref", "HEAD", check=False)
        assert done.returncode == code, done.stdout
        assert "test-bad-call" in done.stdout
    assert ground.run(TOOL, "run", "hunklint", "--from-ref", "HEAD~2", "--to-ref", "HEAD~1").returncode == 0


@needs_tool
def test_the_manifest_is_valid(ground: Ground) -> None:
    assert TOOL is not None
    assert ground.run(TOOL, "validate-manifest", str(MANIFEST)).returncode == 0
