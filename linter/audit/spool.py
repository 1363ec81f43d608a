"""Unpacked messages of a compressed archive, in short-lived files that workers read ranges of.

A packed stream cannot be read from the middle, and messages do not travel to workers through pipes. So the scan writes
what it unpacks into files of bounded size; each is removed when the last message in it has been judged.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from linter.audit.model import Place

SEGMENT = 32 << 20


class Spool:
    """A folder of segments."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.places: dict[int, Place] = {}
        self._left: dict[str, int] = {}
        self._stream: BinaryIO | None = None
        self._path = ""
        self._count = 0
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed

    def add(self, number: int, raw: bytes) -> None:
        """Keep a message until `release`."""
        stream = self._stream
        if stream is None or stream.tell() > SEGMENT:
            stream = self._next()
        self.places[number] = Place("range", self._path, stream.tell(), len(raw))
        self._left[self._path] += 1
        stream.write(raw)

    def flush(self) -> None:
        """Let workers see what was added."""
        if self._stream is not None:
            self._stream.flush()

    def release(self, numbers: Iterable[int]) -> None:
        """These messages were judged."""
        for number in numbers:
            place = self.places.pop(number, None)
            if place is not None:
                self._left[place.path] -= 1
                if self._left[place.path] == 0 and place.path != self._path:
                    self._remove(place.path)

    def close(self) -> None:
        """Remove everything."""
        if self._stream is not None:
            self._stream.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _next(self) -> BinaryIO:
        if self._stream is not None:
            self._stream.close()
            if self._left[self._path] == 0:
                self._remove(self._path)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._count += 1
        self._path = str(self.folder / f"{self._count:06d}")
        self._left[self._path] = 0
        self._stream = Path(self._path).open("wb")  # noqa: SIM115 - closed by the next segment, or by close()
        return self._stream

    def _remove(self, path: str) -> None:
        del self._left[path]
        with suppress(OSError):
            Path(path).unlink()
