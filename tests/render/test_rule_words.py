"""What each rule says of its own bad examples, read as the reply that a reviewer would send."""

from __future__ import annotations

import re

import pytest

from linter.detect.model import Finding
from linter.detect.registry import check_rule
from linter.render.escape import width
from linter.render.mail import body
from linter.review.example import build_case
from linter.review.model import PatchReport
from linter.review.run import Reviewer
from linter.review.settings import Settings
from linter.review.verify import ExampleStore, target_of
from linter.rulebook.build import is_bad
from linter.rulebook.load import load_rulebook, read_examples
from linter.rulebook.model import Confidence, Rulebook, Severity

BOOK = load_rulebook([], check=check_rule)


def reports(id: str) -> list[PatchReport]:
    """The bad examples of a rule as it alone reports them."""
    rule = BOOK.rules[id]
    alone = Rulebook({id: rule}, BOOK.tables, BOOK.digest)
    found = []
    for example in filter(is_bad, read_examples(rule)):
        case = build_case(example)
        settings = Settings(
            only=frozenset({id}),
            severity=Severity.INFO,
            confidence=Confidence.LOW,
            target=target_of(example, case, BOOK.tables),
        )
        found += Reviewer(alone, settings, ExampleStore(case.images), keep_images=True).review_series(case.series)
    return [report for report in found if report.reported]


def texts(finding: Finding) -> list[str]:
    return [finding.message, finding.help, *finding.limits, *(label.text for label in finding.labels)]


@pytest.mark.parametrize("id", sorted(BOOK.rules))
def test_the_reply_reads_well(id: str) -> None:
    for report in reports(id):
        for judged in report.reported:
            for text in texts(judged.finding):
                assert not re.search(r"\$[A-Z]+\b", text), f"a name was not filled in: {text}"
        lines = list(body(report, "0", "hunklint"))
        own = [line for line in lines if not line.startswith(">")][1:]
        for line in own:
            assert width(line) <= 72 or " " not in line.strip(), line
            assert "`" not in line or line.count("`") % 2, line
            assert "and here" not in line
        for paragraph in "\n".join(own).split("\n\n"):
            flat = " ".join(paragraph.split())
            assert not flat or flat.endswith((".", "?", ":", "!", ")")), flat
            assert not re.search(r"[.,;:] ?[.,;] |\(\)\(\)|\bin in\b|\bis is\b", flat), flat
            assert not re.match(r"Please [A-Z]", flat), flat
