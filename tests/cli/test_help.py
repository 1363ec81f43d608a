"""The help: commands by what one wants to do, options in sections, and what a shell completes."""

from __future__ import annotations

import re

import click
import pytest
from click.testing import CliRunner

from linter.cli._commands import SECTIONS, cli
from linter.cli._help import Sectioned, completer, summary

RUNNER = CliRunner()


def text(*arguments: str) -> str:
    result = RUNNER.invoke(cli, [*arguments, "--help"], prog_name="hunklint", terminal_width=100)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_overview_lists_every_command_once() -> None:
    overview = text()
    listed = [name for names in SECTIONS.values() for name in names]
    context = click.Context(cli)
    assert sorted(listed) == cli.list_commands(context), "a command without a section is listed under Other"
    for name in listed:
        assert len(re.findall(rf"^  {name} ", overview, re.M)) == 1
    assert "Other:" not in overview
    assert "..." not in overview.replace("[ARGS]...", "").replace("~3..", ""), "no summary is cut"
    for title in SECTIONS:
        assert f"\n{title}:\n" in overview
    assert "_HUNKLINT_COMPLETE=bash_source" in overview


def test_an_unlisted_command_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SECTIONS, "Review patches", ("reply", "explain"))
    overview = text()
    assert overview.index("Other:") > overview.index("Write rules:")
    assert re.search(r"^  check ", overview.partition("Other:")[2], re.M)


def test_what_hooks_call_is_not_advertised() -> None:
    assert not re.search(r"^  run ", text("hook"), re.M)


@pytest.mark.parametrize("name", ["check", "reply", "comment", "patchwork", "b4", "baseline write"])
def test_options_stand_in_sections(name: str) -> None:
    shown = text(*name.split())
    assert "[SOURCES]...\n" not in shown.partition("Options:")[2]
    assert shown.index("Options:") < shown.index("Which rules run:") < shown.index("Whole files:")
    assert len(re.findall(r"^ {2}(?:-\w, )?--[\w-]+", shown, re.M)) == len(
        set(re.findall(r"^ {2}(?:-\w, )?--[\w-]+", shown, re.M))
    )


def test_every_option_has_help() -> None:
    context = click.Context(cli)
    commands = [cli.get_command(context, name) for name in cli.list_commands(context)]
    for command in commands:
        assert command is not None
        assert summary(command), command.name
        for each in command.commands.values() if isinstance(command, click.Group) else [command]:
            for param in each.params:
                if isinstance(param, click.Option) and isinstance(each, Sectioned):
                    assert param.help or param.show_default, f"{each.name} {param.opts}"


def test_check_says_its_exit_codes() -> None:
    shown = text("check")
    assert "Exit codes:" in shown
    for words in ("0  nothing at or above", "1  findings", "3  an input", "70  a bug"):
        assert words in shown


@pytest.mark.parametrize(
    ("kind", "start", "wanted"),
    [("format", "sar", ["sarif"]), ("rule", "fd-leak", ["fd-leak-error-path"]), ("profile", "netd", ["netdev"])],
)
def test_values_are_completed(kind: str, start: str, wanted: list[str]) -> None:
    found = completer(kind)(click.Context(cli), cli.params[0], start)
    assert [item.value for item in found] == wanted


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("hunklint ch", "check"),
        ("hunklint check --format html", "html"),
        ("hunklint explain fd-leak", "fd-leak-error-path"),
    ],
)
def test_a_shell_completes(words: str, wanted: str) -> None:
    count = str(len(words.split()) - 1)
    env = {"_HUNKLINT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": count}
    result = RUNNER.invoke(cli, [], prog_name="hunklint", env=env)
    assert f"plain,{wanted}" in result.output.split()
