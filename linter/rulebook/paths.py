"""Globs over paths of the kernel tree: `*` and `?` stay within one folder, `**` crosses folders, `[ab]` and `{a,b}`."""

from __future__ import annotations

import functools
import re

from linter.rulebook.model import AppliesTo


@functools.lru_cache(maxsize=4096)
def _compiled(globs: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(glob) for glob in globs))


def translate(glob: str) -> str:
    """A regular expression for one glob; it never backtracks over more than one `**`-free stretch at a time."""
    out: list[str] = []
    index, size, depth = 0, len(glob), 0
    while index < size:
        char = glob[index]
        if glob.startswith("**/", index):
            out.append("(?:[^/]+/)*")
            index += 3
            continue
        if glob.startswith("**", index):
            out.append(".*")
            index += 2
            continue
        if char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "{" and "}" in glob[index:]:
            out.append("(?:")
            depth += 1
        elif char == "}" and depth:
            out.append(")")
            depth -= 1
        elif char == "," and depth:
            out.append("|")
        elif char == "[" and "]" in glob[index + 1 :]:
            end = glob.index("]", index + 1)
            out.append("[" + re.escape(glob[index + 1 : end]).replace(r"\-", "-") + "]")
            index = end
        else:
            out.append(re.escape(char))
        index += 1
    return "".join(out) + (")" * depth) + r"\Z"


def matches(globs: tuple[str, ...], path: str | None) -> bool:
    """Whether one of the globs fits the whole path."""
    return path is not None and bool(globs) and _compiled(globs).match(path) is not None


def applies(where: AppliesTo, path: str | None) -> bool:
    """Whether a rule is about a file. A file of unknown name is taken for one, unless the rule asks for certain paths
    that a C file in general does not have."""
    if path is None:
        return not where.paths or matches(where.paths, "drivers/unknown.c")
    if where.paths and not matches(where.paths, path):
        return False
    return not matches(where.exclude, path)
