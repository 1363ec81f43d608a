"""The engine `uninit`: memory of the stack that is read, published or returned before anything was stored there.

    uninit:
      report: maybe-unassigned
      message: "`$VALUE` may be returned before anything was assigned to it"

What fills a variable through a pointer and who reads a whole structure is data: the table `uninit`.
"""

from __future__ import annotations

from collections.abc import Mapping

from linter.detect import uninit_scalars, uninit_structs
from linter.detect.questions import Question, QuestionEngine

QUESTIONS: Mapping[str, Question] = {
    "maybe-unassigned": uninit_scalars.maybe_unassigned,
    "unread-unfilled": uninit_scalars.unfilled_read,
    "partly-set": uninit_structs.partly_set,
    "leaked-to-user": uninit_structs.leaked_to_user,
}
"""What a rule of this engine can ask."""

ENGINE = QuestionEngine("uninit", QUESTIONS)
