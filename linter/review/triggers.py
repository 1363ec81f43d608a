"""Which rules a text calls for: an index from the words and texts of their triggers, asked once an image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Set

from linter.rulebook.model import Rule

FEW = 64
"""Words up to which each has an entry in the index; longer lists are looked through as sets."""


class TriggerIndex:
    """Rules by what must stand in an image; those without triggers are called for by every image."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.always: set[str] = set()
        self._words: dict[bytes, list[str]] = defaultdict(list)
        self._texts: dict[bytes, list[str]] = defaultdict(list)
        self._many: list[tuple[frozenset[bytes], str]] = []
        for rule in rules:
            if rule.triggers is None:
                self.always.add(rule.id)
            else:
                self._add(rule.id, rule.triggers)

    def _add(self, id: str, triggers: frozenset[str]) -> None:
        if len(triggers) > FEW:
            self._many.append((frozenset(word.encode() for word in triggers), id))
            return
        for trigger in triggers:
            if trigger[0] == "~":
                self._texts[trigger[1:].encode()].append(id)
            else:
                self._words[trigger.encode()].append(id)

    def called_for(self, text: bytes, words: Set[bytes]) -> set[str]:
        """Rules that could speak about a text; `words` are the identifiers in it."""
        found = set(self.always)
        for word in self._words.keys() & words:
            found.update(self._words[word])
        for part, rules in self._texts.items():
            if part in text:
                found.update(rules)
        for many, id in self._many:
            if not many.isdisjoint(words):
                found.add(id)
        return found
