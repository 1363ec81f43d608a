"""Kernel releases: names, order, and the release of a day."""

from __future__ import annotations

import datetime
import itertools

import pytest

from linter.rulebook.kernel import _days, holds, kernel_at, parse_version, show_version, timestamp
from linter.rulebook.load import load_rulebook
from linter.rulebook.model import KernelRange, Tables


@pytest.fixture(scope="module")
def tables() -> Tables:
    return load_rulebook(cache=False, problems=[]).tables


@pytest.mark.parametrize(
    ("text", "version", "shown"),
    [
        ("6.12", (6, 12), "6.12"),
        ("v6.12-rc3", (6, 12), "6.12"),
        ("6.12.7", (6, 12), "6.12"),
        ("6.1.192", (6, 1), "6.1"),
        ("6", (6, 0), "6.0"),
        (6, (6, 0), "6.0"),
        ("2.6.32", (2, 632), "2.6.32"),
        ("2.6.9", (2, 609), "2.6.9"),
        ("5.15.0-91-generic", (5, 15), "5.15"),
        ("6.10~rc1", (6, 10), "6.10"),
        ("5.10.y", (5, 10), "5.10"),
    ],
)
def test_parse(text: str | int, version: tuple[int, int], shown: str) -> None:
    assert parse_version(text) == version
    assert show_version(version) == shown


@pytest.mark.parametrize("text", ["", "linus", "6.", "6.x", "6.1.2.3", "next-20240101", "6..1"])
def test_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="is no kernel release"):
        parse_version(text)


def test_order() -> None:
    names = ["2.6.9", "2.6.12", "2.6.39", "3.0", "3.19", "4.0", "6.2", "6.10", "7.1"]
    versions = [parse_version(name) for name in names]
    assert versions == sorted(versions)


def test_days_agree_with_the_calendar() -> None:
    for year in (1970, 1999, 2000, 2004, 2023, 2024, 2100):
        for month, day in ((1, 1), (2, 28), (3, 1), (12, 31)):
            want = (datetime.date(year, month, day) - datetime.date(1970, 1, 1)).days
            assert _days(f"{year}-{month:02}-{day:02}") == want
    assert _days("2024-02-29") + 1 == _days("2024-03-01")


def test_the_table_is_in_order(tables: Tables) -> None:
    rows = tables["kernels"]["releases"]
    versions = [parse_version(name) for name in rows]
    days = [_days(day) for day in rows.values()]
    assert versions == sorted(set(versions))
    assert days == sorted(set(days))
    assert versions[0] == (2, 612) and (7, 1) in versions
    gaps = [later - earlier for earlier, later in itertools.pairwise(days)]
    assert min(gaps) > 45 and max(gaps) < 130


def test_release_of_a_day(tables: Tables) -> None:
    assert kernel_at(timestamp("2024-07-13"), tables) == (6, 9)
    assert kernel_at(timestamp("2024-07-14"), tables) == (6, 10)
    assert kernel_at(timestamp("2010-05-01"), tables) == (2, 633)
    assert kernel_at(timestamp("2005-01-01"), tables) is None
    assert kernel_at(None, tables) is None
    assert kernel_at(4e9, tables) == max(parse_version(name) for name in tables["kernels"]["releases"])


def test_bounds() -> None:
    both = KernelRange((4, 15), (6, 10))
    assert [holds(both, version) for version in ((4, 14), (4, 15), (6, 9), (6, 10))] == [False, True, True, False]
    assert holds(None, None) and holds(KernelRange(), None)
    assert not holds(both, None), "an unknown kernel satisfies no bound"
