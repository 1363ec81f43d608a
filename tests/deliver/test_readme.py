"""The files that the README offers for hooks and CI are what it says they are."""

from __future__ import annotations

import importlib.resources
import importlib.util
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for
from referencing import Registry

from linter.render.registry import formats
from tests.deliver.ground import Ground

README = (Path(__file__).parents[2] / "README.md").read_text()
SECTION = README.partition("## In hooks and in CI")[2].partition("\n## ")[0]
BLOCKS = [(match[1], match[2]) for match in re.finditer(r"^```(\w+)\n(.*?)^```$", SECTION, re.M | re.S)]


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


def test_the_section_is_there() -> None:
    assert [kind for kind, _ in BLOCKS] == ["yaml", "yaml", "yaml", "sh", "sh", "json", "bash"]


def test_the_yaml_is_yaml() -> None:
    gitlab, github, steps = map(yaml.safe_load, blocks("yaml"))
    assert gitlab["hunklint"]["variables"]["GIT_DEPTH"] == "0"
    assert gitlab["hunklint"]["artifacts"]["reports"]["codequality"] in gitlab["hunklint"]["script"][2]
    first = github["jobs"]["hunklint"]["steps"][0]
    assert first["with"]["fetch-depth"] == 0
    assert steps[1]["env"]["GITHUB_TOKEN"] == "${{ github.token }}"


@pytest.mark.skipif(
    importlib.util.find_spec("check_jsonschema") is None,
    reason="check_jsonschema is not installed: pip install 'hunklint[consumers]'",
)
def test_the_jobs_are_what_the_forges_take() -> None:
    """By the schemas of GitLab and of GitHub workflows that check-jsonschema ships."""
    gitlab, github, steps = map(yaml.safe_load, blocks("yaml"))
    folder = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor"

    def check(name: str, document: Any) -> None:
        schema = json.loads((folder / name).read_text())
        validator = validator_for(schema)(schema, registry=Registry())
        document = {"on" if key is True else key: value for key, value in document.items()}  # YAML 1.1 reads a yes
        wrong = [error.message for error in validator.iter_errors(document)]
        assert wrong == []

    check("gitlab-ci.json", gitlab)
    check("github-workflows.json", github)
    job = github["jobs"]["hunklint"]
    check("github-workflows.json", {**github, "jobs": {"hunklint": {**job, "steps": [*job["steps"][:2], *steps]}}})
    with pytest.raises(AssertionError):
        check("github-workflows.json", {**github, "jobs": {"hunklint": {**job, "runs-on": 7}}})
    with pytest.raises(AssertionError):
        check("gitlab-ci.json", {"hunklint": {**gitlab["hunklint"], "artifacts": {"reports": 7}}})


def test_the_shell_is_shell() -> None:
    for text in (*blocks("sh"), *blocks("bash")):
        assert subprocess.run(["bash", "-n"], input=text, text=True).returncode == 0


def test_every_command_and_option_exists(ground: Ground) -> None:
    calls = set()
    for match in re.finditer(r"hunklint (check|comment|patchwork|b4|hook \w+)((?: [^`|\n;>&]+)?)", SECTION):
        calls.update((match[1], option) for option in re.findall(r"(?<= )--?[a-z][\w-]*", match[2]))
    assert len(calls) > 8
    helps = {command: ground.hunklint(*command.split(), "--help").stdout for command, _ in calls}
    for command, option in sorted(calls):
        assert re.search(rf"(?<![\w-]){re.escape(option)}\b", helps[command]), f"{command} {option}"
    for name in re.findall(r"--format ([\w-]+)", SECTION):
        assert name in formats()


@pytest.mark.parametrize(
    ("calls", "code", "words"),
    [(("good_call",), 0, "no findings"), (("doubt_call",), 250, "1 warning"), (("bad_call",), 1, "1 error")],
)
def test_the_nipa_test(ground: Ground, tmp_path: Path, calls: tuple[str, ...], code: int, words: str) -> None:
    """Run as NIPA's core/test.py runs it: the description is read from a pipe after the end."""
    (name,) = json.loads(blocks("json")[0])["run"]
    script = tmp_path / name
    script.write_text(blocks("bash")[0])
    script.chmod(0o755)
    ground.commit(*calls)
    (tmp_path / "results").mkdir()
    readable, writable = os.pipe()
    env = {**ground.env, "DESC_FD": str(writable), "RESULTS_DIR": str(tmp_path / "results"), "FIRST_IN_SERIES": "1"}
    done = subprocess.run([script], cwd=ground.top, env=env, pass_fds=[writable], capture_output=True, text=True)
    os.close(writable)
    with os.fdopen(readable) as stream:
        description = stream.read()
    assert done.returncode == code, done.stderr
    assert words in description
    assert description.count("\n") == 1
    assert done.stdout.startswith(description)
