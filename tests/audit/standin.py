"""A worker for tests: reports every added line that holds one of a few words, and misbehaves on request."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from linter.audit import judge
from linter.audit.job import Job
from linter.audit.model import Answer, Task
from linter.audit.reading import Reader
from linter.detect.model import Finding, Label
from linter.patch.model import LineKind, Location, Patch, Series, Side
from linter.record import record
from linter.review.model import Judged, PatchReport, Verdict
from linter.review.settings import Settings
from linter.rulebook.model import Confidence, Severity

TARGET = "tests.audit.standin:prepare"


@record
class StandinJob:
    """Words to look for, as rules named word-<word>."""

    words: tuple[str, ...] = ("kmalloc", "strcpy")
    pause: float = 0.0  # seconds a task, so that a test can strike in mid-run


class WordReviewer:
    """Stands in for the real reviewer."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words

    def review_series(self, series: Series) -> list[PatchReport]:
        return [PatchReport(patch, tuple(self._judged(patch))) for patch in series.patches]

    def _judged(self, patch: Patch) -> list[Judged]:
        found = []
        for file in patch.files:
            for hunk in file.hunks:
                for line in hunk.lines:
                    for word in self.words:
                        if line.kind is LineKind.ADDED and word.encode() in line.text:
                            place = Location(file.path, Side.POST, line.post_lineno, 1, line.patch_lineno, None, True)
                            print_ = f"{word}:{file.path}:{line.text.decode().strip()}"
                            label = Label(place, f"`{word}` is here", primary=True)
                            finding = Finding(
                                f"word-{word}", "memory", Severity.WARNING, Confidence.HIGH,
                                f"`{word}` <stands> here", "Leave it out.", (label,), "probe", (), print_,
                            )  # fmt: skip
                            found.append(Judged(finding, Verdict.REPORTED, place, print_))
        return found


class _Standin(judge._Judge):
    def __init__(self, job: StandinJob) -> None:
        self.words = job.words
        self.pause = job.pause
        self.reader = Reader()
        self.job = Job(Settings())

    def reviewer(self, rules: frozenset[str] | None) -> WordReviewer:  # type: ignore[override]  # it has what is used
        words = self.words if rules is None else tuple(rule.removeprefix("word-") for rule in sorted(rules))
        return WordReviewer(words)

    def answer(self, task: Task) -> Answer:
        time.sleep(self.pause)
        for item in task.items:
            raw = self.reader.read(item.place)
            if b"CRASH-ME" in raw:
                os.kill(os.getpid(), signal.SIGSEGV)
            while b"HANG-ME" in raw:
                pass
            if b"EAT-ME" in raw:
                bytearray(64 << 30)
        return super().answer(task)


def prepare(job: StandinJob) -> Callable[[Task], Answer]:
    """As `linter.audit.judge.prepare`."""
    return _Standin(job).answer
