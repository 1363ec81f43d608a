"""What other rules say about a rule's examples: on the defect's own line two rules tell one thing twice, and on a
good example one of the two is wrong, or the example is."""

from __future__ import annotations

from collections.abc import Iterator

from linter.detect.model import Finding
from linter.record import record
from linter.review.example import Place, build_case
from linter.review.model import Verdict
from linter.review.run import Reviewer
from linter.review.settings import Settings
from linter.review.verify import ExampleStore, place_of, target_of
from linter.rulebook.build import is_bad
from linter.rulebook.load import read_examples
from linter.rulebook.model import PROCESS_CATEGORIES, Confidence, Example, Rule, Rulebook, Severity


@record
class Crossing:
    """A finding of one rule in an example of another."""

    rule: Rule  # whose example it is
    example: Example
    place: Place
    finding: Finding
    twice: bool  # on a line that the example marks for its own rule

    @property
    def suspicious(self) -> bool:
        """Whether it is the same defect told twice, or a finding in code that is held to be right."""
        return self.twice or not is_bad(self.example)


@record
class Drowned:
    """A defect that a rule tells when it runs alone, and no more when all rules run."""

    rule: Rule
    example: Example
    place: Place


def crossings(rule: Rule, rulebook: Rulebook) -> Iterator[Crossing | Drowned]:
    """Warnings and errors, of medium confidence and above, of the other rules about code in the examples of one."""
    ids = frozenset(
        other.id for other in rulebook.rules.values() if other.id == rule.id or other.category not in PROCESS_CATEGORIES
    )
    better = {other.id for other in rulebook.rules.values() if rule.id in other.supersedes}
    for example in read_examples(rule):
        case = build_case(example)
        if case.mails:
            continue
        settings = Settings(
            only=ids, confidence=Confidence.LOW, target=target_of(example, case, rulebook.tables), strict=True
        )
        reports = Reviewer(rulebook, settings, ExampleStore(case.images)).review_series(case.series)
        told: set[Place] = set()
        for index, report in enumerate(reports):
            for found in (judged.finding for judged in report.judged if judged.verdict is Verdict.REPORTED):
                place = place_of(index, found, case)
                if found.rule == rule.id or found.rule in better:
                    told.add(place)
                elif found.severity >= Severity.WARNING and found.confidence >= Confidence.MEDIUM:
                    yield Crossing(rule, example, place, found, place in case.wanted)
        yield from (Drowned(rule, example, place) for place in case.wanted if place not in told)
