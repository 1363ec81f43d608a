"""The exception tree: every failure says what happened, what to do, and with which status to exit.

LinterError            exit code
├── UsageError         2   option, rule, format or revision unknown
├── InputError         3   an input that could not be read at all
├── RuleError          4   a rule file that cannot be used
├── ConfigError        4   a configuration file that cannot be used
└── InternalError     70   a bug of hunklint
"""

from __future__ import annotations


class LinterError(Exception):
    """A failure told to a person: ``title`` says what happened, ``help`` what to do about it."""

    exit_code = 70

    def __init__(self, title: str, help: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.help = help

    def __str__(self) -> str:
        return f"{self.title}\n  help: {self.help}" if self.help else self.title


class UsageError(LinterError):
    """An option, rule, format or revision that does not exist."""

    exit_code = 2


class InputError(LinterError):
    """An input that could not be read at all: missing, a directory of no known kind, binary."""

    exit_code = 3


class RuleError(LinterError):
    """A rule file that cannot be used; ``title`` starts with ``file:line:``."""

    exit_code = 4


class ConfigError(LinterError):
    """A configuration file that cannot be used; ``title`` starts with ``file:`` or ``file:line:``."""

    exit_code = 4


class InternalError(LinterError):
    """A bug of hunklint itself."""

    exit_code = 70
