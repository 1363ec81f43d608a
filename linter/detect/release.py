"""The engine `release`: what happens to an object after the call that gave it up.

    release:
      report: used-after-free
      message: "`$VALUE` is used after $CALLEE() has freed it"

Which calls free, consume, put or stop something is data: the table `release`.
"""

from __future__ import annotations

from collections.abc import Mapping

from linter.detect import release_failed, release_put, release_stop, release_use
from linter.detect.questions import Question, QuestionEngine

QUESTIONS: Mapping[str, Question] = {
    "used-after-free": release_use.used_after_free,
    "used-after-handover": release_use.used_after_handover,
    "freed-twice": release_use.freed_twice,
    "freed-in-walk": release_use.freed_in_walk,
    "released-failed": release_failed.released_failed,
    "dangling-member": release_failed.dangling_member,
    "freed-not-put": release_put.freed_not_put,
    "stopped-without-waiting": release_stop.stopped_without_waiting,
}
"""What a rule of this engine can ask."""

ENGINE = QuestionEngine("release", QUESTIONS)
