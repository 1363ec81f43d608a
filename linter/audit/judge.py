"""The worker's work: a task in, rows for the store out. Runs in pool workers and on Dask workers alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from linter.audit.job import Job
from linter.audit.model import Answer, Item, Task
from linter.audit.reading import Reader
from linter.audit.rows import finding_rows, message_row, patch_row, remark_rows, skip_row, unreported_rows
from linter.detect.registry import check_rule
from linter.patch.gitrange import read_commit
from linter.patch.images import ImageStore
from linter.patch.intake import parse_message
from linter.patch.model import Message, Series
from linter.patch.series import group_series
from linter.review.model import PatchReport, Verdict
from linter.review.run import Reviewer
from linter.review.suppress import Decisions
from linter.rulebook.load import load_rulebook

MAX_PLACES = 1000
"""Patches of one message that have a key of their own; more are told as skipped."""


def prepare(job: Job) -> Callable[[Task], Answer]:
    """Load the rulebook and its engines once; the function that is returned judges one task."""
    judge = _Judge(job)
    judge.reviewer(None)  # before the limits hold: a library that finds no room is no fault of a message
    return judge.answer


class _Judge:
    def __init__(self, job: Job) -> None:
        self.job = job
        self.reader = Reader()
        self.rulebook = load_rulebook(list(job.folders), check=check_rule)
        self.store = ImageStore(job.git, job.tree, job.base)
        self.decisions = Decisions(list(job.suppressions), set())
        self.reviewers: dict[frozenset[str] | None, Reviewer] = {}

    def reviewer(self, rules: frozenset[str] | None) -> Reviewer:
        found = self.reviewers.get(rules)
        if found is None:
            self.reviewers.clear()  # one more set of rules at a time is all that a run needs
            job = self.job if rules is None else self.job.only(rules)
            found = Reviewer(self.rulebook, job.settings, self.store, self.decisions, self.job.baseline, False)
            self.reviewers[rules] = found
        return found

    def answer(self, task: Task) -> Answer:
        """Read, parse and judge the messages of a task."""
        answer = Answer(task.number)
        messages: list[Message] = []
        for item in task.items:
            message = self._read(item)
            messages.append(message)
            answer.messages.append(message_row(item.number, message, item.judge))
            for patch in message.patches:
                answer.remarks += remark_rows(item.number, patch, len(answer.remarks))
            if message.problem:
                answer.skipped.append(skip_row(item.number, None, "patch", message.problem))
        if task.rules is None or task.rules:
            self._review(task, messages, answer)
        return answer

    def _read(self, item: Item) -> Message:
        # the number travels as the name of the source, so that a patch tells which message it came from
        raw, source = self.reader.read(item.place), str(item.number)
        return read_commit(raw, source) if item.place.kind == "commit" else parse_message(raw, source)

    def _review(self, task: Task, messages: list[Message], answer: Answer) -> None:
        reviewer = self.reviewer(task.rules)
        # where the patch is at hand, a quotation of it is no patch of its own
        reviews = {str(item.number) for item in task.items if not item.judge}
        places: Counter[str] = Counter()
        for series in group_series(iter(messages)):
            wanted = tuple(patch for patch in series.patches if not (patch.quoted and patch.source in reviews))
            if not wanted:
                continue
            for report in reviewer.review_series(Series(wanted, series.cover)):
                source = report.patch.source
                if places[source] < MAX_PLACES:
                    self._take(report, int(source) * MAX_PLACES + places[source], answer)
                places[source] += 1
        for source, count in places.items():
            if count > MAX_PLACES:
                reason = f"{count - MAX_PLACES} further patches in one message"
                answer.skipped.append(skip_row(int(source), None, "audit", reason))

    def _take(self, report: PatchReport, number: int, answer: Answer) -> None:
        patch = report.patch
        reported = [judged for judged in report.judged if judged.verdict is Verdict.REPORTED]
        row, files = patch_row(number, patch)
        answer.patches.append(row)
        answer.files += files
        answer.findings += finding_rows(number, reported, patch)
        answer.unreported += unreported_rows(number, report)
        for skip in report.skipped:
            answer.skipped.append(skip_row(number // MAX_PLACES, skip.path, skip.stage, skip.reason))
