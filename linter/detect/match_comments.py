"""A condition on comments: does the source say in words what a declaration is for?

A comment counts on the line itself, right above it, and in the kernel-doc of the structure (`@name:`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from linter.detect.match_find import Site
from linter.detect.match_where import Condition, Env, KeyPath, Test, text_of, variable
from linter.detect.model import Context
from linter.rulebook.model import Tables

_ABOVE = 4000
"""Bytes in front of a structure in which its kernel-doc is looked for."""


def _uncommented(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    name = variable(data["uncommented"], (*at, "uncommented"))

    def test(site: Site, env: Env, context: Context) -> Env | None:
        return None if _is_commented(site, text_of(env.get(name)).encode()) else env

    return test


def _is_commented(site: Site, name: bytes) -> bool:
    source, node = site.unit.source, site.node
    start = source.rfind(b"\n", 0, node.start_byte) + 1
    end = source.find(b"\n", node.end_byte)
    if any(mark in source[start : end if end >= 0 else len(source)] for mark in (b"/*", b"//", b"*/")):
        return True
    above = source[max(0, start - _ABOVE) : start].rstrip()
    last = above[above.rfind(b"\n") + 1 :]
    if last.endswith(b"*/") or last.lstrip().startswith(b"//"):
        return True
    return re.search(rb"@" + re.escape(name.strip(b"* ")) + rb"\b", above) is not None


COMMENTS: Mapping[str, Condition] = {"uncommented": Condition(frozenset(), _uncommented)}
