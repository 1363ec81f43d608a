"""Rule folders for tests, written anew for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

RULE = """\
id: bad-call
title: a bad call
category: error
severity: error
confidence: high
status: stable
since: 0.1.0
cwe: CWE-1
aliases: [BAD_CALL]
rationale: |
  A bad call is bad.
citations:
  - path: Documentation/bad.rst
    says: bad calls are bad
  - {url: "https://example.org/bad", says: so do others}
applies-to: {paths: ["**/*.c"], exclude: ["drivers/staging/**"]}
kernel: {since: 4.15, removed: 6.10}
profiles: {silent: [staging], severity: {netdev: info}}
engine: toy
toy: {call: bad}
help: Call good() instead.
examples:
  - name: a bad call
    pre: &clean |
      int f(void)
      {
          good();
      }
    post: |
      int f(void)
      {
          bad();  //~ bad-call
      }
  - name: a good call
    post: *clean
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty rule folder with a cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rules = tmp_path / "rules"
    rules.mkdir()
    monkeypatch.setattr("linter.rulebook.load.rules_dir", lambda: str(rules))
    return rules


@pytest.fixture
def write(folder: Path) -> Callable[..., Path]:
    """Write `rules/<place>`; the sample rule with replacements, or a text of one's own."""

    def write_file(place: str, text: str = RULE, changes: Mapping[str, str] | None = None) -> Path:
        for old, new in (changes or {}).items():
            assert old in text
            text = text.replace(old, new)
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write_file
