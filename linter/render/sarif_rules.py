"""The rules that a SARIF run names: each once, in the order of first use, with the text that a viewer shows."""

from __future__ import annotations

from typing import Any

from linter.detect.model import Finding
from linter.render.position import by_severity
from linter.rulebook.model import Rule, Rulebook

LONGEST = 1000  # GitHub takes 1,024 characters of a description


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"


def _citations(rule: Rule) -> list[tuple[str, str]]:
    return [(cited.url or cited.path or "", cited.says) for cited in rule.citations]


def _help(rule: Rule) -> dict[str, str]:
    cited = _citations(rule)
    text = "\n\n".join([rule.help.strip(), rule.rationale.strip(), *(f"{where}: {says}" for where, says in cited)])
    lines = [rule.help.strip(), "", "### Why", "", rule.rationale.strip()]
    if cited:
        lines += ["", "### Where it says so", ""]
        lines += [f"- <{where}>: {says}" if "://" in where else f"- `{where}`: {says}" for where, says in cited]
    return {"text": text, "markdown": "\n".join(lines)}


def descriptor(rule: Rule) -> dict[str, Any]:
    """A reportingDescriptor."""
    tags = [rule.category, f"status/{rule.status.value}"]
    if rule.cwe:
        tags.append(f"external/cwe/{rule.cwe.lower()}")
    record: dict[str, Any] = {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": _cut(rule.title)},
        "fullDescription": {"text": _cut(rule.rationale or rule.title)},
        "help": _help(rule),
        "defaultConfiguration": {"level": by_severity(rule.severity, "error", "warning", "note")},
        "properties": {
            "tags": tags,
            "precision": rule.confidence.label,
            "problem.severity": by_severity(rule.severity, "error", "warning", "recommendation"),
        },
    }
    url = next((cited.url for cited in rule.citations if cited.url), None)
    if url:
        record["helpUri"] = url
    return record


def _bare(finding: Finding) -> dict[str, Any]:
    """The descriptor of a rule that the rulebook does not hold."""
    text = finding.help or finding.message
    return {
        "id": finding.rule,
        "shortDescription": {"text": finding.rule.replace("-", " ")},
        "fullDescription": {"text": _cut(finding.message)},
        "help": {"text": text},
        "properties": {"tags": [finding.category]},
    }


class Rules:
    """Descriptors by order of first use; `index` is what a result's `ruleIndex` says."""

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self.descriptors: list[dict[str, Any]] = []
        self._index: dict[str, int] = {}

    def index(self, finding: Finding) -> int:
        """The place of the finding's rule in `descriptors`."""
        if finding.rule not in self._index:
            self._index[finding.rule] = len(self.descriptors)
            rule = self.rulebook.rules.get(finding.rule)
            self.descriptors.append(descriptor(rule) if rule is not None else _bare(finding))
        return self._index[finding.rule]
