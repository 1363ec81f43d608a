"""What a function owes, followed to its exits, and the rules that say what is wrong there.

All rules share one pass over a function; a leak belongs to the rule with the most filters that fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from linter.detect.model import Finding
from linter.detect.typestate_after import late
from linter.detect.typestate_exit import returned_variable
from linter.detect.typestate_leak import Judge, Leak
from linter.detect.typestate_model import Obligation, Outcome
from linter.detect.typestate_report import Group, LeakRule, group_leaks, report, report_late
from linter.detect.typestate_seeds import Seeds
from linter.detect.typestate_tables import LATE, Knowledge
from linter.detect.typestate_walk import MOST_VISITS, Walk
from linter.flow.build import build_cfg
from linter.flow.known import base_facts
from linter.flow.model import Cfg
from linter.rulebook.model import Rule
from linter.syntax.model import Function


class Owners:
    """The rules about obligations, by how particular they are."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.leak_rules = sorted(
            (LeakRule(rule, rule.block) for rule in rules if rule.block["violation"] == "leak"),
            key=lambda owner: owner.weight,
        )
        self.late_rules = {rule.block["violation"]: rule for rule in rules if rule.block["violation"] in LATE}

    def judge(self, function: Function, known: Knowledge, enabled: frozenset[str]) -> Iterator[Finding]:
        """What the rules say of a function."""
        leaks: list[Leak] = []
        for owed, outcome, cfg in outcomes(function, known):
            leaks += Judge(cfg, known, owed, outcome).leaks()
            for item in late(owed, outcome):
                rule = self.late_rules.get(item.kind)
                if rule is not None and rule.id in enabled:
                    yield report_late(rule, item, function)
        for group in group_leaks(leaks):
            yield from self._report(group, function, enabled)

    def _report(self, group: Group, function: Function, enabled: frozenset[str]) -> Iterator[Finding]:
        owner = next((owner for owner in self.leak_rules if owner.accepts(group)), None)
        if owner is not None and owner.rule.id in enabled:
            yield report(owner, group, function)


def outcomes(function: Function, known: Knowledge) -> Iterator[tuple[Obligation, Outcome, Cfg]]:
    """What becomes of everything that a function acquires."""
    cfg = build_cfg(function)
    seeds = Seeds(cfg, known)
    if not seeds.candidates():
        return
    facts = base_facts(cfg)
    if facts is None:
        return
    returned = returned_variable(cfg)
    visits = 0
    for owed, at in seeds.obligations(facts):
        walk = Walk(cfg, known, owed, returned)
        walk.visits = visits
        outcome = walk.run(at)
        visits = walk.visits
        if visits > MOST_VISITS:
            return
        yield owed, outcome, cfg
