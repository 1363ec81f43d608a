"""The store of compiled patterns: what it gives back is what `re.compile` would, and a damaged file costs nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from linter import pattern
from linter.pattern import _Store, cache_dir

PATTERNS = [
    (r"(?P<name>[a-z]+)\s*=\s*(\d+)", 0),
    (rb"^\w+(?=:)", re.M),
    (r"[äö]+|x", re.I),
    (rb"(?s:a.b)|(c)|(?P<d>d)", 0),
    (r"(?>a+)b", re.S),
]
TEXTS = ["left = 12", "one:\ntwo:", "ÄÖx", "a\nbcd", "aab"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def filled() -> Path:
    store = _Store()
    for source, flags in PATTERNS:
        store.compiled(source, flags)
    store.save()
    (file,) = Path(cache_dir()).iterdir()
    return file


def test_a_stored_pattern_is_the_compiled_one() -> None:
    filled()
    store = _Store()
    for source, flags in PATTERNS:
        found, wanted = store.compiled(source, flags), re.compile(source, flags)
        assert (found.pattern, found.flags, found.groups) == (wanted.pattern, wanted.flags, wanted.groups)
        assert dict(found.groupindex) == dict(wanted.groupindex)
        for text in TEXTS:
            subject = text.encode() if isinstance(source, bytes) else text
            assert [m.span() for m in found.finditer(subject)] == [m.span() for m in wanted.finditer(subject)]
            assert [m.groupdict() for m in found.finditer(subject)] == [m.groupdict() for m in wanted.finditer(subject)]
    assert not store.fresh


def test_a_pattern_is_made_once_and_told_apart_by_flags_and_type() -> None:
    store = _Store()
    assert store.compiled("a", 0) is store.compiled("a", 0)
    assert store.compiled("a", re.I).match("A")
    assert store.compiled(b"a", 0).match(b"a")


def test_new_patterns_are_added_to_the_known_ones() -> None:
    file = filled()
    store = _Store()
    store.compiled("another", 0)
    store.save()
    again = _Store()
    for source, flags in [*PATTERNS, ("another", 0)]:
        again.compiled(source, flags)
    assert not again.fresh
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("damage", ["", "{}\n", "not JSON", "[1]\nabcd", "cut", "words"])
def test_a_damaged_store_is_as_if_it_were_not_there(damage: str) -> None:
    file = filled()
    content = file.read_bytes()
    head, _, words = content.partition(b"\n")
    if damage == "cut":
        file.write_bytes(content[:-40])
    elif damage == "words":
        file.write_bytes(head + b"\n" + b"\xff" * len(words))
    else:
        file.write_text(damage)
    store = _Store()
    for source, flags in PATTERNS:
        found = store.compiled(source, flags)
        assert found.flags == re.compile(source, flags).flags
        for text in TEXTS:
            subject = text.encode() if isinstance(source, bytes) else text
            wanted = re.compile(source, flags)
            assert [m.span() for m in found.finditer(subject)] == [m.span() for m in wanted.finditer(subject)]


def test_a_bad_pattern_is_the_same_error() -> None:
    with pytest.raises(re.error):
        _Store().compiled("(", 0)


def test_a_folder_that_cannot_be_written_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    store = _Store()
    assert store.compiled("a", 0).match("a")
    store.save()


def test_a_store_that_outgrew_the_rules_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    filled()
    monkeypatch.setattr(pattern, "_MOST", 3)
    store = _Store()
    store.compiled("another", 0)
    store.save()
    again = _Store()
    again.load()
    assert again.rows is not None and len(again.rows) == 1
