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
from linter.rulebook.model import PROCESS_CATEGORIES, Example, Rule, Rulebook, Severity


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


def crossings(rule: Rule, rulebook: Rulebook) -> Iterator[Crossing]:
    """Warnings and errors, of medium confidence and above, of the other rules about code in the examples of one."""
    ids = frozenset(
        other.id for other in rulebook.rules.values() if other.id == rule.id or other.category not in PROCESS_CATEGORIES
    )
    for example in read_examples(rule):
        case = build_case(example)
        if case.mails:
            continue
        settings = Settings(
            only=ids, severity=Severity.WARNING, target=target_of(example, case, rulebook.tables), strict=True
        )
        reports = Reviewer(rulebook, settings, ExampleStore(case.images)).review_series(case.series)
        for index, report in enumerate(reports):
            for judged in report.judged:
                found = judged.finding
                if judged.verdict is Verdict.REPORTED and found.rule != rule.id:
                    place = place_of(index, found, case)
                    yield Crossing(rule, example, place, found, place in case.wanted)
