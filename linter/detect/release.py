"""The engine `release`: what happens to an object after the call that gave it up.

    release:
      report: used-after-free
      message: "`$VALUE` is used after $CALLEE() has freed it"

Which calls free, consume, put or stop something is data: the table `release`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from linter.detect.questions import Later, Question, QuestionEngine, listed
from linter.rulebook.model import Tables

_use, _failed, _put, _stop = map(Later, ("release_use", "release_failed", "release_put", "release_stop"))
_null = Later("release_null")

QUESTIONS: Mapping[str, Question] = {
    "used-after-free": _use.used_after_free,
    "used-after-handover": _use.used_after_handover,
    "freed-twice": _use.freed_twice,
    "freed-in-walk": _use.freed_in_walk,
    "released-failed": _failed.released_failed,
    "released-null": _null.released_null,
    "dangling-member": _failed.dangling_member,
    "freed-not-put": _put.freed_not_put,
    "stopped-without-waiting": _stop.stopped_without_waiting,
}
"""What a rule of this engine can ask."""

_TABLED: Mapping[str, tuple[str, ...]] = {
    "used-after-handover": ("consumes",),
    "released-failed": ("frees", "puts", "error-unsafe", "null-unsafe"),
    "released-null": ("frees", "puts", "takes-null"),
    "freed-not-put": ("counted",),
    "stopped-without-waiting": ("stops",),
}
"""Entries of the table `release` of which one word has to be there; of `frees` for other questions."""


def _words(block: Mapping[str, Any], tables: Tables) -> Iterator[str]:
    for name in _TABLED.get(block["report"], ("frees",)):
        entry = tables["release"][name]
        yield from entry if name in ("counted", "stops") else listed(entry)


ENGINE = QuestionEngine("release", QUESTIONS, words=_words)
