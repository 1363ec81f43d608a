"""What is remembered between patches does not grow with the archive."""

from __future__ import annotations

from linter.detect.returns import Names, SortedNames
from linter.detect.typestate_tables import knowledge
from linter.memory import MOST, Memo
from linter.review.prepare import Workshop
from linter.review.settings import Settings
from linter.rulebook.load import load_rulebook


def test_a_memo_starts_anew_when_it_is_full() -> None:
    memo: Memo[int, int] = Memo()
    for number in range(MOST):
        memo[number] = -number
    assert len(memo) == MOST and memo[0] == 0
    memo[MOST] = 1
    assert dict(memo) == {MOST: 1}


def test_names_of_an_archive_are_not_kept_for_ever() -> None:
    known = knowledge(load_rulebook().tables)
    names = Names(frozenset(), (SortedNames("alloc free"),))
    for number in range(2 * MOST):
        text = b"unit%d_start(x); unit%d_stop(x);" % (number, number)
        known.speaks_of([b"unit%d_start" % number])
        assert known.may_owe(text) and known.related(f"unit{number}_start", f"unit{number}_stop") == 2
        assert f"unit{number}" not in names and "alloc" in names
    sizes = [len(kept) for kept in vars(known).values() if isinstance(kept, Memo)]
    assert len(sizes) >= 4 and all(0 < size <= MOST for size in [*sizes, len(names.known), len(known.pairs._known)])


def test_paths_that_call_for_the_same_rules_share_one_set() -> None:
    workshop = Workshop(load_rulebook(), Settings())
    one, two = (workshop.rules_for(f"drivers/net/unit{number}.c") for number in (1, 2))
    assert one is two
    versions = [workshop.allowed(one, frozenset(), None), workshop.allowed(one, frozenset({"no-such"}), None)]
    assert versions[0] is versions[1]
