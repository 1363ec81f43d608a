"""`hunklint explain`: the manual page of a rule in the terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable

import click

from linter.cli._help import completer
from linter.cli._manual import STYLES, Line, manual
from linter.cli._rules import find_some, load_some
from linter.cli._run import wants_color
from linter.render.escape import visible


@click.command("explain")
@click.argument("names", nargs=-1, required=True, metavar="RULE...", shell_complete=completer("rule"))
@click.option("--rules", "folders", multiple=True, metavar="DIR", help="Look for rules in this folder too; repeatable.")
@click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto", help="Colour the page [auto].")
def command(names: tuple[str, ...], folders: tuple[str, ...], color: str) -> int:
    """Explain rules: why it is a defect, what to do, where that is written, and examples.

    RULE is an id, or a name that checkpatch, coccinelle or smatch gives the same thing.
    """
    rulebook, problems = load_some(folders)
    width = shutil.get_terminal_size((100, 24)).columns
    for number, rule in enumerate(find_some(rulebook, names, problems)):
        if number:
            click.echo()
        page = manual(rule, rulebook.tables, width)
        lines = [(role, visible(text.replace("\t", "        "), keep="\n")) for role, text in page]
        if wants_color(color, sys.stdout):
            _paint(lines, width)
        else:
            click.echo("\n".join(text for _, text in lines))
    return 0


def _paint(lines: Iterable[Line], width: int) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(force_terminal=True, width=width, highlight=False, soft_wrap=True)
    for role, text in lines:
        console.print(Text(text, style=STYLES.get(role, "")))
