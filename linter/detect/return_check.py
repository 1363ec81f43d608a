"""The engine `return-check`: what a call returns against what is done with it.

    return-check:
      report: unchecked-pointer     # a question, see QUESTIONS
      convention: errptr            # what the question takes besides
      message: "`$VALUE` is used although $CALLEE() may have returned an ERR_PTR"

How functions fail is data: the tables `returns` (curated) and `harvested` (told by callers in a real tree).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from linter.detect.questions import Later, Question, QuestionEngine, listed
from linter.rulebook.model import Tables

codes, copies, dropped, lost, mismatches, results, trylocks, undone, verdicts, verdicts_values = map(
    Later,
    (
        "codes", "copies", "dropped", "lost", "mismatches", "results", "trylocks", "undone", "verdicts",
        "verdicts_values",
    ),
)  # fmt: skip

QUESTIONS: Mapping[str, Question] = {
    "unchecked-result": results.unchecked_result,
    "unchecked-pointer": results.unchecked_pointer,
    "lost-result": lost.lost_result,
    "value-before-test": results.value_before_test,
    "null-test-of-errptr": verdicts.null_test_of_errptr,
    "errptr-test-of-null": verdicts.errptr_test_of_null,
    "either-test": verdicts.either_test,
    "either-judged-by-null": verdicts.either_judged_by_null,
    "other-value-tested": verdicts_values.other_value_tested,
    "unsigned-negative": verdicts_values.unsigned_negative,
    "positive-success": verdicts_values.positive_success,
    "inverted-test": verdicts.inverted_test,
    "missing-code": codes.missing_code,
    "success-returned": dropped.success_returned,
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
    "failed-undone": undone.failed_undone,
}
"""What a rule of this engine can ask."""

_KEYS: Mapping[str, Mapping[str, Any]] = {
    "convention": {"enum": ["null", "errptr"]},  # of the calls that are asked about
    "untested": {"type": "boolean"},  # report what is never tested, too
}
_NAMED: Mapping[str, tuple[str, ...]] = {
    "errptr-test-of-null": ("IS_ERR", "PTR_ERR_OR_ZERO"),
    "either-test": ("IS_ERR_OR_NULL",),
    "other-error-read": ("IS_ERR",),
    "failure-only-logged": ("dev_err_probe",),
    "fd-unchecked": ("fdget", "fdget_raw", "fdget_pos"),
    "unknown-command": ("switch",),
    "positive-errno": ("~return E", "~ERR_PTR(E", "~return\tE"),
    "unsigned-negative": ("~< 0", "~<0", "~>= 0", "~>=0"),
}
_TABLED: Mapping[str, tuple[str, ...]] = {
    "timeout-negative": ("timeout",),
    "handle-compared": ("dma-handle",),
    "copy-left-returned": ("left",),
    "copy-errno": ("left", "user-errno"),
    "positive-success": ("positive-success",),
    "either-judged-by-null": ("either",),
}
"""Triggers without which a question has no answer: as they stand, or lists of the table `returns`."""


def _words(block: Mapping[str, Any], tables: Tables) -> Iterator[str]:
    report = block["report"]
    yield from _NAMED.get(report, ())
    for name in _TABLED.get(report, ()):
        yield from listed(tables["returns"][name])


ENGINE = QuestionEngine("return-check", QUESTIONS, _KEYS, _words)
