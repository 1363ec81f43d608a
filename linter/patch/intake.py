"""What the user named (files, directories, standard input, revisions) in, messages out, one at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .mbox import split_mbox, starts_mbox
from .message import parse_message
from .model import Message

__all__ = ["Problem", "parse_message", "read_messages", "split_mbox"]


@dataclass(frozen=True, slots=True)
class Problem:
    """An input that could not be read at all, and why."""

    source: str
    reason: str


def read_messages(
    sources: Sequence[str],
    *,
    stdin: BinaryIO | None = None,
    cwd: str = ".",
    problems: list[Problem] | None = None,
    decoded: bool = False,
) -> Iterator[Message]:
    """Yield every message of the sources in their order."""
    for source in sources:
        if source == "-":
            assert stdin is not None
            yield from read_stream(stdin, "-", decoded=decoded)
            continue
        path = Path(cwd, source)
        try:
            with path.open("rb") as stream:
                yield from read_stream(stream, source, decoded=decoded)
        except OSError as error:
            if problems is not None:
                problems.append(Problem(source, error.strerror or str(error)))


def read_stream(stream: BinaryIO, source: str, *, decoded: bool = False) -> Iterator[Message]:
    """Yield the messages of one mbox, or the one message of a file that is none."""
    head = stream.read(8192)
    joined = io.BufferedReader(_Joined(head, stream))
    if starts_mbox(head.lstrip(b"\r\n")):
        for _, _, data in split_mbox(joined):
            yield parse_message(data, source, decoded=decoded)
    else:
        yield parse_message(joined.read(), source, decoded=decoded)


class _Joined(io.RawIOBase):
    """A stream whose head was read already."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self.head = head
        self.rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]  # narrower than the stub's Buffer
        data = self.head[: len(target)] if self.head else self.rest.read(len(target))
        self.head = self.head[len(data) :] if self.head else b""
        target[: len(data)] = data
        return len(data)
