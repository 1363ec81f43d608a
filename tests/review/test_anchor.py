"""A finding is shown on a changed line wherever there is one that can be its cause."""

from __future__ import annotations

from linter.patch.model import Side
from linter.review.anchor import anchor
from tests.review.build import make_file, make_finding, make_image


def test_primary_on_a_changed_line_stays() -> None:
    file = make_file(" a\n+b\n c")
    image = make_image(file, Side.POST)
    assert anchor(make_finding(image, "b"), file).line == 2


def test_a_changed_label_is_next() -> None:
    file = make_file("+get\n b\n+other\n leave")
    image = make_image(file, Side.POST)
    assert anchor(make_finding(image, "leave", "get"), file).line == 1


def test_a_removed_line_within_the_path_is_the_cause() -> None:
    file = make_file(" get\n b\n-put\n leave\n+after")
    image = make_image(file, Side.POST)
    place = anchor(make_finding(image, "leave", "get"), file)
    assert (place.side, place.line, place.patch_lineno, place.changed) == (Side.PRE, 3, 12, True)


def test_without_a_changed_line_the_primary_stays() -> None:
    file = make_file(" get\n leave")
    image = make_image(file, Side.POST)
    finding = make_finding(image, "leave", "get")
    assert anchor(finding, file) == finding.primary.location
