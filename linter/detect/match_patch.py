"""Conditions on the patch around a match: a word that it only writes anew, a commit that it takes back.

A line in which another argument changed is no new use of an old interface, nor is the managed variant of the same
call; who reverts a commit brings back what others wrote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from linter.detect.match_find import Site
from linter.detect.match_where import MAX_TEXT, Condition, Env, KeyPath, Test, limited_regex, text_of, variable
from linter.detect.model import Context
from linter.patch.model import LineKind
from linter.pattern import compiled
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Tables


def _renewed(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    """The patch removes as many lines of the file with this name, or with what looks so, as it adds."""
    value = data["renewed"]
    name = variable(value, (*at, "renewed")) if isinstance(value, str) and value.startswith("$") else None
    fixed = None if name is not None else limited_regex(value, (*at, "renewed")).pattern

    def test(site: Site, env: Env, context: Context) -> Env | None:
        word = fixed if name is None else re.escape(text_of(env.get(name)).removeprefix("devm_"))
        if context.file is None or not word:
            return None
        pattern = compiled(rf"\b(?:devm_)?(?:{word})\b".encode())
        counts = {LineKind.ADDED: 0, LineKind.REMOVED: 0, LineKind.CONTEXT: 0}
        for hunk in context.file.hunks:
            for line in hunk.lines:
                if line.kind is not LineKind.CONTEXT and pattern.search(line.text[:MAX_TEXT]):
                    counts[line.kind] += 1
        return env if counts[LineKind.REMOVED] >= counts[LineKind.ADDED] > 0 else None

    return test


def _reverts(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    """The patch takes back another one."""
    if data["reverts"] is not True:
        raise BlockError((*at, "reverts"), "no answer", "true")

    def test(site: Site, env: Env, context: Context) -> Env | None:
        patch = context.patch
        if patch is None:
            return None
        return env if patch.title.startswith("Revert ") or b"This reverts commit" in patch.body else None

    return test


PATCH: Mapping[str, Condition] = {
    "renewed": Condition(frozenset(), _renewed),
    "reverts": Condition(frozenset(), _reverts),
}
