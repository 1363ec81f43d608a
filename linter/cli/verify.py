"""`hunklint verify`: rules run on their own examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import click

from linter.cli._rules import find_some, load_some
from linter.errors import LinterError, RuleError
from linter.record import field, record
from linter.review.crosswise import Drowned, crossings
from linter.review.example import Place, line_at
from linter.review.mutate import mutants, survivors
from linter.review.verify import Outcome, Result, verify_rule
from linter.rulebook.document import shown_name
from linter.rulebook.model import Rule, Rulebook


@click.command("verify")
@click.argument("names", nargs=-1, metavar="[RULE]...")
@click.option("--rules", "folders", multiple=True, metavar="DIR", help="Look for rules in this folder too; repeatable.")
@click.option("--mutate", is_flag=True, help="Delete each part of a rule in turn and demand that an example fails.")
@click.option("--others", is_flag=True, help="Say what other rules find in the examples: twice told, or in good code.")
@click.option("--quiet", "-q", is_flag=True, help="Say only what fails.")
def command(names: tuple[str, ...], folders: tuple[str, ...], mutate: bool, others: bool, quiet: bool) -> int:
    """Run rules on their own examples (all rules, without RULE): a finding at each marker, and nowhere else."""
    rulebook, problems = load_some(folders, cache=False)
    if not names:
        for problem in problems:
            click.echo(f"error: {problem}", err=True)
    rules = find_some(rulebook, names, problems) or list(rulebook.rules.values())
    run = _Run(rulebook, mutate, quiet)
    for rule in rules:
        run.verify(rule)
        if others:
            for line in _cross(rule, rulebook):
                click.echo(line)
    told = ", ".join(f"{run.counts[result]} {result.value}" for result in Result)
    if mutate:
        told += f"; {run.mutants} mutants, {run.survived} survived"
    click.echo(f"{len(rules)} rules, {sum(run.counts.values())} examples: {told}")
    if problems and not names:
        return RuleError.exit_code
    return 1 if run.failed else 0


def _cross(rule: Rule, rulebook: Rulebook) -> Iterator[str]:
    """Lines about what other rules say of a rule's examples."""
    for crossing in crossings(rule, rulebook):
        where = line_at(crossing.example, crossing.place)
        if isinstance(crossing, Drowned):
            yield f"  drowned  {rule.id}: {crossing.example.name}: {where}"
        elif crossing.suspicious:
            told = "twice" if crossing.twice else "other"
            found = crossing.finding
            yield f"{told:>9}  {rule.id}: {crossing.example.name}: {where}"
            yield f"           {found.severity.label}[{found.rule}] {found.message}"


@record(frozen=False)
class _Run:
    """What is counted over all rules."""

    rulebook: Rulebook
    mutate: bool
    quiet: bool
    counts: Counter[Result] = field(default_factory=Counter)
    failed: int = 0
    mutants: int = 0
    survived: int = 0

    def verify(self, rule: Rule) -> None:
        """Run one rule and say how it went."""
        try:
            outcomes = verify_rule(rule, self.rulebook)
        except LinterError as error:
            self.failed += 1
            click.echo(f"   broken  {rule.id}: {error.title}")
            return
        for outcome in outcomes:
            self.counts[outcome.result] += 1
            self.failed += not outcome.passed
            if not outcome.passed or not self.quiet:
                click.echo("\n".join(_tell(rule, outcome)))
        if self.mutate and all(outcome.passed for outcome in outcomes):
            self._mutate(rule)

    def _mutate(self, rule: Rule) -> None:
        left = survivors(rule, self.rulebook)
        self.mutants += sum(1 for _ in mutants(rule))
        self.survived += len(left)
        self.failed += len(left)
        for mutant in left:
            click.echo(f" survives  {rule.id}: without `{mutant.name}` all examples still pass")


def _tell(rule: Rule, outcome: Outcome) -> list[str]:
    """One line for an example that passed, a few for one that did not."""
    told = [f"{outcome.result.value:>9}  {rule.id}: {outcome.example.name}"]
    if outcome.passed:
        return told
    told[0] += f"  ({shown_name(rule.source)}:{outcome.example.lineno})"
    for place in outcome.missing:
        told.append(f"           no finding at {_show(place)}: {line_at(outcome.example, place)}")
    for place, finding in outcome.noisy:
        told.append(f"           finding at {_show(place)}: {line_at(outcome.example, place)}")
        told.append(f"               {finding.confidence.label} confidence: {finding.message}")
    return told


def _show(place: Place) -> str:
    index, path, side, line = place
    if side == "mail":
        return f"mail {index + 1}, line {line}"
    return f"{path}:{line}{' (pre)' if side == 'pre' else ''}"
