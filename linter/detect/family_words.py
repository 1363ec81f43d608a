"""The rows of the table `resources` as families: what made a thing, and which calls may give it back."""

from __future__ import annotations

from linter.detect.typestate_tables import RETURN, Family, Knowledge, knowledge
from linter.record import record
from linter.rulebook.model import Tables

_LASTING = frozenset({"memory", "object", "registration", "mapping", "handle"})
"""Kinds that are given back once; what is switched on may be switched off and on again."""


@record
class FamilyWords:
    """The families of a rulebook."""

    knowledge: Knowledge
    managed: dict[str, Family]  # managed call -> the family that it belongs to
    frees: frozenset[str]  # calls that free plain memory
    stands_in: dict[str, frozenset[str]]
    argument: dict[str, int]  # release -> the argument that it releases, where that is not the first one

    def undoes(self, release: str, maker: str) -> bool | None:
        """Whether a release may be given what a call made; None where the call is not known."""
        family = self.knowledge.acquire.get(maker)
        if family is None or family.where != RETURN or family.lock:
            return None
        return release in family.release or not self.stands_in.get(release, frozenset()).isdisjoint(family.release)


def family_words(tables: Tables) -> FamilyWords:
    """The families, read once a process."""
    return tables.derived("family.words", _build)


def _build(tables: Tables) -> FamilyWords:
    known, table = knowledge(tables), tables.data.get("families", {})
    managed: dict[str, Family] = {}
    for row in tables["resources"]["families"]:
        if row["kind"] in _LASTING:
            managed.update(dict.fromkeys(row.get("managed", ()), known.acquire[row["acquire"][0]]))
    for name in table.get("given-back", "").split():
        managed.pop(name, None)
    frees = {
        name
        for family in known.families
        if family.kind == "memory" and family.where == RETURN
        for name in family.release
    }
    return FamilyWords(
        known,
        managed,
        frozenset(frees),
        {name: frozenset(others) for name, others in table.get("stands-in", {}).items()},
        {name: int(index) for index, names in table.get("argument", {}).items() for name in names.split()},
    )
