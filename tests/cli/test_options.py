"""The short way through a command line gives what click gives, or steps aside."""

from __future__ import annotations

import click
import pytest

from linter.cli._options import CHECK, quick_parse
from linter.cli.check import Check
from linter.cli.check import command as check_command

PLAIN = [
    "",
    "a.patch b.patch",
    "-",
    "-3",
    "--format terse a",
    "--format=json -o out a",
    "--rule x --rule=y --preview a",
    "--severity warning --no-git -- --odd",
    "--color never --fail-on=info HEAD~3..",
    "--exit-style nipa --decoded -",
]
ODD = [
    "--help",
    "-h",
    "--sev warning a",
    "--severity bad a",
    "--format",
    "-x",
    "-ofile a",
    "--preview=1 a",
    "--rule --x",
]


def through_click(arguments: list[str]) -> tuple[tuple[str, ...], dict[str, object]]:
    assert isinstance(check_command, Check)
    context = check_command.make_context("check", list(arguments))
    values = dict(context.params)
    sources = values.pop("sources")
    return sources, values


@pytest.mark.parametrize("line", PLAIN)
def test_same_as_click(line: str) -> None:
    quick = quick_parse(line.split(), CHECK)
    assert quick is not None
    sources, values = through_click(line.split())
    assert sorted(quick[0]) == sorted(sources)
    assert {key: value or None for key, value in quick[1].items()} == {k: v or None for k, v in values.items()}


@pytest.mark.parametrize("line", ODD)
def test_what_is_not_plain_is_left_to_click(line: str) -> None:
    assert quick_parse(line.split(), CHECK) is None


def test_a_wrong_option_is_named() -> None:
    with pytest.raises(click.NoSuchOption, match="--fail-om"):
        through_click(["--fail-om", "x"])
