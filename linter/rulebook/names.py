"""Names that people type to rules: ids, and the aliases that checkpatch, coccinelle and smatch users know."""

from __future__ import annotations

from linter.errors import UsageError
from linter.rulebook.model import Rule, Rulebook


def find_rule(rulebook: Rulebook, name: str) -> Rule:
    """The rule of that id or alias (upper or lower case); a UsageError with the nearest name where there is none."""
    rule = rulebook.rules.get(name)
    if rule is not None:
        return rule
    wanted = fold(name)
    for rule in rulebook.rules.values():
        if wanted == fold(rule.id) or any(wanted == fold(alias) for alias in rule.aliases):
            return rule
    from linter.rulebook.validate import did_you_mean

    known = [*rulebook.rules, *(alias for rule in rulebook.rules.values() for alias in rule.aliases)]
    hint = did_you_mean(name, known)
    raise UsageError(f"no rule is named `{name}`", f"{hint} " * bool(hint) + "`hunklint rules` lists them all")


def fold(name: str) -> str:
    """`OF_NODE_PUT`, `of-node-put.cocci` and `of_node_put` are one name."""
    return name.lower().removesuffix(".cocci").replace("_", "-")
