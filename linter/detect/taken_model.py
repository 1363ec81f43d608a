"""What the engine `taken` finds: something that a patch takes away, and the place that misses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from linter.detect.model import Context
from linter.detect.taken_blocks import Block
from linter.patch.model import FilePatch, Line
from linter.record import record


@record(eq=False)
class Taken:
    """Something that goes, the line of the post-image that misses it, and names for the message."""

    gone: Line
    missed: Line
    names: Mapping[str, bytes]
    key: bytes


Search = Callable[[Block, FilePatch, Context], Iterator[Taken]]
"""Looks at one run of changed lines."""
