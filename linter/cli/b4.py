"""`hunklint b4`: the check command of `b4 prep --check`, `b4 am --check` and `b4 review`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from linter.cli._b4 import B4, b4
from linter.cli._help import Sectioned
from linter.cli._options import click_options


@click.command("b4", cls=Sectioned)
@click.argument("sources", nargs=-1)
@click_options(B4)
def command(sources: Sequence[str], **options: Any) -> int:
    """Check one message for b4: read from standard input, one line a finding, nothing where there is none.

    `hunklint b4 --print-config` prints what belongs into your git configuration.
    """
    return b4(sources, options)
