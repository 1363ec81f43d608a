"""A format's name to its module. A format is a file of this folder that defines `render`; nothing else is edited.

Only the module that was asked for is imported: listing the names reads the files as text.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

from linter.errors import UsageError
from linter.render.options import RenderOptions
from linter.review.model import Report

Renderer = Callable[[Report, RenderOptions], Iterator[str]]


def formats() -> tuple[str, ...]:
    """The names of all formats, sorted; `b4_review.py` is called `b4-review`."""
    folder = Path(__file__).parent
    names = (path.stem.replace("_", "-") for path in folder.glob("*.py") if b"\ndef render(" in path.read_bytes())
    return tuple(sorted(names))


def renderer(name: str) -> Renderer:
    """The `render` function of a format; an unknown name is a usage error that lists the known ones."""
    known = formats()
    if name not in known:
        import difflib

        close = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise UsageError(f"there is no output format {name!r}", f"{hint}formats: {', '.join(known)}")
    module = importlib.import_module(f"linter.render.{name.replace('-', '_')}")
    found: Renderer = module.render
    return found


def for_terminal(name: str) -> bool:
    """Whether a format is read on a terminal, in its encoding; every other format is a file in UTF-8."""
    module = importlib.import_module(f"linter.render.{name.replace('-', '_')}")
    return bool(getattr(module, "FOR_TERMINAL", False))
