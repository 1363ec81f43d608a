"""Conditions on what is around a match: the file, its lines, other functions in it, the kernel that it is for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from linter.detect.calls import clean_text
from linter.detect.match_comments import COMMENTS
from linter.detect.match_find import Site
from linter.detect.match_patch import PATCH
from linter.detect.match_pattern import SKIPPED
from linter.detect.match_where import (
    BASIC,
    MAX_TEXT,
    Condition,
    Env,
    KeyPath,
    Test,
    defined_in,
    limited_regex,
    text_of,
    variable,
)
from linter.detect.model import Context
from linter.pattern import lazy
from linter.rulebook.errors import BlockError
from linter.rulebook.kernel import parse_version
from linter.rulebook.model import Tables

_WORD = lazy(r"[A-Za-z_]\w*")
_STATEMENT = 600
"""Bytes in front of a name that may belong to the same statement."""


def _defined(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    name = variable(data["defined"], (*at, "defined"))

    def test(site: Site, env: Env, context: Context) -> Env | None:
        word = text_of(env.get(name)).encode()
        return env if word in context.defined or word in defined_in(site.unit) else None

    return test


def _path(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    from linter.rulebook.paths import matches

    globs = tuple(data["path"]) if isinstance(data["path"], list) else (str(data["path"]),)

    def test(site: Site, env: Env, context: Context) -> Env | None:
        return env if matches(globs, site.unit.image.path) else None

    return test


def _uses(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    """Some name in the file looks like this."""
    pattern = re.compile(limited_regex(data["uses"], (*at, "uses")).pattern.encode())

    def test(site: Site, env: Env, context: Context) -> Env | None:
        return env if any(map(pattern.search, site.unit.identifiers)) else None

    return test


def _last_member(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    """The node is the last one in its parent."""

    def test(site: Site, env: Env, context: Context) -> Env | None:
        siblings = site.parent.named_children if site.parent is not None else []
        last = next((node for node in reversed(siblings) if node.type not in SKIPPED), None)
        return env if last == site.node else None

    return test


def _since(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    """The patch is for this kernel or a later one."""
    try:
        release = parse_version(data["since"])
    except ValueError as error:
        raise BlockError((*at, "since"), str(error), "a kernel release such as 6.12") from error

    def test(site: Site, env: Env, context: Context) -> Env | None:
        return env if context.kernel is not None and context.kernel >= release else None

    return test


def _body_of(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    """The function of this name stands in the same file, and its body looks like this."""
    name = variable(data["body-of"], (*at, "body-of"))
    pattern = limited_regex(data.get("regex"), (*at, "regex"))

    def test(site: Site, env: Env, context: Context) -> Env | None:
        wanted = text_of(env.get(name))
        for function in site.unit.functions:
            if function.name == wanted:
                return env if pattern.search(text_of(function.body)[:MAX_TEXT]) else None
        return None

    return test


def _mentioned(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    """The file names it somewhere behind a text, of the same statement, that looks like this."""
    name = variable(data["mentioned"], (*at, "mentioned"))
    behind = limited_regex(data.get("behind"), (*at, "behind"))

    def test(site: Site, env: Env, context: Context) -> Env | None:
        word = _WORD.search(text_of(env.get(name)))
        text = clean_text(site.unit)
        for match in re.finditer(rb"\b" + word[0].encode() + rb"\b", text) if word is not None else ():
            before = text[max(0, match.start() - _STATEMENT) : match.start()].rpartition(b";")[2]
            if behind.search(" ".join(before.decode("utf-8", "replace").split())):
                return env
        return None

    return test


def _text_of_node(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    """The source of the node itself, as written."""
    pattern = limited_regex(data["text-of-node"], (*at, "text-of-node"))

    def test(site: Site, env: Env, context: Context) -> Env | None:
        text = site.unit.snippet(site.node)[:MAX_TEXT].decode("utf-8", "replace")
        return env if pattern.search(text) else None

    return test


def _line(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    """The whole line that the node starts on, annotations included."""
    pattern = limited_regex(data["line"], (*at, "line"))

    def test(site: Site, env: Env, context: Context) -> Env | None:
        source, start = site.unit.source, site.node.start_byte
        begin = source.rfind(b"\n", 0, start) + 1
        end = source.find(b"\n", start)
        text = source[begin : end if end >= 0 else len(source)][:MAX_TEXT].decode("utf-8", "replace")
        return env if pattern.search(text) else None

    return test


def _whole(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    """Every line of the node is code that was seen: no hunk edge cuts it."""

    def test(site: Site, env: Env, context: Context) -> Env | None:
        rows = site.unit.rows[site.node.start_point[0] : site.node.end_point[0] + 1]
        return env if None not in rows else None

    return test


CONDITIONS: Mapping[str, Condition] = {
    **BASIC,
    **COMMENTS,
    **PATCH,
    "defined": Condition(frozenset(), _defined),
    "path": Condition(frozenset(), _path),
    "uses": Condition(frozenset(), _uses),
    "last-member": Condition(frozenset(), _last_member),
    "since": Condition(frozenset(), _since),
    "body-of": Condition(frozenset({"regex"}), _body_of),
    "mentioned": Condition(frozenset({"behind"}), _mentioned),
    "text-of-node": Condition(frozenset(), _text_of_node),
    "line": Condition(frozenset(), _line),
    "whole": Condition(frozenset(), _whole),
}
