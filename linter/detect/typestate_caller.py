"""Whether the callers of a function, where they are in sight, undo what it leaves behind when it fails."""

from __future__ import annotations

import re

from linter.detect.typestate_calls import CALL, bodies
from linter.detect.typestate_model import Obligation
from linter.flow.model import Cfg
from linter.pattern import lazy

_GOTO = lazy(rb"\bgoto\s+(\w+)\s*;")
_RETURN = lazy(rb"\breturn\b")
_REACH = 400
"""Bytes behind a call in which its result is judged."""


def caller_undoes(cfg: Cfg, owed: Obligation) -> bool:
    """Whether a caller of the same file goes to a release where this function fails: it was lent what it sets up."""
    called = re.compile(rb"\b" + re.escape(cfg.function.name.encode()) + rb"\s*\(")
    for name, body in bodies(cfg.function.unit).items():
        call = called.search(body) if name != cfg.function.name else None
        if call is not None and any(
            found[1].decode("latin-1") in owed.release for found in CALL.finditer(_way_out(body, call.end()))
        ):
            return True
    return False


def _way_out(body: bytes, at: int) -> bytes:
    """The text that a caller runs through where a call fails: from the test behind it, or the label, to the return."""
    near = body[at : at + _REACH]
    jump, leave = _GOTO.search(near), _RETURN.search(near)
    if jump is None or (leave is not None and leave.start() < jump.start()):
        return near[: leave.start()] if leave is not None else b""
    label = re.search(rb"(?m)^\s*" + jump[1] + rb"\s*:", body)
    behind = body[label.end() :] if label is not None else b""
    end = _RETURN.search(behind)
    return behind[: end.start()] if end is not None else behind
