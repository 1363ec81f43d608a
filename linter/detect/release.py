"""The engine `release`: what happens to an object after the call that gave it up.

    release:
      report: used-after-free
      message: "`$VALUE` is used after $CALLEE() has freed it"

Which calls free, consume, put or stop something is data: the table `release`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from linter.detect import release_failed, release_stop, release_use
from linter.detect.model import Runner, Scope
from linter.detect.questions import Question, QuestionRunner, check_block
from linter.rulebook.model import Rule, Tables

QUESTIONS: Mapping[str, Question] = {
    "used-after-free": release_use.used_after_free,
    "used-after-handover": release_use.used_after_handover,
    "freed-twice": release_use.freed_twice,
    "freed-in-walk": release_use.freed_in_walk,
    "released-failed": release_failed.released_failed,
    "dangling-member": release_failed.dangling_member,
    "stopped-without-waiting": release_stop.stopped_without_waiting,
}
"""What a rule of this engine can ask."""


class Release:
    """See the module's docstring."""

    name = "release"
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


ENGINE = Release()
