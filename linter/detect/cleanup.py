"""The engine `cleanup`: variables that are released at the end of their scope, with __free() of linux/cleanup.h.

    cleanup:
      report: raw-return
      message: "`$VALUE` is released on the way out, and its caller is given what is left"

Which helpers there are, and whether an error pointer is safe in them, is data: the table `cleanup`.
"""

from __future__ import annotations

from collections.abc import Mapping

from linter.detect import cleanup_goto, cleanup_use
from linter.detect.questions import Question, QuestionEngine

QUESTIONS: Mapping[str, Question] = {
    "error-kept": cleanup_use.error_kept,
    "raw-return": cleanup_use.raw_return,
    "unset": cleanup_use.unset,
    "late-init": cleanup_use.late_init,
    "mixed-with-goto": cleanup_goto.mixed_with_goto,
}
"""What a rule of this engine can ask."""

ENGINE = QuestionEngine("cleanup", QUESTIONS)
