"""Data against a JSON Schema, with errors that a person can act on. The part of JSON Schema that rule files need.

The same schema goes to editors (`hunklint rule schema`), so what an editor underlines is what the loader refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from linter.rulebook.errors import BlockError

KeyPath = tuple[str | int, ...]

_KINDS = {
    "object": (dict, "a mapping"),
    "array": (list, "a list"),
    "string": (str, "text"),
    "integer": (int, "a whole number"),
    "boolean": (bool, "true or false"),
    "null": (type(None), "nothing"),
}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean `x`?`, or nothing where no known word is near."""
    import difflib

    names = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), list(names), n=1, cutoff=0.6)
    return f"did you mean `{names[near[0]]}`?" if near else ""


def describe(value: Any) -> str:
    """What a value is, in words, for error messages."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        first = value.strip().split("\n", 1)[0]
        return f"`{first[:40]}`" if first else "empty text"
    return f"the value `{str(value).lower() if isinstance(value, bool) else value}`"


def check_keys(path: KeyPath, data: Mapping[str, Any], known: Iterable[str], required: Iterable[str] = ()) -> None:
    """Refuse unknown keys (with the nearest known one) and demand the required ones."""
    known = list(known)
    for key in data:
        if key not in known:
            hint = did_you_mean(key, known)
            raise BlockError((*path, key), "unknown key" + (f"; {hint}" if hint else ""), "one of " + ", ".join(known))
    for key in required:
        if key not in data:
            raise BlockError(path, f"the key `{key}` is missing", f"`{key}:`")


def validate(data: Any, schema: Mapping[str, Any], path: KeyPath = ()) -> None:
    """Raise BlockError at the first value that the schema refuses."""
    if "oneOf" in schema:
        _one_of(data, schema["oneOf"], path)
        return
    kind = schema.get("type")
    if kind is not None and not _is_kind(data, kind):
        kinds = [kind] if isinstance(kind, str) else kind
        wanted = " or ".join(_KINDS[name][1] for name in kinds)
        about = f" ({schema['description']})" if "description" in schema else ""
        raise BlockError(path, f"{wanted} was expected, here is {describe(data)}", wanted + about)
    if "enum" in schema and data not in schema["enum"]:
        names = [str(name) for name in schema["enum"]]
        hint = did_you_mean(str(data), names)
        problem = f"unknown value {describe(data)}" + (f"; {hint}" if hint else "")
        raise BlockError(path, problem, "one of " + ", ".join(names))
    if isinstance(data, str):
        _text(data, schema, path)
    elif isinstance(data, dict):
        _mapping(data, schema, path)
    elif isinstance(data, list):
        _sequence(data, schema, path)


def _is_kind(data: Any, kind: str | list[str]) -> bool:
    kinds = [kind] if isinstance(kind, str) else kind
    return any(
        isinstance(data, _KINDS[name][0]) and not (name == "integer" and isinstance(data, bool)) for name in kinds
    )


def _one_of(data: Any, choices: Iterable[Mapping[str, Any]], path: KeyPath) -> None:
    """The error of the choice whose type fits, else of the last one."""
    choices = list(choices)
    fitting = [choice for choice in choices if "type" not in choice or _is_kind(data, choice["type"])]
    if not fitting:
        wanted = " or ".join(_KINDS[choice["type"]][1] for choice in choices)
        raise BlockError(path, f"{wanted} was expected, here is {describe(data)}", wanted)
    for choice in fitting[:-1]:
        try:
            validate(data, choice, path)
        except BlockError:
            continue
        return
    validate(data, fitting[-1], path)


def _text(data: str, schema: Mapping[str, Any], path: KeyPath) -> None:
    expected = schema.get("description", "")
    if len(data.strip()) < schema.get("minLength", 0):
        raise BlockError(path, "the text is empty", expected)
    if len(data) > schema.get("maxLength", len(data)):
        raise BlockError(
            path,
            f"{len(data)} characters are too many",
            f"at most {schema['maxLength']}",
        )
    pattern = schema.get("pattern")
    if pattern is not None and not re.search(pattern, data):
        raise BlockError(path, f"{describe(data)} has not the right form", expected or f"text like {pattern}")


def _mapping(data: Mapping[str, Any], schema: Mapping[str, Any], path: KeyPath) -> None:
    properties = schema.get("properties", {})
    rest = schema.get("additionalProperties", True)
    if rest is False:
        check_keys(path, data, properties)
    check_keys(path, data, data, schema.get("required", ()))
    for key, value in data.items():
        if key in properties:
            validate(value, properties[key], (*path, key))
        elif isinstance(rest, dict):
            validate(value, rest, (*path, key))


def _sequence(data: list[Any], schema: Mapping[str, Any], path: KeyPath) -> None:
    if len(data) < schema.get("minItems", 0):
        raise BlockError(path, f"{len(data)} entries are too few", f"at least {schema['minItems']}")
    if "items" in schema:
        for index, item in enumerate(data):
            validate(item, schema["items"], (*path, index))
