"""The rows of the table `resources` as families: what made a thing, and which calls may give it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linter.detect.typestate_tables import RETURN, Knowledge, knowledge
from linter.record import record
from linter.rulebook.model import Tables

_LASTING = frozenset({"memory", "object", "registration", "mapping", "handle"})
"""Kinds that are given back once; what is switched on may be switched off and on again."""


Row = Mapping[str, Any]


@record
class FamilyWords:
    """The families of a rulebook."""

    knowledge: Knowledge
    managed: dict[str, Row]  # managed call -> the row of its family
    frees: frozenset[str]  # calls that free plain memory
    releases: frozenset[str]  # calls that give back what has a managed form
    stands_in: dict[str, frozenset[str]]
    argument: dict[str, int]  # release -> the argument that it releases, where that is not the first one

    def undoes(self, release: str, maker: str) -> bool | None:
        """Whether a release may be given what a call made; None where the call is not known."""
        family = self.knowledge.acquire.get(maker)
        if family is None or family.where != RETURN or family.lock:
            return None
        return release in family.release or not self.stands_in.get(release, frozenset()).isdisjoint(family.release)

    def is_maker(self, name: str) -> bool:
        """Whether a call makes something, managed or not."""
        return name in self.knowledge.acquire or name in self.managed


def family_words(tables: Tables) -> FamilyWords:
    """The families, read once a process."""
    return tables.derived("family.words", _build)


def _build(tables: Tables) -> FamilyWords:
    table, rows = tables.data.get("families", {}), tables["resources"]["families"]
    managed: dict[str, Row] = {}
    frees: set[str] = set()
    for row in rows:
        if row["kind"] in _LASTING:
            managed.update(dict.fromkeys(row.get("managed", ()), row))
        if row["kind"] == "memory" and row["handle"] == RETURN:
            frees.update(row["release"])
    for name in table.get("given-back", "").split():
        managed.pop(name, None)
    return FamilyWords(
        knowledge(tables),
        managed,
        frozenset(frees),
        frozenset(name for row in managed.values() for name in row["release"]),
        {name: frozenset(others) for name, others in table.get("stands-in", {}).items()},
        {name: int(index) for index, names in table.get("argument", {}).items() for name in names.split()},
    )
