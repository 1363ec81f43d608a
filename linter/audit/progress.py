"""How far a run is: a bar on a terminal, a line a minute elsewhere, nothing when asked to be quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO

from linter.audit.model import Tally

EVERY = 60.0
"""Seconds between lines where there is no terminal."""
REFRESH = 0.2


class Silence:
    """Nothing at all; also what the others have in common."""

    def __enter__(self) -> Silence:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def __call__(self, tally: Tally, read: int) -> None:
        """Take note of how far it is."""


class Lines(Silence):
    """A line a minute: for logs."""

    def __init__(self, stream: TextIO, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream = stream
        self.total = total
        self.clock = clock
        self.began = self.said = clock()

    def __call__(self, tally: Tally, read: int) -> None:
        """Say a line if a minute has passed."""
        now = self.clock()
        if now - self.said >= EVERY:
            self.said = now
            spent = now - self.began
            print(describe(tally, spent, left(read, self.total, spent)), file=self.stream, flush=True)


class Bar(Silence):
    """A rich progress bar."""

    def __init__(self, stream: TextIO, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self.total = total
        self.began = self.said = time.monotonic()
        console = Console(file=stream)
        self.bar = Progress(BarColumn(24), TextColumn("{task.description}"), console=console, transient=True)
        self.task: Any = self.bar.add_task("reading", total=total or None)

    def __enter__(self) -> Bar:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def __call__(self, tally: Tally, read: int) -> None:
        """Redraw a few times a second."""
        now = time.monotonic()
        if now - self.said >= REFRESH:
            self.said = now
            spent = now - self.began
            words = describe(tally, spent, left(read, self.total, spent))
            self.bar.update(self.task, completed=min(read, self.total) if self.total else None, description=words)


def describe(tally: Tally, spent: float, remaining: float | None) -> str:
    """Messages, patches, findings, rate and time left, in one line."""
    rate = tally.messages / spent if spent > 0 else 0.0
    words = f"{tally.messages} messages, {tally.patches} patches, {tally.findings} findings, {rate:.0f}/s"
    if tally.skipped:
        words += f", {tally.skipped} skipped"
    return words if remaining is None else f"{words}, {clock_text(remaining)} left"


def left(read: int, total: int, spent: float) -> float | None:
    """Seconds left at the pace so far; None where that cannot be said."""
    if total <= 0 or read <= 0 or spent < 1:
        return None
    return max(0.0, spent * (total - read) / read)


def clock_text(seconds: float) -> str:
    """Seconds as h:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def make_progress(total: int, *, quiet: bool, stream: TextIO | None = None) -> Silence:
    """What fits the place that messages go to."""
    stream = stream or sys.stderr
    if quiet:
        return Silence()
    return Bar(stream, total) if stream.isatty() else Lines(stream, total)
