"""A format's name to its module. A format is a file of this folder that defines `render`; nothing else is edited.

Only the module that was asked for is imported: listing the names reads the files as text.
"""

# ruff: noqa: PTH113, PTH118, PTH120, PTH123, PTH208
# importing pathlib would cost more than importing a format

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator

from linter.errors import UsageError
from linter.render.options import RenderOptions
from linter.review.model import Report

FOLDER = os.path.dirname(__file__)
Renderer = Callable[[Report, RenderOptions], Iterator[str]]


def formats() -> tuple[str, ...]:
    """The names of all formats, sorted; `b4_review.py` is called `b4-review`."""
    return tuple(sorted(name[:-3].replace("_", "-") for name in os.listdir(FOLDER) if _defines_render(name)))


def _defines_render(name: str) -> bool:
    """Whether a file of the folder is a format; read as text, so that nothing is imported."""
    if not name.endswith(".py") or not os.path.isfile(os.path.join(FOLDER, name)):
        return False
    with open(os.path.join(FOLDER, name), "rb") as stream:
        return b"\ndef render(" in stream.read()


def renderer(name: str) -> Renderer:
    """The `render` function of a format; an unknown name is a usage error that lists the known ones."""
    stem = name.replace("-", "_")
    if not stem.isidentifier() or "_" in name or not _defines_render(f"{stem}.py"):
        import difflib

        known = formats()
        close = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise UsageError(f"there is no output format {name!r}", f"{hint}formats: {', '.join(known)}")
    found: Renderer = importlib.import_module(f"linter.render.{stem}").render
    return found


def for_terminal(name: str) -> bool:
    """Whether a format is read on a terminal, in its encoding; every other format is a file in UTF-8."""
    module = importlib.import_module(f"linter.render.{name.replace('-', '_')}")
    return bool(getattr(module, "FOR_TERMINAL", False))
