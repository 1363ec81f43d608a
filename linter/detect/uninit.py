"""The engine `uninit`: memory of the stack that is read, published or returned before anything was stored there.

    uninit:
      report: maybe-unassigned
      message: "`$VALUE` may be returned before anything was assigned to it"

What fills a variable through a pointer and who reads a whole structure is data: the table `uninit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from linter.detect import uninit_scalars, uninit_structs
from linter.detect.model import Runner, Scope
from linter.detect.questions import Question, QuestionRunner, check_block
from linter.rulebook.model import Rule, Tables

QUESTIONS: Mapping[str, Question] = {
    "maybe-unassigned": uninit_scalars.maybe_unassigned,
    "unread-unfilled": uninit_scalars.unfilled_read,
    "partly-set": uninit_structs.partly_set,
    "leaked-to-user": uninit_structs.leaked_to_user,
}
"""What a rule of this engine can ask."""


class Uninit:
    """See the module's docstring."""

    name = "uninit"
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
        triggers = rule.block.get("triggers")
        return frozenset(triggers) if triggers else None

    def prepare(self, rules: Sequence[Rule], tables: Tables) -> Runner:
        """Nothing to compile: the questions are functions."""
        return QuestionRunner(rules, QUESTIONS)


ENGINE = Uninit()
