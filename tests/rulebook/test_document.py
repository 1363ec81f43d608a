"""YAML to data: what is text, where it stands, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.errors import RuleError
from linter.rulebook.document import MAX_NODES, parse_document, read_document


def data(text: str) -> object:
    return parse_document("x.yaml", text.encode()).data


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("6.10", "6.10"),
        ("0.1.0", "0.1.0"),
        ("1e3", "1e3"),
        ("12", 12),
        ("-3", -3),
        ("0x1f", 31),
        ("012", "012"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2024-05-31", "2024-05-31"),
        ("true", True),
        ("false", False),
        ("on", "on"),
        ("no", "no"),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ('"true"', "true"),
    ],
)
def test_words(text: str, value: object) -> None:
    found = data(f"key: {text}")
    assert found == {"key": value}
    assert isinstance(found, dict) and type(found["key"]) is type(value)


def test_keys_are_text() -> None:
    assert data("on: 1\n6.1: 2\n12: 3\n") == {"on": 1, "6.1": 2, "12": 3}


def test_lines() -> None:
    text = "a: 1\nb:\n  - x\n  - c: 2\n    d: |\n      long\n      text\ne: &name\n  f: 3\ng: *name\n"
    document = parse_document("x.yaml", text.encode())
    lines = {(): 1, ("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 1): 4, ("b", 1, "d"): 5, ("e", "f"): 9, ("g",): 10}
    assert {path: document.line(path) for path in lines} == lines
    assert document.line(("b", 1, "missing")) == 4, "the nearest thing around it"
    assert document.line(("b", 7)) == 2


def test_error_names_file_line_key_and_what_was_expected() -> None:
    document = parse_document("rules/x.yaml", b"a: 1\nb:\n  - c: 2\n")
    error = document.error(("b", 0, "c"), "too small", "3 or more")
    assert error.title == "rules/x.yaml:3: b[0].c: too small"
    assert error.help == "expected 3 or more"
    assert error.exit_code == 4


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (b"", "x.yaml:1: the file is empty"),
        (b"a: 1\nb: 2\na: 3\n", "x.yaml:3: the key `a` stands here twice (first in line 1)"),
        (b"a:\n  b: 1\n\tc: 2\n", "x.yaml:3: a tab in the indentation"),
        (b"a: 1\nb: 2: 3\n", "x.yaml:2: not valid YAML: mapping values are not allowed in this context"),
        (b"a: !!python/object/apply:os.system [x]\n", "x.yaml:1: the tag `tag:yaml.org,2002:python/object/apply"),
        (b"a: !mine x\n", "x.yaml:1: the tag `!mine`"),
        (b"a: [1,\n\xff]\n", "x.yaml:2: the file is not UTF-8"),
        (b"a: *b\n", "x.yaml:1: no value is named `&b`"),
        (b"a: &x {b: *x}\n", "x.yaml:1: no value is named `&x`"),
        (b"--- a\n--- b\n", "x.yaml:2: a second document"),
        (b"? {a: 1}\n: b\n", "x.yaml:1: a key that is not a word"),
        (b"a: &x 1\n? *x\n: b\n", "x.yaml:2: an alias as a key"),
        (b"a: &x {c: 1}\nb:\n  <<: *x\n", "x.yaml:3: a merge key `<<`"),
        (b"[" * 5000, "x.yaml:1: nested more than 40 deep"),
        (b"{a: " * 200_000, "x.yaml:1: nested more than 40 deep"),
        (b"a: \x01\n", "x.yaml:1: not valid YAML"),
        (b"x" * 9_000_000, "x.yaml:1: the file is larger than 8 MB"),
    ],
)
def test_refused(text: bytes, title: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_document("x.yaml", text)
    assert caught.value.title.startswith(title)


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    for name in ("pipe.yaml", "folder.yaml", "missing.yaml"):
        with pytest.raises(RuleError, match=r"yaml:1: is no file"):
            read_document(tmp_path / name)


def test_a_large_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "x.yaml").open("wb") as stream:
        stream.truncate(1 << 34)  # 16 GB on paper
    with pytest.raises(RuleError, match="larger than 8 MB"):
        read_document(tmp_path / "x.yaml")


def test_alias_bomb() -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for step in range(1, 9):
        text += f"a{step}: &a{step} [{', '.join([f'*a{step - 1}'] * 10)}]\n"
    with pytest.raises(RuleError, match=f"more than {MAX_NODES} values"):
        data(text)


def test_the_hint_about_quotes() -> None:
    with pytest.raises(RuleError) as caught:
        data("says: this: that\n")
    assert "needs quotes" in caught.value.help


@given(st.binary(max_size=300))
def test_any_bytes_give_data_or_a_rule_error(raw: bytes) -> None:
    try:
        parse_document("x.yaml", raw)
    except RuleError as error:
        assert error.title.startswith("x.yaml:")


@given(st.text(alphabet="ab:-[]{}&*!|>'\"\n \t#%@`,?0", max_size=80))
def test_any_yaml_like_text_gives_data_or_a_rule_error(text: str) -> None:
    try:
        parse_document("x.yaml", text.encode())
    except RuleError as error:
        assert error.title.startswith("x.yaml:")
