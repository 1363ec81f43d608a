"""The entry point: finds the command, runs it, and turns failures into a sentence and an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import click

from linter import __version__
from linter.errors import LinterError

_HERE = Path(__file__).parent


class Commands(click.Group):
    """The modules of this folder that are not helpers (`_name`); each is imported when it is called, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands, by listing the folder."""
        names = (path.stem for path in _HERE.glob("*.py") if not path.stem.startswith("_") and path.stem != "main")
        return sorted(name.replace("_", "-") for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a module, None where there is no such module."""
        if not cmd_name.replace("-", "").isalnum() or cmd_name == "main":
            return None
        if not (_HERE / f"{cmd_name.replace('-', '_')}.py").is_file():
            return None
        module = importlib.import_module(f"linter.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Look a command up; a near miss is named."""
        name = args[0]
        if self.get_command(ctx, name) is None:
            import difflib

            close = difflib.get_close_matches(name, self.list_commands(ctx), 1)
            hint = f"Did you mean `{close[0]}`?" if close else "`hunklint --help` lists the commands."
            ctx.fail(f"No such command '{name}'. {hint}")
        return super().resolve_command(ctx, args)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hunklint")
def cli() -> None:
    """Review Linux-kernel patches the way a maintainer does, before a maintainer has to."""


def main() -> None:
    """Run, and exit: 0 fine, 1 findings, 2 usage, 3 unreadable input, 4 bad rule or configuration, 70 bug."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command line and return the exit code."""
    try:
        code = cli.main(arguments, prog_name="hunklint", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        print("hunklint: stopped; no further patch was reviewed", file=sys.stderr)
        return 130
    except click.ClickException as error:
        print("no patch was reviewed", file=sys.stderr)
        error.show()
        return 2
    except LinterError as error:
        return _failed(error)
    except BrokenPipeError:
        # the reader has enough (head, less): nothing more can be said there
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code if isinstance(code, int) else 0


def _failed(error: LinterError) -> int:
    print("no patch was reviewed", file=sys.stderr)
    print(f"error: {error.title}", file=sys.stderr)
    if error.help:
        print(f"help: {error.help}", file=sys.stderr)
    cause = error.__cause__
    while cause is not None:
        print(f"cause: {type(cause).__name__}: {cause}", file=sys.stderr)
        cause = cause.__cause__
    return error.exit_code


if __name__ == "__main__":
    main()
