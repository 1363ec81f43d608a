"""`hunklint rules`: the list of rules, and the reference made from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import click

from linter.cli._rules import find_some, load_some
from linter.errors import RuleError
from linter.rulebook.kernel import show_version
from linter.rulebook.load import find_tables
from linter.rulebook.model import CATEGORIES, Rule


@click.command("rules")
@click.argument("names", nargs=-1, metavar="[RULE]...")
@click.option("--category", type=click.Choice(CATEGORIES), multiple=True, help="Only rules of this category.")
@click.option("--status", type=click.Choice(("preview", "stable", "deprecated")), help="Only rules of this status.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@click.option("--markdown", is_flag=True, help="Print the reference (rules/README.md).")
@click.option("--tables", is_flag=True, help="With --markdown: print the tables (rules/data/README.md).")
@click.option("--rules", "folders", multiple=True, metavar="DIR", help="Read rules from this folder too; repeatable.")
def command(names: tuple[str, ...], folders: tuple[str, ...], **options: Any) -> int:
    """List rules with status, severity, confidence and engine. `hunklint explain RULE` tells all about one."""
    if options["tables"] and not options["markdown"]:
        raise click.UsageError("--tables goes with --markdown")
    rulebook, problems = load_some(folders)
    if options["markdown"]:
        if problems:
            raise problems[0]
        from linter.cli._reference import reference, tables_page

        page = tables_page(find_tables(folders), rulebook.tables) if options["tables"] else reference(rulebook)
        _print(page)
        return 0
    rules = _chosen(find_some(rulebook, names, problems) or list(rulebook.rules.values()), options)
    if options["as_json"]:
        click.echo(json.dumps([as_data(rule) for rule in rules], indent=2, ensure_ascii=False))
    else:
        _print(_table(rules))
    for problem in problems if not names else ():
        click.echo(f"error: {problem}", err=True)
    return RuleError.exit_code if problems and not names else 0


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _chosen(rules: list[Rule], options: Any) -> list[Rule]:
    if options["category"]:
        rules = [rule for rule in rules if rule.category in options["category"]]
    if options["status"]:
        rules = [rule for rule in rules if rule.status.value == options["status"]]
    return sorted(rules, key=lambda rule: (CATEGORIES.index(rule.category), rule.id))


def _table(rules: Sequence[Rule]) -> Iterable[str]:
    """One line a rule, columns under each other; the title comes last and may be long."""
    rows = [("rule", "category", "status", "severity", "confidence", "engine", "what it finds")]
    for rule in rules:
        levels = (rule.status.value, rule.severity.label, rule.confidence.label)
        rows.append((rule.id, rule.category, *levels, rule.engine, rule.title))
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) + "  " + row[6]
    stable = sum(rule.status.value == "stable" for rule in rules)
    yield f"{len(rules)} rules, {stable} stable"


def as_data(rule: Rule) -> dict[str, Any]:
    """A rule for JSON: everything but its engine's block and its examples."""
    kernel = rule.kernel
    return {
        "id": rule.id,
        "title": rule.title,
        "category": rule.category,
        "severity": rule.severity.label,
        "confidence": rule.confidence.label,
        "status": rule.status.value,
        "since": rule.since,
        "engine": rule.engine,
        "aliases": list(rule.aliases),
        "cwe": rule.cwe,
        "rationale": rule.rationale,
        "help": rule.help,
        "citations": [
            {"url": citation.url, "path": citation.path, "says": citation.says} for citation in rule.citations
        ],
        "paths": list(rule.applies_to.paths),
        "exclude": list(rule.applies_to.exclude),
        "kernel": {
            "since": show_version(kernel.since) if kernel and kernel.since else None,
            "removed": show_version(kernel.removed) if kernel and kernel.removed else None,
        },
        "profiles": dict(rule.profiles),
        "source": rule.source,
    }
