"""Which files a rule is about: its glob patterns against a path."""

from __future__ import annotations

import re

from linter.rulebook.model import AppliesTo


def glob_regex(pattern: str) -> str:
    """A regular expression for a glob: `*` and `?` stay within a folder, `**` crosses folders, `{a,b}` is either."""
    out, i = "", 0
    while i < len(pattern):
        char = pattern[i]
        if pattern.startswith("**/", i):
            out, i = out + "(?:[^/]+/)*", i + 3
        elif pattern.startswith("**", i):
            out, i = out + ".*", i + 2
        elif char == "*":
            out, i = out + "[^/]*", i + 1
        elif char == "?":
            out, i = out + "[^/]", i + 1
        elif char == "{" and "}" in pattern[i:]:
            end = pattern.index("}", i)
            out, i = out + "(?:" + "|".join(map(re.escape, pattern[i + 1 : end].split(","))) + ")", end + 1
        else:
            out, i = out + re.escape(char), i + 1
    return out


class PathFilter:
    """Says whether a path is one that a rule is about. A path that is not known is taken in."""

    __slots__ = ("_exclude", "_paths")

    def __init__(self, applies_to: AppliesTo) -> None:
        self._paths = _compile(applies_to.paths)
        self._exclude = _compile(applies_to.exclude)

    def __call__(self, path: str | None) -> bool:
        if path is None:
            return True
        if self._paths is not None and not self._paths.fullmatch(path):
            return False
        return self._exclude is None or not self._exclude.fullmatch(path)


_COMPILED: dict[tuple[str, ...], re.Pattern[str]] = {}


def _compile(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    """One expression for all patterns; rules share the few lists there are."""
    if not patterns:
        return None
    if patterns not in _COMPILED:
        _COMPILED[patterns] = re.compile("|".join(f"(?:{glob_regex(pattern)})" for pattern in patterns))
    return _COMPILED[patterns]
