"""Which parts are deleted, and which are left alone."""

from __future__ import annotations

from linter.record import replace
from linter.review.mutate import LONG_LIST, deletions, mutants
from linter.rulebook.document import show_path
from linter.rulebook.model import AppliesTo, Confidence, KernelRange, Rule, Severity, Status

BLOCK = {"call": "f", "not": {"inside": "g"}, "any": [{"kind": "x"}, {"kind": "y"}], "message": "m", "one": ["only"]}


def names(block: object) -> list[str]:
    return [show_path(path) for path, _ in deletions(block, ("toy",))]


def rule(**changes: object) -> Rule:
    plain = Rule("x", "x", "error", Severity.ERROR, Confidence.HIGH, Status.STABLE, "0.1.0", "", "", "toy", BLOCK)
    return replace(plain, **changes)


def test_every_entry_and_element() -> None:
    assert names(BLOCK) == [
        "toy.call",
        "toy.not",
        "toy.not.inside",
        "toy.any",
        "toy.any[0]",
        "toy.any[0].kind",
        "toy.any[1]",
        "toy.any[1].kind",
        "toy.one",
    ]


def test_what_is_left_of_the_block() -> None:
    left = {show_path(path): data for path, data in deletions(BLOCK, ("toy",))}
    assert left["toy.not.inside"] == {**BLOCK, "not": {}}
    assert left["toy.any[1]"] == {**BLOCK, "any": [{"kind": "x"}]}
    assert left["toy.call"] == {key: value for key, value in BLOCK.items() if key != "call"}
    assert list(BLOCK) == ["call", "not", "any", "message", "one"], "the rule itself is untouched"


def test_words_that_are_only_shown_stay() -> None:
    assert names({"message": "x", "label": "y", "steps": [{"call": "f", "label": "z"}]}) == [
        "toy.steps",
        "toy.steps[0].call",
    ]


def test_a_long_list_of_words_is_a_table() -> None:
    short, long = list("abcdefgh"), list("abcdefghi")
    assert len(short) == LONG_LIST
    assert len(names({"words": short})) == 9
    assert names({"words": long}) == ["toy.words"]
    assert len(names({"words": [{"a": word} for word in long]})) == 1 + 2 * 9


def test_kernel_and_excluded_paths() -> None:
    bound = rule(kernel=KernelRange((4, 15), (6, 10)), applies_to=AppliesTo(("a",), ("b", "c")), block={"call": "f"})
    assert [mutant.name for mutant in mutants(bound)] == [
        "toy.call",
        "applies-to.exclude[0]",
        "applies-to.exclude[1]",
        "kernel.since",
        "kernel.removed",
    ]
    by_name = {mutant.name: mutant.rule for mutant in mutants(bound)}
    assert by_name["applies-to.exclude[0]"].applies_to == AppliesTo(("a",), ("c",))
    assert by_name["kernel.since"].kernel == KernelRange(None, (6, 10))
    assert by_name["kernel.removed"].kernel == KernelRange((4, 15), None)
