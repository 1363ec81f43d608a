"""The engine `family`: something that one family of calls made, and another one gives back.

    family:
      report: other-family
      message: "`$VALUE` comes from $MAKER(), which $CALLEE() does not undo"

The families are the rows of the table `resources`; who may stand in for whom is in the table `families`.
"""

from __future__ import annotations

from collections.abc import Mapping

from linter.detect import family_order, family_place, family_use
from linter.detect.family_words import family_words
from linter.detect.questions import Question, QuestionEngine
from linter.rulebook.model import Rule, Tables

QUESTIONS: Mapping[str, Question] = {
    "other-family": family_use.other_family,
    "managed-released": family_use.managed_released,
    "managed-outlives": family_order.managed_outlives,
    "managed-in-use": family_place.managed_in_use,
}
"""What a rule of this engine can ask."""


class FamilyEngine(QuestionEngine):
    """Its rules need a word of the releases that they are about."""

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        """Check a rule's block; the managed calls, or the calls that free memory, are its words."""
        super().check(rule, tables)
        words = family_words(tables)
        managed = frozenset(words.managed)
        own = {"managed-released": managed, "managed-in-use": managed, "managed-outlives": family_order.REQUESTS}
        return own.get(rule.block["report"], words.frees)


ENGINE = FamilyEngine("family", QUESTIONS)
