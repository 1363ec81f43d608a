"""The engine `return-check`: what a call returns against what is done with it.

    return-check:
      report: unchecked-pointer     # a question, see QUESTIONS
      convention: errptr            # what the question takes besides
      message: "`$VALUE` is used although $CALLEE() may have returned an ERR_PTR"

How functions fail is data: the tables `returns` (curated) and `harvested` (told by callers in a real tree).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from linter.detect import codes, copies, lost, mismatches, results, trylocks, verdicts
from linter.detect.model import Runner, Scope
from linter.detect.questions import Question, QuestionRunner, check_block
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Rule, Tables

QUESTIONS: Mapping[str, Question] = {
    "unchecked-result": results.unchecked_result,
    "unchecked-pointer": results.unchecked_pointer,
    "lost-result": lost.lost_result,
    "value-before-test": results.value_before_test,
    "null-test-of-errptr": verdicts.null_test_of_errptr,
    "errptr-test-of-null": verdicts.errptr_test_of_null,
    "either-test": verdicts.either_test,
    "either-judged-by-null": verdicts.either_judged_by_null,
    "other-value-tested": verdicts.other_value_tested,
    "unsigned-negative": verdicts.unsigned_negative,
    "positive-success": verdicts.positive_success,
    "inverted-test": verdicts.inverted_test,
    "missing-code": codes.missing_code,
    "success-returned": codes.success_returned,
    "copy-errno": copies.copy_errno,
    "copy-left-returned": copies.copy_left_returned,
    "swallowed-code": codes.swallowed_code,
    "other-error-read": mismatches.other_error_read,
    "failure-only-logged": mismatches.failure_only_logged,
    "fd-unchecked": mismatches.fd_unchecked,
    "timeout-negative": mismatches.timeout_negative,
    "handle-compared": mismatches.handle_compared,
    "positive-errno": mismatches.positive_errno,
    "unknown-command": mismatches.unknown_command,
    "inverted-trylock": trylocks.inverted_trylock,
}
"""What a rule of this engine can ask."""

_EXTRA: Mapping[str, type] = {"convention": str, "untested": bool, "triggers": list}
_CONVENTIONS = ("null", "errptr")


_NAMED: Mapping[str, tuple[str, ...]] = {
    "errptr-test-of-null": ("IS_ERR", "PTR_ERR_OR_ZERO"),
    "either-test": ("IS_ERR_OR_NULL",),
    "other-error-read": ("IS_ERR",),
    "failure-only-logged": ("dev_err_probe",),
    "fd-unchecked": ("fdget", "fdget_raw", "fdget_pos"),
}
_TABLED: Mapping[str, tuple[str, ...]] = {
    "timeout-negative": ("timeout",),
    "handle-compared": ("dma-handle",),
    "copy-left-returned": ("left",),
    "copy-errno": ("left", "user-errno"),
    "positive-success": ("positive-success",),
    "either-judged-by-null": ("either",),
}
"""Words without which a question has no answer: as they stand, or lists of the table `returns`."""


def _triggers(block: Mapping[str, Any], tables: Tables) -> frozenset[str] | None:
    if block.get("triggers"):
        return frozenset(block["triggers"])
    report = block["report"]
    words = set(_NAMED.get(report, ()))
    for name in _TABLED.get(report, ()):
        words |= set(tables["returns"][name].split())
    return frozenset(words) or None


class ReturnCheck:
    """See the module's docstring."""

    name = "return-check"
    scope = Scope.UNIT
    schema: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["report", "message"],
        "properties": {
            "report": {"enum": sorted(QUESTIONS)},
            "message": {"type": "string"},
            "help": {"type": "string"},
            "convention": {"enum": list(_CONVENTIONS)},
            "untested": {"type": "boolean"},
            "triggers": {"type": "array", "items": {"type": "string"}},
        },
    }

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        """Check a rule's block."""
        check_block(rule, self.name, QUESTIONS, _EXTRA)
        convention = rule.block.get("convention", "null")
        if convention not in _CONVENTIONS:
            raise BlockError((self.name, "convention"), f"`{convention}` is no convention", "null or errptr")
        return _triggers(rule.block, tables)

    def prepare(self, rules: Sequence[Rule], tables: Tables) -> Runner:
        """Nothing to compile: the questions are functions."""
        return QuestionRunner(rules, QUESTIONS)


ENGINE = ReturnCheck()
