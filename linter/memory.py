"""Answers that are remembered, so many and no more: an archive holds more names than memory should."""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")
MOST = 4096


class Memo(dict[K, V]):
    """A dict for what can be worked out again: when it is full it starts anew."""

    def __setitem__(self, key: K, value: V) -> None:
        if len(self) >= MOST:
            self.clear()
        super().__setitem__(key, value)
