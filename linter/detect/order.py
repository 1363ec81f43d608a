"""The engine `order`: an event that must, or must not, come before another one on a path.

    order:
      report: published-before-init
      message: "`$VALUE` is set up after $CALLEE() has made it public"

The steps are words of the tables `order` and `publish`; the questions are in `early`, `sequences` and `pointers`.
"""

from __future__ import annotations

from collections.abc import Mapping

from linter.detect.publish_words import publish_words
from linter.detect.questions import Later, Question, QuestionEngine
from linter.rulebook.model import Rule, Tables

early, pointers, sequences = Later("early"), Later("pointers"), Later("sequences")

QUESTIONS: Mapping[str, Question] = {
    "published-before-init": early.published_before_init,
    "drvdata-after-register": early.drvdata_after_register,
    "irq-early": early.irq_early,
    "get-before-create": sequences.get_before_create,
    "sysfs-after-add": sequences.sysfs_after_add,
    "flag-before-success": sequences.flag_before_success,
    "tested-after-use": pointers.tested_after_use,
    "used-where-null": pointers.used_where_null,
}
"""What a rule of this engine can ask."""


_TABLED: Mapping[str, tuple[str, ...]] = {
    "published-before-init": ("initialise",),
    "drvdata-after-register": ("drvdata",),
    "sysfs-after-add": ("sysfs-late",),
}
"""Lists of the table `order` of which one word has to be there."""
_PUBLISHED: Mapping[str, str] = {"irq-early": "interrupts", "get-before-create": "descriptor"}
"""Rows of the table `publish`, by what they publish to, of which one call has to be there."""
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "flag-before-success": ("true", "~= 1;"),
    "tested-after-use": ("if",),
    "used-where-null": ("if",),
}


class OrderEngine(QuestionEngine):
    """See the module's docstring. A rule without triggers takes them from the lists that its question is about."""

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        """Check a rule's block."""
        found = super().check(rule, tables)
        if found is not None:
            return found
        report = rule.block["report"]
        if report in _PUBLISHED:
            return publish_words(tables).to(_PUBLISHED[report])
        words = (tables["order"][name].split() for name in _TABLED.get(report, ()))
        return frozenset(word for row in words for word in row) or frozenset(_TEXTS.get(report, ())) or None


ENGINE = OrderEngine("order", QUESTIONS)
