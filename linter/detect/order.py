"""The engine `order`: an event that must, or must not, come before another one on a path.

    order:
      report: published-before-init
      message: "`$VALUE` is set up after $CALLEE() has made it public"

The steps are words of the table `order`; the questions are in `sequences` and `pointers`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from linter.detect import pointers, sequences
from linter.detect.model import Runner, Scope
from linter.detect.questions import Question, QuestionRunner, check_block
from linter.rulebook.model import Rule, Tables

QUESTIONS: Mapping[str, Question] = {
    "published-before-init": sequences.published_before_init,
    "drvdata-after-register": sequences.drvdata_after_register,
    "irq-early": sequences.irq_early,
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
    "irq-early": ("irq",),
    "get-before-create": ("exposes-fd",),
    "sysfs-after-add": ("sysfs-late",),
}
"""Lists of the table `order` of which one word has to be there."""


class OrderEngine:
    """See the module's docstring."""

    name = "order"
    scope = Scope.UNIT
    schema: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["report", "message"],
        "properties": {
            "report": {"enum": sorted(QUESTIONS)},
            "message": {"type": "string"},
            "help": {"type": "string"},
            "triggers": {"type": "array", "items": {"type": "string"}},
        },
    }

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        """Check a rule's block."""
        check_block(rule, self.name, QUESTIONS, {"triggers": list})
        words = list(rule.block.get("triggers", ()))
        for name in () if words else _TABLED.get(rule.block["report"], ()):
            words += tables["order"][name].split()
        return frozenset(words) or None

    def prepare(self, rules: Sequence[Rule], tables: Tables) -> Runner:
        """Nothing to compile: the questions are functions."""
        return QuestionRunner(rules, QUESTIONS)


ENGINE = OrderEngine()
