"""The JSON Schema of a rule file: what the loader checks, and what an editor completes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linter.rulebook.model import CATEGORIES, Confidence, Severity, Status

_TEXT = {"type": "string", "minLength": 1}
_NAMES = {"type": "array", "items": _TEXT}
_VERSION = {
    "type": ["string", "integer"],
    "description": "a kernel release such as 6.12",
}

_CITATION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["says"],
    "properties": {
        "url": {"type": "string", "pattern": r"^https?://[^\s]+$", "description": "a public http(s) address"},
        "path": {"type": "string", "minLength": 1, "description": "a path in the kernel tree, from its top"},
        "says": {**_TEXT, "description": "what it says, in our words"},
    },
}

_IMAGE = {"type": "string", "description": "a C image; `//~ id` ends the line of a defect"}

_EXAMPLE_FILE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["file"],
    "properties": {
        "file": {**_TEXT, "description": "path of the file in the kernel tree"},
        "pre": {**_IMAGE, "description": "the file before the patch; left out: the patch adds it"},
        "post": {**_IMAGE, "description": "the file after the patch; left out: the patch deletes it"},
    },
}

_EXAMPLE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {**_TEXT, "description": "what the example shows"},
        "file": {**_TEXT, "description": "path of the file in the kernel tree"},
        "pre": {**_IMAGE, "description": "the file before the patch; left out: the patch adds it"},
        "post": {**_IMAGE, "description": "the file after the patch; left out: the patch deletes it"},
        "files": {"type": "array", "minItems": 1, "items": _EXAMPLE_FILE, "description": "several files"},
        "mail": {**_TEXT, "description": "headers, an empty line, the body; `#~ id` ends the line of a defect"},
        "series": {"type": "array", "minItems": 1, "items": _TEXT, "description": "mails of one series"},
        "context": {"enum": ["whole", "hunk"], "description": "hunk: seen with three lines of context only"},
        "date": {
            "type": "string",
            "pattern": r"^\d{4}-\d\d-\d\d",
            "description": "the day the patch was sent, such as 2024-05-31",
        },
        "target": {**_VERSION, "description": "the kernel that the patch is for, such as 6.12"},
    },
}

_PROFILES = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "silent": {**_NAMES, "description": "profiles in which the rule says nothing"},
        "only": {**_NAMES, "description": "profiles of which one must be chosen for the rule to speak"},
        "severity": {
            "type": "object",
            "additionalProperties": {"enum": [each.label for each in Severity]},
            "description": "severity by profile",
        },
    },
}

RULE_KEYS: dict[str, Any] = {
    "id": {
        "type": "string",
        "pattern": r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
        "description": "kebab-case, the file's name without .yaml; names the defect, not the fix",
    },
    "title": {"type": "string", "minLength": 1, "maxLength": 72, "description": "the defect in one line"},
    "category": {"enum": list(CATEGORIES), "description": "the folder of the rule"},
    "severity": {"enum": [each.label for each in Severity], "description": "how bad it is if it is true"},
    "confidence": {"enum": [each.label for each in Confidence], "description": "how likely it is true, at most"},
    "status": {"enum": [each.value for each in Status], "description": "preview rules are off unless --preview"},
    "since": {
        "type": "string",
        "pattern": r"^\d+\.\d+(\.\d+)?$",
        "description": "the version of hunklint that brought the rule, such as 0.1.0",
    },
    "cwe": {"type": "string", "pattern": r"^CWE-\d+$", "description": "a number of the CWE list, such as CWE-775"},
    "aliases": {**_NAMES, "description": "names that checkpatch, coccinelle and smatch users know"},
    "supersedes": {
        **_NAMES,
        "description": "rules that say less about the same line; not shown beside this one",
    },
    "rationale": {**_TEXT, "description": "why it is a defect, for somebody who does not know"},
    "citations": {"type": "array", "minItems": 1, "items": _CITATION, "description": "where the facts stand"},
    "applies-to": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "paths": {**_NAMES, "description": "globs of the files it is about; ** crosses folders"},
            "exclude": {**_NAMES, "description": "globs of the files it is not about"},
        },
    },
    "report": {
        "enum": ["introduced", "all", "first", "once"],
        "description": "all: pre-existing defects too; first: told once a file; once: once a function and thing",
    },
    "profiles": _PROFILES,
    "kernel": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "since": {**_VERSION, "description": "first kernel in which the rule holds, such as 6.4"},
            "removed": {**_VERSION, "description": "first kernel in which it holds no more"},
        },
    },
    "engine": {**_TEXT, "description": "the engine that decides the rule; its own block has the same name"},
    "help": {**_TEXT, "description": "what to do instead, as an order"},
    "examples": {"type": "array", "minItems": 1, "items": _EXAMPLE},
}

REQUIRED = (
    "id", "title", "category", "severity", "confidence", "status", "since",
    "rationale", "citations", "engine", "help", "examples",
)  # fmt: skip


def rule_schema(engines: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any]:
    """The schema of a rule file; `engines` gives the schema of each engine's block, None where it has none."""
    properties = dict(RULE_KEYS)
    properties["engine"] = {**RULE_KEYS["engine"], "enum": sorted(engines)}
    blocks = {name: dict(schema) if schema else {"type": "object"} for name, schema in sorted(engines.items())}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hunklint rule",
        "type": "object",
        "additionalProperties": False,
        "required": list(REQUIRED),
        "properties": properties | blocks,
        "allOf": [
            {"if": {"properties": {"engine": {"const": name}}}, "then": {"required": [name]}}
            for name in sorted(engines)
        ],
    }
