"""Lazy regular expressions are regular expressions."""

from __future__ import annotations

import re

import pytest

from linter.pattern import lazy


def test_same_answers_as_compiled() -> None:
    late, now = lazy(rb"(a)(\d+)", re.I), re.compile(rb"(a)(\d+)", re.I)
    text = b"x A12 a3 b"
    assert late.findall(text) == now.findall(text)
    assert late.sub(rb"\2", text) == now.sub(rb"\2", text)
    found = late.search(text)
    assert found is not None
    assert found.span() == (2, 5)
    assert (late.pattern, late.flags) == (now.pattern, now.flags)


def test_nothing_is_compiled_before_use(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = lazy("(")
    with pytest.raises(re.error):
        bad.match("x")
    calls = []
    monkeypatch.setattr("linter.pattern.re.compile", lambda *a: calls.append(a) or re.Pattern)
    lazy("a")
    assert calls == []


def test_compiled_once() -> None:
    late = lazy("a+")
    assert late.match("aa") is not None
    assert "match" in vars(late)
    assert vars(late)["match"] is late.match
