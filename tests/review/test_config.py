"""Where the configuration comes from, and what is said about a bad one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from linter.errors import ConfigError
from linter.review.config import find_top, load_config


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    subprocess.run(["git", "init", "-q", str(tmp_path / "repo")], check=True)
    return tmp_path / "repo"


def test_order_of_sources(repo: Path) -> None:
    subprocess.run(["git", "-C", str(repo), "config", "hunklint.fail-on", "info"], check=True)
    subprocess.run(["git", "-C", str(repo), "config", "hunklint.format", "terse"], check=True)
    subprocess.run(["git", "-C", str(repo), "config", "hunklint.preview", "true"], check=True)
    (repo / "pyproject.toml").write_text('[tool.hunklint]\nformat = "json"\nseverity = "error"\n')
    (repo / ".hunklint.toml").write_text('severity = "warning"\n')
    (repo / "sub").mkdir()
    config = load_config(str(repo / "sub"))
    assert dict(config.values) == {"fail-on": "info", "format": "json", "severity": "warning", "preview": True}
    assert config.sources["severity"].endswith(".hunklint.toml")
    assert find_top(str(repo / "sub")) == repo


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fail-om = 'x'", ["unknown key `fail-om`", "fail-on"]),
        ("preview = 'x'", ["`preview` is a str", "bool"]),
        ("x = [", ["not valid TOML"]),
    ],
)
def test_bad_files_are_told(tmp_path: Path, text: str, words: list[str]) -> None:
    (tmp_path / ".hunklint.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(str(tmp_path))
    for word in words:
        assert word in str(caught.value)


def test_an_explicit_file_is_the_only_one(repo: Path, tmp_path: Path) -> None:
    (repo / ".hunklint.toml").write_text('severity = "warning"\n')
    other = tmp_path / "other.toml"
    other.write_text('fail-on = "info"\n')
    assert dict(load_config(str(repo), str(other)).values) == {"fail-on": "info"}
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(str(repo), str(tmp_path / "none.toml"))
