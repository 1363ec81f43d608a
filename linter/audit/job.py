"""What a worker must know to judge: settings and places, nothing that cannot be sent to another machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from linter import __version__
from linter.record import as_dict, record, replace
from linter.review.settings import Settings
from linter.review.suppress import Suppression
from linter.rulebook.model import Rule, Rulebook

TARGET = "linter.audit.judge:prepare"
"""What a worker calls with the job; named, not imported: the parent needs none of it."""
CODE = ("patch", "rulebook", "syntax", "flow", "detect", "review")
"""Folders whose code decides what a finding is."""
CHOOSING = frozenset({"typestate"})
"""Engines that report a defect by one of several rules: whether one speaks depends on the others."""
RECORDS = frozenset({"record"})
"""Tables that say how rules fared; no rule reads them."""


@record
class Job:
    """The same for every task of a run."""

    settings: Settings
    folders: tuple[str, ...] = ()  # of further rules
    git: str | None = None
    tree: str | None = None
    base: str | None = None
    baseline: frozenset[str] = frozenset()
    suppressions: tuple[Suppression, ...] = ()

    def only(self, rules: frozenset[str]) -> Job:
        """The same job with these rules and no others."""
        return replace(self, settings=replace(self.settings, only=rules))


def rule_digests(rulebook: Rulebook, job: Job) -> dict[str, str]:
    """For every enabled rule a digest of all that its findings depend on: its text, tables, settings and our code."""
    common = hashlib.blake2b(digest_size=16)
    tables = {name: table for name, table in rulebook.tables.data.items() if name not in RECORDS}
    settings = replace(job.settings, only=frozenset(), disabled=frozenset(), preview=False)
    rest = [job.git, job.tree, job.base, sorted(job.baseline), [as_dict(one) for one in job.suppressions]]
    for part in (__version__, code_digest(), _plain(tables), _plain(as_dict(settings)), _plain(rest)):
        common.update(part.encode())
    return {rule.id: _rule_digest(rule, common.digest()) for rule in job.settings.enabled(rulebook)}


def related_rules(rulebook: Rulebook, job: Job) -> dict[str, frozenset[str]]:
    """For every enabled rule those whose findings may come or go with its own: what it supersedes, and the like."""
    rules = job.settings.enabled(rulebook)
    shared = frozenset(rule.id for rule in rules if rule.engine in CHOOSING)
    known = frozenset(rule.id for rule in rules)
    related = {rule.id: set(shared if rule.engine in CHOOSING else ()) | {rule.id} for rule in rules}
    for rule in rules:
        for other in known.intersection(rule.supersedes):
            related[rule.id].add(other)
            related[other].add(rule.id)
    return {name: frozenset(others) for name, others in related.items()}


def close(rules: frozenset[str], *relations: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Rules, and all that are related to them, and all that are related to those."""
    found, todo = set(rules), list(rules)
    while todo:
        name = todo.pop()
        for relation in relations:
            fresh = relation.get(name, frozenset()) - found
            found |= fresh
            todo += fresh
    return frozenset(found)


def _rule_digest(rule: Rule, common: bytes) -> str:
    own = {
        "id": rule.id, "title": rule.title, "category": rule.category, "severity": rule.severity.name,
        "confidence": rule.confidence.name, "help": rule.help, "engine": rule.engine, "block": rule.block,
        "paths": rule.applies_to.paths, "exclude": rule.applies_to.exclude, "profiles": rule.profiles,
        "supersedes": rule.supersedes,
        "kernel": repr(rule.kernel), "report": rule.report, "triggers": sorted(rule.triggers or ()),
    }  # fmt: skip
    return hashlib.blake2b(common + _plain(own).encode(), digest_size=16).hexdigest()


def set_digest(digests: Mapping[str, str]) -> str:
    """The digest of a set of rules."""
    return hashlib.blake2b(_plain(dict(digests)).encode(), digest_size=16).hexdigest()


def code_digest() -> str:
    """Digest of the code that decides what a finding is."""
    hash_ = hashlib.blake2b(digest_size=16)
    top = Path(__file__).resolve().parents[1]
    for folder in CODE:
        for file in sorted((top / folder).glob("*.py")):
            hash_.update(f"{folder}/{file.name}\0".encode() + file.read_bytes())
    return hash_.hexdigest()


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=_as_json, ensure_ascii=True)


def _as_json(value: Any) -> Any:
    return sorted(map(str, value)) if isinstance(value, (set, frozenset)) else str(value)
