"""The part of JSON Schema that rule files need, told apart with the same words every time."""

from __future__ import annotations

from typing import Any

import pytest

from linter.rulebook.errors import BlockError
from linter.rulebook.validate import check_keys, describe, did_you_mean, validate


def problem(data: Any, schema: dict[str, Any]) -> tuple[tuple[str | int, ...], str] | None:
    try:
        validate(data, schema)
    except BlockError as error:
        return error.path, error.problem
    return None


@pytest.mark.parametrize(
    ("data", "schema", "said"),
    [
        (3, {"type": "integer"}, None),
        (True, {"type": "integer"}, ((), "a whole number was expected, here is the value `true`")),
        (True, {"type": "boolean"}, None),
        ("x", {"type": ["integer", "string"]}, None),
        ([], {"type": ["integer", "string"]}, ((), "a whole number or text was expected, here is a list")),
        (None, {"type": "string"}, ((), "text was expected, here is nothing")),
        ("", {"type": "string", "minLength": 1}, ((), "the text is empty")),
        (" \n", {"type": "string", "minLength": 1}, ((), "the text is empty")),
        ("abc", {"maxLength": 2}, ((), "3 characters are too many")),
        ("abc", {"pattern": "^b"}, ((), "`abc` has not the right form")),
        ("warnin", {"enum": ["warning", "error"]}, ((), "unknown value `warnin`; did you mean `warning`?")),
        ("zzz", {"enum": ["warning", "error"]}, ((), "unknown value `zzz`")),
        ({"a": 1, "b": [0, "x"]}, {"properties": {"b": {"items": {"type": "integer"}}}}, (("b", 1), None)),
        ({"b": 1}, {"properties": {"a": {}}, "additionalProperties": False}, (("b",), "unknown key")),
        ({"b": 1}, {"additionalProperties": {"type": "string"}}, (("b",), None)),
        ({}, {"required": ["a"]}, ((), "the key `a` is missing")),
        ([1], {"minItems": 2}, ((), "1 entries are too few")),
        ("x", {"oneOf": [{"type": "integer"}, {"type": "string"}]}, None),
        (None, {"oneOf": [{"type": "integer"}, {"type": "string"}]}, ((), None)),
        ({"a": "x"}, {"oneOf": [{"type": "string"}, {"properties": {"a": {"type": "integer"}}}]}, (("a",), None)),
        ({"a": 1}, {"oneOf": [{"required": ["b"]}, {"required": ["a"]}]}, None),
    ],
)
def test_validate(data: Any, schema: dict[str, Any], said: Any) -> None:
    found = problem(data, schema)
    if said is None or found is None:
        assert found == said
        return
    assert found[0] == said[0]
    assert said[1] is None or found[1] == said[1]


def test_keys() -> None:
    check_keys((), {"a": 1}, ["a", "b"], ["a"])
    with pytest.raises(BlockError) as caught:
        check_keys(("x", 0), {"severty": 1}, ["severity", "title"])
    assert caught.value.path == ("x", 0, "severty")
    assert caught.value.problem == "unknown key; did you mean `severity`?"
    assert caught.value.expected == "one of severity, title"


def test_words() -> None:
    assert did_you_mean("OF_NODE_PUTS", ["of_node_put"]) == "did you mean `of_node_put`?"
    assert did_you_mean("xyz", ["of_node_put"]) == ""
    assert [describe(value) for value in (None, {}, [], "", "a\nb", 3, False)] == [
        "nothing",
        "a mapping",
        "a list",
        "empty text",
        "`a`",
        "the value `3`",
        "the value `false`",
    ]
