"""The engine `errptr`: error pointers that are none.

errptr:
  report: null-error-read
  triggers: [PTR_ERR]
  message: "`$VALUE` is NULL here, so $READ() gives 0"
"""

from __future__ import annotations

from collections.abc import Mapping

from linter.detect import errptr_use
from linter.detect.questions import Question, QuestionEngine

QUESTIONS: Mapping[str, Question] = {
    "null-error-read": errptr_use.null_error_read,
    "zero-to-errptr": errptr_use.zero_to_errptr,
    "mixed-failure": errptr_use.mixed_failure,
}
"""What a rule of this engine can ask."""

ENGINE = QuestionEngine("errptr", QUESTIONS)
