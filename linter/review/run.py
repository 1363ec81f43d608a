"""The run: series in, patch reports out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from linter import __version__
from linter.detect.model import Context, Scope
from linter.patch.images import ImageStore
from linter.patch.model import Message, Patch, Series
from linter.record import field, record, replace
from linter.review.model import Counts, Judged, PatchReport, Report, Skip, Verdict
from linter.review.patch_run import PatchRun, in_order
from linter.review.prepare import Workshop
from linter.review.settings import Settings
from linter.review.suppress import Decisions
from linter.review.target import target_kernel
from linter.rulebook.model import Rulebook, Severity


@record(frozen=False)
class Reviewer:
    """Everything that is prepared once for a run and used for each series."""

    rulebook: Rulebook
    settings: Settings
    store: ImageStore = field(default_factory=ImageStore)
    decisions: Decisions = field(default_factory=lambda: Decisions([], set()))
    baseline: frozenset[str] = frozenset()
    keep_images: bool = True
    workshop: Workshop = field(init=False)

    def __post_init__(self) -> None:
        self.workshop = Workshop(self.rulebook, self.settings)

    def review_series(self, series: Series) -> list[PatchReport]:
        """One report a patch, in the order of the series."""
        self.store.new_series()
        runs = [
            PatchRun(self.workshop, self.store, self.decisions, self.baseline, patch, series, self.keep_images)
            for patch in series.patches
        ]
        reports = [run.report() for run in runs]
        if runs and self.workshop.with_scope(Scope.SERIES):
            reports = self._review_whole(series, runs, reports)
        return reports

    def close(self, patch: Patch) -> None:
        """Note the suppressions in a patch's mail that did nothing."""
        if b"hunklint:" in patch.notes or b"hunklint:" in patch.body or self.decisions.suppressions:
            enabled = {id for prepared in self.workshop.engines for id in prepared.rules}
            self.decisions.close(patch, enabled, self.rulebook.rules)

    def _review_whole(self, series: Series, runs: list[PatchRun], reports: list[PatchReport]) -> list[PatchReport]:
        """Add the findings of series rules; a finding's key starts with the index of the patch that it is about."""
        patch = series.patches[0]
        kernel = target_kernel(patch, self.settings, self.rulebook)
        context = Context(self.rulebook.tables, patch, series, kernel=kernel)
        added: dict[int, list[Judged]] = defaultdict(list)
        skips: list[Skip] = []
        for prepared in self.workshop.with_scope(Scope.SERIES):
            for found in self.workshop.guarded(prepared, series, context, runs[0].allowed(prepared.rules), skips):
                head = found.key.partition(":")[0]
                index = min(int(head), len(reports) - 1) if head.isdigit() else 0
                added[index] += runs[index].judge([found], [], None, None, None)
        if skips:
            reports[0] = replace(reports[0], skipped=reports[0].skipped + tuple(skips))
        return [
            replace(report, judged=in_order(report.judged + tuple(added[index]))) if index in added else report
            for index, report in enumerate(reports)
        ]


def review(series: Iterable[Series], reviewer: Reviewer, report: Report | None = None) -> Report:
    """A report over a stream of series; its `patches` are made while they are consumed."""
    result = report or Report(__version__, reviewer.rulebook, ())
    result.patches = _counted(series, reviewer, result)
    return result


def _counted(series: Iterable[Series], reviewer: Reviewer, report: Report) -> Iterator[PatchReport]:
    for one in series:
        for patch_report in reviewer.review_series(one):
            count(report.counts, patch_report, reviewer.settings.fail_on)
            reviewer.close(patch_report.patch)
            yield patch_report


def count(counts: Counts, report: PatchReport, fail_on: Severity) -> None:
    """Add one patch to the totals."""
    counts.patches += 1
    counts.files += len(report.patch.files)
    counts.skipped += len(report.skipped)
    for judged in report.judged:
        match judged.verdict:
            case Verdict.REPORTED:
                label = judged.finding.severity.label
                setattr(counts, label, getattr(counts, label) + 1)
                counts.failed = counts.failed or judged.finding.severity >= fail_on
            case Verdict.SUPPRESSED:
                counts.suppressed += 1
            case Verdict.BASELINED:
                counts.baselined += 1
            case Verdict.PREEXISTING:
                counts.preexisting += 1
            case Verdict.BELOW_THRESHOLD:
                counts.hidden += 1


def note_message(report: Report, message: Message) -> None:
    """Count a message that came in; those without a patch are kept for the summary (the first hundred)."""
    report.counts.messages += 1
    if message.problem:
        report.skipped.append(Skip(None, "patch", message.problem, message.message_id))
        report.counts.skipped += 1
    if not message.patches:
        report.counts.without_patch += 1
        if len(report.discussion) < 100:
            report.discussion.append(message)
