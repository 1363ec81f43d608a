"""What the commands about rules share: a rulebook in which a broken file does not hide the others."""

from __future__ import annotations

from collections.abc import Sequence

from linter.detect.registry import check_rule
from linter.errors import RuleError, UsageError
from linter.rulebook.load import find_named, load_rulebook
from linter.rulebook.model import Rule, Rulebook


def load_some(folders: Sequence[str], *, cache: bool = True) -> tuple[Rulebook, list[RuleError]]:
    """All rules that can be read, and what is wrong with the others."""
    problems: list[RuleError] = []
    return load_rulebook(folders, check=check_rule, cache=cache, problems=problems), problems


def find_some(rulebook: Rulebook, names: Sequence[str], problems: Sequence[RuleError]) -> list[Rule]:
    """The rules of these names; where the file of one is broken, its own error instead of `no such rule`."""
    found = []
    for name in names:
        try:
            found += [rule for rule in find_named(rulebook, name) if rule not in found]
        except UsageError:
            for problem in problems:
                if f"/{name}.yaml:" in f"/{problem.title}":
                    raise problem from None
            raise
    return found
