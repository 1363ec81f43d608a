"""`hunklint rules`: the list of rules, and the reference made from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from linter.cli._rules import find_some, load_some
from linter.errors import InputError, RuleError
from linter.rulebook.document import shown_name
from linter.rulebook.kernel import show_version
from linter.rulebook.load import find_tables, rules_dir
from linter.rulebook.model import CATEGORIES, Rule, Rulebook


@click.command("rules")
@click.argument("names", nargs=-1, metavar="[RULE]...")
@click.option("--category", type=click.Choice(CATEGORIES), multiple=True, help="Only rules of this category.")
@click.option("--status", type=click.Choice(("preview", "stable", "deprecated")), help="Only rules of this status.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@click.option("--markdown", is_flag=True, help="Print the reference (rules/README.md).")
@click.option("--tables", is_flag=True, help="With --markdown: print the tables (rules/data/README.md).")
@click.option("--write", is_flag=True, help="Bring the generated pages and the schema of this checkout up to date.")
@click.option("--rules", "folders", multiple=True, metavar="DIR", help="Read rules from this folder too; repeatable.")
def command(names: tuple[str, ...], folders: tuple[str, ...], **options: Any) -> int:
    """List rules with status, severity, confidence and engine. `hunklint explain RULE` tells all about one."""
    if options["tables"] and not options["markdown"]:
        raise click.UsageError("--tables goes with --markdown")
    rulebook, problems = load_some(folders)
    if problems and (options["markdown"] or options["write"]):
        raise problems[0]
    if options["write"]:
        return _write(rulebook)
    if options["markdown"]:
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


def _write(rulebook: Rulebook) -> int:
    """Write what is generated; the files that were fresh are left alone."""
    from linter.cli._reference import reference, tables_page
    from linter.detect.registry import schemas
    from linter.rulebook.schema import rule_schema

    pages = {
        "README.md": "\n".join(reference(rulebook)) + "\n",
        "data/README.md": "\n".join(tables_page(find_tables(), rulebook.tables)) + "\n",
        "schema.json": json.dumps(rule_schema(schemas()), indent=2) + "\n",
    }
    for name, text in pages.items():
        path = Path(rules_dir(), name)
        if not path.is_file() or path.read_text("utf-8") != text:
            try:
                path.write_text(text, "utf-8", newline="\n")
            except OSError as error:
                raise InputError(f"cannot write {path}: {error.strerror}", "run it in a checkout") from error
            click.echo(f"{shown_name(path)} is written anew")
    return 0


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
