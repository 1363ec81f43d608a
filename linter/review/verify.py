"""Runs a rule on its own examples: a finding exactly where a marker stands, and nowhere else.

The examples go through the same review as a patch from a mail, so what is introduced and what was there before,
profiles, target kernel and paths count as they do there.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Sequence

from linter.detect.model import Finding
from linter.patch.images import ImageStore
from linter.patch.model import FilePatch, Image, Patch
from linter.record import record
from linter.review.example import Case, Images, Place, build_case
from linter.review.model import Verdict
from linter.review.run import Reviewer
from linter.review.settings import Settings
from linter.rulebook.build import is_bad
from linter.rulebook.kernel import kernel_at, parse_version
from linter.rulebook.load import read_examples
from linter.rulebook.model import Confidence, Example, KernelVersion, Rule, Rulebook, Severity, Tables


class Result(enum.Enum):
    """What became of one example."""

    VALIDATED = "validated"  # a good example, and no finding
    REPORTED = "reported"  # a bad example, and exactly the findings that its markers ask for
    NOISY = "noisy"  # a finding where no marker stands
    MISSING = "missing"  # a marker, and no finding there


@record
class Outcome:
    """One example of one rule, and how it went."""

    rule: Rule
    example: Example
    result: Result
    missing: tuple[Place, ...] = ()
    noisy: tuple[tuple[Place, Finding], ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the example gave what it asks for."""
        return self.result in (Result.VALIDATED, Result.REPORTED)


class ExampleStore(ImageStore):
    """Images of an example: whole, as the rule file gives them, without a repository to take them from."""

    def __init__(self, known: Images) -> None:
        super().__init__()
        self._examples = known

    def images(self, file: FilePatch, patch: Patch) -> tuple[Image | None, Image | None]:
        """The pre- and post-image; those of an example in hunks, or of a mail, are made as for any patch."""
        return self._examples.get(file.patch_lineno) or super().images(file, patch)


def verify_rule(rule: Rule, rulebook: Rulebook) -> list[Outcome]:
    """Every example of a rule, run."""
    return [verify_case(rule, example, build_case(example), rulebook) for example in read_examples(rule)]


def verify_case(rule: Rule, example: Example, case: Case, rulebook: Rulebook) -> Outcome:
    """Run one example and compare its findings with its markers."""
    return judge(rule, example, case, run_case(rule, example, case, rulebook))


def run_case(rule: Rule, example: Example, case: Case, rulebook: Rulebook) -> list[tuple[int, Finding]]:
    """The findings of one rule on an example, each with the index of its patch; pre-existing ones are left out."""
    alone = Rulebook({rule.id: rule}, rulebook.tables, rulebook.digest)
    settings = Settings(
        only=frozenset({rule.id}),
        severity=Severity.INFO,
        confidence=Confidence.LOW,
        target=target_of(example, case, rulebook.tables),
        strict=True,
    )
    reports = Reviewer(alone, settings, ExampleStore(case.images)).review_series(case.series)
    return [
        (index, judged.finding)
        for index, report in enumerate(reports)
        for judged in report.judged
        if judged.verdict is Verdict.REPORTED
    ]


def judge(rule: Rule, example: Example, case: Case, found: Sequence[tuple[int, Finding]]) -> Outcome:
    """Findings against markers, by place."""
    left = Counter(case.wanted)
    noisy = []
    for index, finding in found:
        place = place_of(index, finding, case)
        if left[place] > 0:
            left[place] -= 1
        else:
            noisy.append((place, finding))
    missing = tuple(sorted((+left).elements(), key=str))
    if missing:
        result = Result.MISSING
    elif noisy:
        result = Result.NOISY
    else:
        result = Result.REPORTED if is_bad(example) else Result.VALIDATED
    return Outcome(rule, example, result, missing, tuple(noisy), tuple(finding for _, finding in found))


def place_of(index: int, finding: Finding, case: Case) -> Place:
    """Where the defect is, in the words of a marker: a line of an image, or a line of the mail."""
    where = finding.primary.location
    if case.mails:
        return (index, None, "mail", where.patch_lineno)
    if where.line is None or where.side is None:
        return (index, None, "mail", where.patch_lineno)
    return (index, where.path, where.side.value, where.line)


def target_of(example: Example, case: Case, tables: Tables) -> KernelVersion | None:
    """The target of an example: as given, else by the patch's date, else the newest release that is known."""
    if example.target is not None:
        return parse_version(example.target)
    dated = any(patch.date is not None for patch in case.series.patches)
    return None if dated or "kernels" not in tables.data else kernel_at(4e9, tables)
