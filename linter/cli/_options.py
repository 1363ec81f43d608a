"""Options as data: made into click options for a command, and read directly where a start must be fast.

Importing click costs a third of what reviewing a small patch may cost. `quick_parse` reads a command line that is
spelled out plainly; whatever it does not know (help, abbreviations, a mistake) is left to click, which says it better.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from linter.pattern import lazy
from linter.record import record

LEVELS = ("info", "warning", "error")
CONFIDENCES = ("low", "medium", "high")
COUNT = lazy(r"-\d+\Z")
"""`-3`: the last three commits, as git log takes it."""


@record
class Option:
    """One option. `choices` limits the values; a flag takes none; `many` may be given again and again.

    `section` is where the help lists it, `complete` what a shell completes its value with.
    """

    names: tuple[str, ...]
    help: str
    flag: bool = False
    many: bool = False
    choices: tuple[str, ...] = ()
    metavar: str | None = None
    default: Any = None
    section: str = ""
    complete: str = ""

    @property
    def key(self) -> str:
        """The name of the parameter: that of the first long option, or one given without dashes."""
        plain = [name for name in self.names if not name.startswith("-")]
        return plain[0] if plain else self.names[0].lstrip("-").replace("-", "_")

    def empty(self) -> Any:
        """The value when the option is not given."""
        if self.many:
            return ()
        return self.default if self.default is not None or not self.flag else False


WHICH, SHOWN, AROUND, SETTINGS = "Which rules run", "What is shown and what fails", "Whole files", "Configuration"
"""Sections of the help."""

REVIEW = (
    Option(
        ("--rule",),
        "Run only this rule (id or alias); repeatable.",
        many=True,
        metavar="RULE",
        section=WHICH,
        complete="rule",
    ),
    Option(
        ("--disable",), "Do not run this rule; repeatable.", many=True, metavar="RULE", section=WHICH, complete="rule"
    ),
    Option(("--preview",), "Run preview rules as well.", flag=True, section=WHICH),
    Option(
        ("--profile",),
        "Use these profiles; `none` for none [by paths].",
        many=True,
        metavar="NAME",
        section=WHICH,
        complete="profile",
    ),
    Option(("--rules",), "Read rules from this folder too; repeatable.", many=True, metavar="DIR", section=WHICH),
    Option(("--target",), "The kernel release that the patches are for.", metavar="X.Y", section=WHICH),
    Option(("--severity",), "Show findings of this severity and above.", choices=LEVELS, section=SHOWN),
    Option(("--confidence",), "Show findings of this confidence and above.", choices=CONFIDENCES, section=SHOWN),
    Option(("--fail-on",), "Exit with 1 on this severity and above [error].", choices=LEVELS, section=SHOWN),
    Option(("--baseline",), "Findings in this file are the accepted past.", metavar="FILE", section=SHOWN),
    Option(
        ("--git",), "Take whole files from this repository [the work tree, if in one].", metavar="DIR", section=AROUND
    ),
    Option(("--no-git",), "Judge by the patch alone, even inside a work tree.", flag=True, section=AROUND),
    Option(("--base",), "The commit that the patches apply to.", metavar="REV", section=AROUND),
    Option(("--tree",), "Take whole files from this plain source tree.", metavar="DIR", section=AROUND),
    Option(("--config",), "Read this configuration and no other.", metavar="FILE", section=SETTINGS),
    Option(("--no-config",), "Read no configuration.", flag=True, section=SETTINGS),
    Option(("--strict",), "Stop at a bug inside a rule (exit 70).", flag=True, section=SETTINGS),
)
"""The options that every reviewing command takes."""

CHECK = (
    *REVIEW,
    Option(
        ("--format", "format_"),
        "Output format [text]; `--format help` lists them.",
        metavar="FORMAT",
        complete="format",
    ),
    Option(("--output", "-o"), "Write the report to FILE [standard output].", metavar="FILE"),
    Option(("--color",), "Colour the text [auto].", choices=("auto", "always", "never"), default="auto"),
    Option(("--show-suppressed",), "Show suppressed findings and why they are.", flag=True),
    Option(("--skipped",), "List what was not analysed.", flag=True),
    Option(("--require-patch",), "Exit with 3 where no patch was found.", flag=True),
    Option(
        ("--exit-style",), "`nipa`: 0, 250 for warnings, 1 for errors.", choices=("default", "nipa"), default="default"
    ),
    Option(("--decoded",), "The body is decoded whatever its headers say (as b4 hands it).", flag=True),
)


def click_options(options: Sequence[Option]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that gives a click command these options."""
    import click

    from linter.cli._help import SectionOption, completer

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            arguments: dict[str, Any] = {"help": option.help, "metavar": option.metavar, "section": option.section}
            if option.complete:
                arguments["shell_complete"] = completer(option.complete)
            if option.flag:
                arguments["is_flag"] = True
            else:
                arguments.update(multiple=option.many, type=click.Choice(option.choices) if option.choices else str)
            if option.default is not None:
                arguments["default"] = option.default
            command = click.option(*option.names, cls=SectionOption, **arguments)(command)
        return command

    return decorate


def review_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a click command the options that every reviewing command takes."""
    return click_options(REVIEW)(command)


def quick_parse(arguments: Sequence[str], options: Sequence[Option]) -> tuple[tuple[str, ...], dict[str, Any]] | None:
    """Sources and option values of a plain command line; None where click must look at it."""
    by_name = {name: option for option in options for name in option.names if name.startswith("-")}
    values = {option.key: option.empty() for option in options}
    sources: list[str] = []
    rest = iter(arguments)
    for word in rest:
        if word == "--":
            sources += rest
        elif not word.startswith("-") or word == "-" or COUNT.match(word):
            sources.append(word)
        else:
            name, equals, value = word.partition("=")
            option = by_name.get(name)
            if option is None or (option.flag and equals) or (equals and not name.startswith("--")):
                return None
            if option.flag:
                values[option.key] = True
                continue
            value = value if equals else next(rest, "")
            if not value or (option.choices and value not in option.choices) or (not equals and value[:1] == "-"):
                return None
            values[option.key] = (*values[option.key], value) if option.many else value
    return tuple(sources), values
