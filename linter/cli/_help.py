"""How help is laid out and what a shell completes: options in sections, commands by what one wants to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


class SectionOption(click.Option):
    """An option that knows the section of the help in which it stands."""

    def __init__(self, *names: Any, section: str = "", **rest: Any) -> None:
        super().__init__(*names, **rest)
        self.section = section


class Sectioned(click.Command):
    """A command whose options are listed in sections; those of the command itself come first."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections in the order in which their first options were declared."""
        sections: dict[str, list[tuple[str, str]]] = {"": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                sections.setdefault(getattr(param, "section", ""), []).append(record)
        for title, rows in sections.items():
            if rows:
                with formatter.section(title or "Options"):
                    formatter.write_dl(rows)


def write_commands(
    formatter: click.HelpFormatter, sections: Mapping[str, Sequence[str]], commands: Mapping[str, click.Command]
) -> None:
    """The commands in sections, each with its first sentence; one that no section names comes last."""
    named = {name for names in sections.values() for name in names}
    rest = tuple(name for name in commands if name not in named)
    for title, names in {**sections, "Other": rest}.items():
        rows = [(name, summary(commands[name])) for name in names if name in commands and not commands[name].hidden]
        if rows:
            with formatter.section(title):
                formatter.write_dl(rows)


def summary(command: click.Command) -> str:
    """The first sentence of a command's help."""
    return command.get_short_help_str(limit=200).rstrip(".")


def completer(kind: str) -> Completer:
    """What completes a value: the names of formats, rules or profiles."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(name, help=words) for name, words in _NAMES[kind]() if name.startswith(incomplete)]

    return complete


def _formats() -> list[tuple[str, str]]:
    from linter.render.registry import formats

    return [(name, "") for name in formats()]


def _rulebook() -> Any:
    from linter.detect.registry import check_rule
    from linter.rulebook.load import load_rulebook

    return load_rulebook((), check=check_rule)


def _rules() -> list[tuple[str, str]]:
    return [(rule.id, rule.title) for rule in _rulebook().rules.values()]


def _profiles() -> list[tuple[str, str]]:
    rows = _rulebook().tables["profiles"]["profiles"]
    return [*((name, str(row.get("about", ""))) for name, row in rows.items()), ("none", "no profile")]


_NAMES = {"format": _formats, "rule": _rules, "profile": _profiles}
