"""Casts and suffixes that a patch takes from a product or a shift, which is computed in fewer bits then."""

from __future__ import annotations

from collections.abc import Iterator

from linter.detect.model import Context
from linter.detect.taken_blocks import Block, code
from linter.detect.taken_model import Taken
from linter.patch.model import FilePatch
from linter.pattern import lazy

_WIDE = (
    (
        lazy(
            rb"\((?:__)?(?:[us]64|u?int64_t|(?:unsigned )?long(?: long)?|s?size_t|loff_t|(?:dma_addr|phys_addr|sector"
            rb"|resource_size)_t)\) ?"
        ),
        b"",
    ),
    (lazy(rb"\b(\d\w*?)(?:[uU]?[lL]{1,2}|[lL]{1,2}[uU]|[uU])\b"), rb"\1"),
    (lazy(rb"\bBIT_ULL\("), b"BIT("),
    (lazy(rb"\bBIT(?:_ULL)?\(([^()]*)\)"), rb"1 << \1"),
    (lazy(rb"\bBIT(?:_ULL)?\(([^()]*)\)"), rb"(1 << \1)"),
    (lazy(rb"\bmul_u32_u32\(([^(),]*), ([^(),]*)\)"), rb"\1 * \2"),
    (lazy(rb"\b(?:array_size|size_mul)\(([^(),]*), ([^,]*)\)"), rb"\1 * \2"),
)
"""What makes an expression wide, and what is left of it."""
_STATEMENT = lazy(rb"[^=!<>]=[^=]|^(?:return|if|while|for|#\s*define)\b")


def widths(block: Block, file: FilePatch, context: Context) -> Iterator[Taken]:
    """`(u64)a * b` becomes `a * b`, `1ULL << n` becomes `1 << n`, and nothing else changes on the line."""
    if len(block.gone) != len(block.come):
        return
    for old, new in zip(block.gone, block.come, strict=True):
        before, after = code(old), code(new)
        if _bare(before) == _bare(after) or not (b"*" in after or b"<<" in after or b"BIT(" in after):
            continue
        if _STATEMENT.search(after) and _is_narrowed(before, after):
            yield Taken(old, new, {}, after)


def _is_narrowed(before: bytes, after: bytes) -> bool:
    """Whether a line is what is left of another without one of its wide parts, or without all of a kind."""
    for pattern, narrow in _WIDE:
        if _bare(pattern.sub(narrow, before)) == _bare(after):
            return True
        for found in pattern.finditer(before):
            if before[: found.start()] + found.expand(narrow) + before[found.end() :] == after:
                return True
    return False


def _bare(text: bytes) -> bytes:
    return b"".join(text.split())
