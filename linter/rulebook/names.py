"""Names that people type to rules: ids, and the aliases that checkpatch, coccinelle and smatch users know."""

from __future__ import annotations

from linter.errors import UsageError
from linter.rulebook.model import Rule, Rulebook


def find_named(rulebook: Rulebook, name: str) -> list[Rule]:
    """The rule of that id, else every rule with that alias (upper or lower case: one check elsewhere may be several
    rules here); a UsageError with the nearest name where there is none."""
    rule = rulebook.rules.get(name)
    if rule is not None:
        return [rule]
    wanted = fold(name)
    for rule in rulebook.rules.values():
        if wanted == fold(rule.id):
            return [rule]
    found = [rule for rule in rulebook.rules.values() if any(wanted == fold(alias) for alias in rule.aliases)]
    if found:
        return found
    from linter.rulebook.validate import did_you_mean

    known = [*rulebook.rules, *(alias for rule in rulebook.rules.values() for alias in rule.aliases)]
    hint = did_you_mean(name, known)
    raise UsageError(f"no rule is named `{name}`", f"{hint} " * bool(hint) + "`hunklint rules` lists them all")


def find_rule(rulebook: Rulebook, name: str) -> Rule:
    """The first of the rules of that name."""
    return find_named(rulebook, name)[0]


def fold(name: str) -> str:
    """`OF_NODE_PUT`, `of-node-put.cocci` and `of_node_put` are one name."""
    return name.lower().removesuffix(".cocci").replace("_", "-")
