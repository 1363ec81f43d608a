"""Shows that each part of a rule is needed: what can be taken out of it without failing an example is not proven.

Every list element and every mapping entry of the engine's block is deleted in turn, and so are the bounds of
`kernel:` and the globs of `applies-to: {exclude}`. A mutant that the engine refuses counts as needed. Left alone: words
that are only shown (`message`, `label`), and long lists of plain words, which are tables that happen to stand here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from linter.detect.registry import check_rule
from linter.errors import LinterError
from linter.record import record, replace
from linter.review.example import Case, build_case
from linter.review.verify import verify_case
from linter.rulebook.document import KeyPath, show_path
from linter.rulebook.errors import BlockError
from linter.rulebook.load import read_examples
from linter.rulebook.model import Example, KernelRange, Rule, Rulebook

SHOWN = frozenset(
    {"message", "label", "labels", "help", "note", "about", "severity", "confidence", "triggers", "look", "show"}
)
"""Keys whose values a person reads and no example can prove."""

LONG_LIST = 8
"""A list of plain words with more entries than this is a table: it goes as a whole, not word by word."""


@record
class Mutant:
    """A rule with one part deleted."""

    path: KeyPath
    rule: Rule

    @property
    def name(self) -> str:
        """The part that is gone, as a key path."""
        return show_path(self.path)


def mutants(rule: Rule) -> Iterator[Mutant]:
    """Every rule that is this one with one part deleted."""
    for path, block in deletions(rule.block, (rule.engine,)):
        yield Mutant(path, replace(rule, block=block))
    for index in range(len(rule.applies_to.exclude)):
        globs = rule.applies_to.exclude
        where = replace(rule.applies_to, exclude=globs[:index] + globs[index + 1 :])
        yield Mutant(("applies-to", "exclude", index), replace(rule, applies_to=where))
    if rule.kernel is not None:
        if rule.kernel.since is not None:
            yield Mutant(("kernel", "since"), replace(rule, kernel=KernelRange(None, rule.kernel.removed)))
        if rule.kernel.removed is not None:
            yield Mutant(("kernel", "removed"), replace(rule, kernel=KernelRange(rule.kernel.since, None)))


def deletions(data: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    """Copies of `data` with one entry or element deleted, at any depth; the data itself is never changed."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            if key in SHOWN:
                continue
            yield (*path, key), {name: kept for name, kept in data.items() if name != key}
            for where, inner in deletions(value, (*path, key)):
                yield where, {**data, key: inner}
    elif isinstance(data, list):
        if len(data) > LONG_LIST and not any(isinstance(item, dict | list) for item in data):
            return
        for index, value in enumerate(data):
            if len(data) > 1:
                yield (*path, index), data[:index] + data[index + 1 :]
            for where, inner in deletions(value, (*path, index)):
                yield where, [*data[:index], inner, *data[index + 1 :]]


def survivors(rule: Rule, rulebook: Rulebook) -> list[Mutant]:
    """The mutants of a rule that pass all its examples; the rule itself must pass them."""
    cases = [(example, build_case(example)) for example in read_examples(rule)]
    return [mutant for mutant in mutants(rule) if _survives(mutant.rule, cases, rulebook)]


def _survives(rule: Rule, cases: Sequence[tuple[Example, Case]], rulebook: Rulebook) -> bool:
    try:
        triggers = check_rule(rule, rulebook.tables)
    except (BlockError, KeyError, TypeError, ValueError, AttributeError, IndexError):
        return False
    mutant = replace(rule, triggers=triggers)
    try:
        return all(verify_case(mutant, example, case, rulebook).passed for example, case in cases)
    except LinterError:
        return False
