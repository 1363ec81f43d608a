"""The manual page of a rule, as lines with a role each; a terminal colours them, a pipe does not."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from linter.review.example import example_diff
from linter.rulebook.build import is_bad
from linter.rulebook.kernel import show_version
from linter.rulebook.load import read_examples
from linter.rulebook.model import Citation, Example, Rule, Tables

Line = tuple[str, str]
"""A role (a key of STYLES, or empty) and a text."""

STYLES = {
    "title": "bold",
    "head": "bold cyan",
    "dim": "dim",
    "added": "green",
    "removed": "red",
    "hunk": "cyan",
    "marked": "bold yellow",
}


def manual(rule: Rule, tables: Tables, width: int = 100) -> Iterator[Line]:
    """The whole page."""
    yield "title", f"{rule.id}: {rule.title}"
    yield "", ", ".join(properties(rule))
    if rule.aliases:
        yield "", f"also known as {', '.join(rule.aliases)}"
    yield "", ""
    yield "head", "Why"
    yield from _paragraphs(rule.rationale, width)
    yield "", ""
    yield "head", "What to do"
    yield from _paragraphs(rule.help, width)
    where = list(scope(rule))
    if where:
        yield "", ""
        yield "head", "Where it holds"
        yield from (("", f"  {line}") for line in where)
    yield "", ""
    yield "head", "Sources"
    for citation in rule.citations:
        for line in textwrap.wrap(cite(citation), width - 4, break_long_words=False, break_on_hyphens=False):
            yield "", f"  {line}"
    for example in read_examples(rule):
        yield "", ""
        yield "head", f"{'Bad' if is_bad(example) else 'Good'}: {example.name}"
        yield from _example(example, rule)
    rows = list(record(rule, tables))
    if rows:
        yield "", ""
        yield "head", "Measured"
        yield from (("", f"  {row}") for row in rows)


def properties(rule: Rule) -> Iterator[str]:
    """Severity, confidence and so on, in words."""
    yield f"severity {rule.severity.label}"
    yield f"confidence {rule.confidence.label}"
    yield f"status {rule.status.value}"
    yield f"category {rule.category}"
    yield f"engine {rule.engine}"
    yield f"since {rule.since}"
    if rule.cwe:
        yield rule.cwe


def scope(rule: Rule) -> Iterator[str]:
    """Files, kernels and profiles that a rule is bound to."""
    if rule.applies_to.paths:
        yield f"files: {', '.join(rule.applies_to.paths)}"
    if rule.applies_to.exclude:
        yield f"not in: {', '.join(rule.applies_to.exclude)}"
    if rule.kernel and rule.kernel.since:
        yield f"kernels from {show_version(rule.kernel.since)}"
    if rule.kernel and rule.kernel.removed:
        yield f"kernels before {show_version(rule.kernel.removed)}"
    if rule.profiles.get("silent"):
        yield f"silent in: {', '.join(rule.profiles['silent'])}"
    if rule.profiles.get("only"):
        yield f"only in: {', '.join(rule.profiles['only'])}"
    for name, value in rule.profiles.get("severity", {}).items():
        yield f"severity {value} in {name}"
    if rule.supersedes:
        yield f"shown instead of {', '.join(rule.supersedes)} on the same line"
    if rule.report == "all":
        yield "reported also where the patch did not bring it in"
    if rule.report == "first":
        yield "told once a file"
    if rule.report == "once":
        yield "told once for a thing in a function"


def cite(citation: Citation) -> str:
    """A citation in one line."""
    place = citation.url or f"{citation.path} (kernel tree)"
    return f"{place}: {citation.says}"


def record(rule: Rule, tables: Tables) -> Iterator[str]:
    """What was measured, a line a corpus."""
    rows: list[dict[str, Any]] = tables["record"]["rules"].get(rule.id, []) if "record" in tables.data else []
    for row in rows:
        note = f" ({row['note']})" if row.get("note") else ""
        if row["corpus"] == "none":
            yield f"not measured, {row['date']}{note}"
            continue
        read = f"{row['right']} of {row['read']} read were right" if row["read"] else "none read"
        yield f"{row['corpus']}: {row['findings']} findings, {read}, {row['date']}{note}"


def _paragraphs(text: str, width: int) -> Iterator[Line]:
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        if number:
            yield "", ""
        if any(line.startswith((" ", "\t")) for line in paragraph.split("\n")):
            yield from (("", f"  {line}") for line in paragraph.split("\n"))
            continue
        for line in textwrap.wrap(paragraph, min(width, 100) - 4, break_long_words=False, break_on_hyphens=False):
            yield "", f"  {line}"


def _example(example: Example, rule: Rule) -> Iterator[Line]:
    about = [f"target {example.target}"] if example.target else []
    about += [f"sent {example.date}"] if example.date else []
    about += ["as three lines of context show it"] if example.context == "hunk" else []
    if about:
        yield "dim", f"  ({', '.join(about)})"
    for text, marked in example_diff(example):
        if marked:
            yield "marked", f"  {text}    <-- {rule.id}"
        else:
            yield _role(text) if example.files else "", f"  {text}"


def _role(text: str) -> str:
    if text.startswith(("--- ", "+++ ")):
        return "dim"
    return {"+": "added", "-": "removed", "@": "hunk"}.get(text[:1], "")
