"""The commands: the modules of this folder that are not helpers, each imported when it is called."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from linter import __version__

_HERE = Path(__file__).parent

SECTIONS = {
    "Review patches": ("check", "reply", "explain"),
    "Where patches pass": ("hook", "b4", "comment", "patchwork"),
    "Archives and the accepted past": ("audit", "backtest", "baseline"),
    "Write rules": ("rules", "rule", "verify", "match", "harvest"),
}
"""How the overview lists the commands; one that is not named here is listed last."""

EPILOG = """\
\b
Examples:
  hunklint check *.patch              a series, before it is sent
  hunklint check HEAD~3..             the last three commits
  hunklint hook install               let git send-email ask first
  hunklint reply series.mbx           drafts of replies to a series
  hunklint explain fd-leak-error-path why a finding matters

\b
Shell completion:
  eval "$(_HUNKLINT_COMPLETE=bash_source hunklint)"    (zsh_source, fish_source)
"""


class Commands(click.Group):
    """A group that finds its commands by listing the folder."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands."""
        names = (path.stem for path in _HERE.glob("*.py") if not path.stem.startswith("_") and path.stem != "main")
        return sorted(name.replace("_", "-") for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a module, None where there is no such module."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"linter.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by what one wants to do."""
        from linter.cli._help import write_commands

        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        write_commands(formatter, SECTIONS, {name: command for name, command in found.items() if command is not None})

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Look a command up; a near miss is named."""
        if args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            import difflib

            close = difflib.get_close_matches(args[0], self.list_commands(ctx), 1)
            hint = f"Did you mean `{close[0]}`?" if close else "`hunklint --help` lists the commands."
            ctx.fail(f"No such command '{args[0]}'. {hint}")
        return super().resolve_command(ctx, args)


@click.command(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hunklint")
def cli() -> None:
    """Review Linux-kernel patches the way a maintainer does, before a maintainer has to."""


def run_click(arguments: list[str]) -> int:
    """Run a command line through click and return the exit code."""
    try:
        code = cli.main(arguments, prog_name="hunklint", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.ClickException as error:
        print("no patch was reviewed", file=sys.stderr)
        error.show()
        return 2
    return code if isinstance(code, int) else 0
