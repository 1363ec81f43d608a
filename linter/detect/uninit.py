"""The engine `uninit`: memory of the stack that is read, published or returned before anything was stored there.

    uninit:
      report: maybe-unassigned
      message: "`$VALUE` may be returned before anything was assigned to it"

What fills a variable through a pointer and who reads a whole structure is data: the table `uninit`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from linter.detect.questions import Later, Question, QuestionEngine, listed
from linter.rulebook.model import Tables

uninit_scalars, uninit_structs = Later("uninit_scalars"), Later("uninit_structs")

QUESTIONS: Mapping[str, Question] = {
    "maybe-unassigned": uninit_scalars.maybe_unassigned,
    "unread-unfilled": uninit_scalars.unfilled_read,
    "partly-set": uninit_structs.partly_set,
    "leaked-to-user": uninit_structs.leaked_to_user,
}
"""What a rule of this engine can ask."""

_TABLED: Mapping[str, str] = {"partly-set": "read-whole", "leaked-to-user": "pushes"}
"""Entries of the table `uninit` of which one word has to be there."""


def _words(block: Mapping[str, Any], tables: Tables) -> Iterable[str]:
    name = _TABLED.get(block["report"])
    return listed(tables["uninit"][name]) if name else ()


ENGINE = QuestionEngine("uninit", QUESTIONS, words=_words)
