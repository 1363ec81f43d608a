"""One rule document to a `Rule`: the schema first, then what a schema cannot say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from linter.pattern import lazy
from linter.rulebook.document import Document, KeyPath
from linter.rulebook.errors import BlockError
from linter.rulebook.kernel import parse_version
from linter.rulebook.model import (
    AppliesTo,
    Citation,
    Confidence,
    Example,
    ExampleFile,
    KernelRange,
    KernelVersion,
    Rule,
    Severity,
    Status,
)
from linter.rulebook.schema import REQUIRED, RULE_KEYS
from linter.rulebook.validate import check_keys, did_you_mean, validate

DEFAULT_FILE = "drivers/misc/example.c"
"""Where an example that names no file is taken to live."""

# At most two blanks go with the marker, so that an example may end a line in white space.
MARKER = lazy(r" {0,2}(?://~|/\*~|#~)[ \t]*([a-z0-9][a-z0-9 ,-]*?)[ \t]*(?:\*/)?[ \t]*$")


def build_rule(document: Document, path: Path) -> Rule:
    """A `Rule` of one parsed file, its engine's block not yet checked; any fault is a RuleError."""
    try:
        return _build(document, path)
    except BlockError as error:
        raise document.error(error.path, error.problem, error.expected) from None


def _build(document: Document, path: Path) -> Rule:
    data = document.data
    validate(data, {"type": "object", "description": "keys and values"})
    engine = data.get("engine")
    check_keys((), data, [*RULE_KEYS, *([engine] if isinstance(engine, str) and engine else [])], REQUIRED)
    if "category" in data and data["category"] is None:
        raise BlockError(("category",), "null without quotes means nothing", '`"null"`')
    shape = {"type": "object", "properties": {key: RULE_KEYS[key] for key in RULE_KEYS}}
    validate(data, shape)
    _check_place(data, path)
    if engine not in data:
        raise BlockError(("engine",), f"the block of the engine `{engine}` is missing", f"a key `{engine}:`")
    validate(data[engine], {"type": "object"}, (engine,))
    severity, confidence = Severity[data["severity"].upper()], Confidence[data["confidence"].upper()]
    where = data.get("applies-to", {})
    return Rule(
        id=data["id"],
        title=data["title"],
        category=data["category"],
        severity=severity,
        confidence=confidence,
        status=Status(data["status"]),
        since=data["since"],
        rationale=data["rationale"].strip(),
        help=data["help"].strip(),
        engine=engine,
        block=data[engine],
        citations=tuple(_citation(item, ("citations", n)) for n, item in enumerate(data["citations"])),
        applies_to=AppliesTo(tuple(where.get("paths", ())), tuple(where.get("exclude", ()))),
        aliases=tuple(data.get("aliases", ())),
        profiles=data.get("profiles", {}),
        kernel=_kernel(data.get("kernel")),
        cwe=data.get("cwe"),
        report=data.get("report", "introduced"),
        supersedes=tuple(data.get("supersedes", ())),
        source=str(path),
        examples=tuple(
            _example(item, data["id"], n, document.line(("examples", n))) for n, item in enumerate(data["examples"])
        ),
    )


def _check_place(data: Mapping[str, Any], path: Path) -> None:
    """The file's name and folder say again what is inside; they must agree."""
    if data["id"] != path.stem:
        raise BlockError(("id",), f"the id `{data['id']}` is not the file's name", f"`{path.stem}`")
    folder = path.parent.name
    if data["category"] != folder:
        hint = did_you_mean(folder, [data["category"]])
        problem = f"the category `{data['category']}` is not the folder `{folder}`"
        raise BlockError(("category",), problem + (f"; {hint}" if hint else ""), "the folder's name")


def _citation(data: Mapping[str, Any], at: KeyPath) -> Citation:
    if "url" not in data and "path" not in data:
        raise BlockError(at, "a citation without a place", "`url:` or `path:` (in the kernel tree)")
    return Citation(data["says"].strip(), data.get("url"), data.get("path"))


def _version(value: str | int, at: KeyPath) -> KernelVersion:
    try:
        return parse_version(value)
    except ValueError as error:
        raise BlockError(at, str(error), "a kernel release such as 6.12") from error


def _kernel(data: Mapping[str, Any] | None) -> KernelRange | None:
    if not data:
        return None
    bounds = {key: _version(value, ("kernel", key)) for key, value in data.items()}
    since, removed = bounds.get("since"), bounds.get("removed")
    if since is not None and removed is not None and since >= removed:
        raise BlockError(("kernel",), "`removed` is not after `since`", "since < removed")
    return KernelRange(since, removed)


def _example(data: Mapping[str, Any], rule_id: str, index: int, lineno: int) -> Example:
    at: KeyPath = ("examples", index)
    forms = [key for key in ("post", "files", "mail", "series") if key in data]
    if not forms and "pre" in data:
        forms = ["post"]
    if len(forms) != 1:
        problem = f"{' and '.join(f'`{form}`' for form in forms)} in one example" if forms else "nothing to look at"
        raise BlockError(at, problem, "one of `post` (with or without `pre`), `files`, `mail`, `series`")
    form = forms[0]
    for key in ("file", "pre"):
        if key in data and form != "post":
            raise BlockError((*at, key), f"`{key}` beside `{form}`", f"`{key}` goes with `post`")
    files: tuple[ExampleFile, ...] = ()
    if form == "post":
        files = (ExampleFile(data.get("file", DEFAULT_FILE), data.get("pre"), data.get("post")),)
    elif form == "files":
        files = tuple(ExampleFile(item["file"], item.get("pre"), item.get("post")) for item in data["files"])
        for number, file in enumerate(files):
            if file.pre is None and file.post is None:
                raise BlockError((*at, "files", number), "a file without an image", "`pre`, `post` or both")
    target = data.get("target")
    if target is not None:
        _version(target, (*at, "target"))
    example = Example(
        data["name"].strip(),
        files,
        data.get("mail"),
        tuple(data.get("series", ())),
        data.get("context", "whole"),
        data.get("date"),
        None if target is None else str(target),
        lineno,
    )
    _check_markers(example, rule_id, at)
    return example


def example_texts(example: Example) -> list[str]:
    """Every text of an example that can carry a marker."""
    texts = [text for file in example.files for text in (file.pre, file.post) if text is not None]
    return texts + ([example.mail] if example.mail is not None else []) + list(example.series)


def is_bad(example: Example) -> bool:
    """Whether a finding is wanted: a marker stands somewhere."""
    return any(marked for text in example_texts(example) for marked in split_markers(text)[1])


def split_markers(text: str) -> tuple[str, dict[int, int]]:
    """The text without markers, and how many findings each marked line (1-based) wants."""
    wanted: dict[int, int] = {}
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        match = MARKER.search(line) if "~" in line else None
        if match is not None:
            wanted[number] = len(match.group(1).replace(",", " ").split())
            lines[number - 1] = line[: match.start()]
    return "\n".join(lines), wanted


def _check_markers(example: Example, rule_id: str, at: KeyPath) -> None:
    """A mistyped marker would make a bad example pass as a good one."""
    for text in example_texts(example):
        for number, line in enumerate(text.split("\n"), 1):
            match = MARKER.search(line) if "~" in line else None
            names = match.group(1).replace(",", " ").split() if match else []
            for name in names:
                if name != rule_id:
                    raise BlockError(
                        at, f"line {number} of the text is marked `{name}`", f"the rule's own id `{rule_id}`"
                    )
            if match is None and re.search(r"(?://|/\*|#)~", line):
                raise BlockError(at, f"line {number} of the text has a marker without an id", f"`//~ {rule_id}`")
