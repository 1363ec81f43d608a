"""`hunklint verify`: rules run on their own examples."""

from __future__ import annotations

from collections import Counter

import click

from linter.detect.registry import check_rule
from linter.errors import RuleError
from linter.review.verify import Outcome, Result, verify_rule
from linter.rulebook.load import find_rule, load_rulebook
from linter.rulebook.model import Rule


@click.command("verify")
@click.argument("names", nargs=-1, metavar="[RULE]...")
@click.option("--rules", "folders", multiple=True, metavar="DIR", help="Look for rules in this folder too; repeatable.")
@click.option("--quiet", "-q", is_flag=True, help="Say only what fails.")
def command(names: tuple[str, ...], folders: tuple[str, ...], quiet: bool) -> int:
    """Run rules on their own examples (all rules, without RULE): a finding at each marker, and nowhere else."""
    problems: list[RuleError] = []
    rulebook = load_rulebook(folders, check=check_rule, cache=False, problems=problems)
    if not names:
        for problem in problems:
            click.echo(f"error: {problem}")
    elif problems:
        for problem in problems:
            if any(f"/{name}.yaml:" in f"/{problem.title}" for name in names):
                raise problem
    rules = [find_rule(rulebook, name) for name in names] or list(rulebook.rules.values())
    counts: Counter[Result] = Counter()
    failed = 0
    for rule in rules:
        for outcome in verify_rule(rule, rulebook):
            counts[outcome.result] += 1
            failed += not outcome.passed
            if not outcome.passed or not quiet:
                click.echo("\n".join(_tell(rule, outcome)))
    told = ", ".join(f"{counts[result]} {result.value}" for result in Result)
    click.echo(f"{len(rules)} rules, {sum(counts.values())} examples: {told}")
    if problems and not names:
        return RuleError.exit_code
    return 1 if failed else 0


def _tell(rule: Rule, outcome: Outcome) -> list[str]:
    """One line for an example that passed, a few for one that did not."""
    told = [f"{outcome.result.value:>9}  {rule.id}: {outcome.example.name}"]
    if outcome.passed:
        return told
    told[0] += f"  ({rule.source}:{outcome.example.lineno})"
    for index, path, side, line in outcome.missing:
        told.append(f"           no finding at {path or f'mail {index + 1}'}:{line} ({side})")
    for (_, path, side, line), finding in outcome.noisy:
        told.append(f"           finding at {path or 'the mail'}:{line} ({side}): {finding.message}")
    return told
