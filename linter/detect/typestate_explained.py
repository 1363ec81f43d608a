"""Whether the commit message says why a release, or the jump to the cleanup, had to go."""

from __future__ import annotations

import re

from linter.patch.model import Patch
from linter.pattern import lazy

_EXPLAINED = lazy(
    rb"(?i)double[- ]*(?:ref\w*|free|put|unlock|release|unreg|disable|remov|kfree|dec|fput|clean)|"
    rb"use[- ]*after[- ]*free|\buaf\b|"
    rb"(?<!as )already\s+(?:\w+\s+)?(?:free|releas|put|unlock|unreg|remov|clean|disabl|done)|stray|unbalanced|twice|"
    rb"underflow|"
    rb"redundant|unneeded|needless|unnecessary|not needed|no longer need|no need|devm_|devres|device[- ]managed"
    rb"|\bnot\s+(?:\w+\s+){0,2}(?:acquired|held|taken|locked|grabbed)\b"
    rb"|superfluous|useless|erroneous|prematurely|(?:clean|free|releas|unlock|disabl)\w*(?:\s+up)?\s+already"
)
_DIRECTLY = lazy(
    rb"(?i)\b(?:just|simply)\s+(?:\w+\s+)?return(?:ing)?\b|\b(?:use|with|by)\s+an?\s+direct\s+return|\bso\s+return\b"
    rb"|\bno\s+(?:point|need|reason)\s+(?:in|to|for)\b|uninitiali[sz]ed|nothing\s+(?:\w+\s+){0,4}(?:undo|clean|free|releas)"
)
_MOST_FILES = 3
"""A patch over more files than this moves things between them, or is many patches in one."""


def is_explained(patch: Patch | None, reasons: re.Pattern[bytes] = _EXPLAINED) -> bool:
    """Whether the commit message says why a release had to go (or what else `reasons` is about), or the patch is too
    wide to say so of each."""
    if patch is None:
        return False
    return len(patch.files) > _MOST_FILES or reasons.search(_text(patch)) is not None


def explains_return(patch: Patch | None) -> bool:
    """Whether the commit message says that a function may return at once where it went to its cleanup."""
    return patch is not None and _DIRECTLY.search(_text(patch)) is not None


def explains_removal(patch: Patch | None, name: str) -> bool:
    """Whether the commit message asks not to make this call any more."""
    if patch is None:
        return False
    told = rb"\b(?:[Dd]o\s+not|Don't|[Ss]houldn't|[Ss]hould\s+not|[Mm]ust\s+not)\s+(?:call\s+)?" + re.escape(
        name.encode()
    )
    return re.search(told + rb"\b", _text(patch)) is not None


def _text(patch: Patch) -> bytes:
    return patch.title.encode("utf-8", "replace") + b"\n" + patch.body
