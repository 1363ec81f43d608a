"""What a renderer may be told. Every format module provides `render(report, options) -> Iterator[str]`."""

from __future__ import annotations

from linter.record import record


@record
class RenderOptions:
    """How to render. Output is deterministic: nothing here comes from a clock or the environment."""

    color: bool = False
    width: int = 100  # terminal columns, for wrapped text
    unicode: bool = True  # False: ASCII frames only
    verbose: bool = False  # list what was skipped
    show_suppressed: bool = False
    tool_name: str = "hunklint"
