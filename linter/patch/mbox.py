"""A byte stream in, its messages with offset and length out: mboxrd, mboxo, mboxcl2, concatenated format-patch output.

A body line such as "From commit f25a…" must not cut a mail in two, so a separator is believed only when it has an
address (or an object id) and a full date, stands behind a blank line, and is followed by a header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from linter.pattern import lazy

CHUNK = 1 << 20
# A message beyond this is cut and its rest passed over: memory stays bounded whatever the input.
MAX_MESSAGE = 256 << 20

FROM_LINE = lazy(
    rb"From \S{1,320}(?: at \S{1,320})?[ \t]{1,8}"
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? {1,3}[A-Z][a-z]{2} {1,3}\d{1,2} \d\d:\d\d(?::\d\d)?"
    rb"(?: [A-Z+-][^\s]{0,8}){0,2} \d{4}[^\n]{0,40}\n(?=[!-9;-~]{1,128}:|>From )"
)
# What `git format-patch` writes instead of a date; certain enough to stand without a blank line before it.
_MAGIC = lazy(rb"From [0-9a-f]{40,64} Mon Sep 17 00:00:00 2001\r?\n")
# The first line of a format-patch mail that lies inside another mail, or is attached to one.
INNER = lazy(rb"^>?From [0-9a-f]{40,64} Mon Sep 17 00:00:00 2001\r?\n(?=[A-Za-z-]{1,80}:)", re.MULTILINE)
INNER_SIGN = b" Mon Sep 17 00:00:00 2001"
_LOOK_AHEAD = 1400  # more than the longest separator and the name of a header
_CONTENT_LENGTH = lazy(rb"^content-length:[ \t]*(\d{1,12})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_HEAD_END = lazy(rb"\n\r?\n")
_QUOTED_FROM = lazy(rb"^>(>*From )", re.MULTILINE)


def starts_mbox(head: bytes) -> bool:
    """Tell whether bytes begin with a separator line."""
    return head.startswith(b"From ") and FROM_LINE.match(head) is not None


def unquote_from(message: bytes) -> bytes:
    """Undo the `>From ` quoting of an mbox message; its separator line stays."""
    return _QUOTED_FROM.sub(rb"\1", message) if b"\n>" in message and b">From " in message else message


def split_mbox(stream: BinaryIO, *, chunk: int = CHUNK) -> Iterator[tuple[int, int, bytes]]:
    """Yield (offset, length, bytes) of each message; bytes are as they stand, separator line included.

    What comes before the first separator is a message of its own. Memory: one message and a chunk.
    """
    return _Splitter(stream, chunk).messages()


class _Splitter:
    """A window on the stream: `buffer[start:]` is the message, `scan` where the next separator is looked for."""

    def __init__(self, stream: BinaryIO, chunk: int) -> None:
        self.stream = stream
        self.chunk = chunk
        self.buffer = bytearray()
        self.base = 0  # offset in the stream of buffer[0]
        self.start = 0
        self.scan = 0
        self.ended = False
        self.claim: int | None = -1  # where Content-Length says the body ends; -1: not looked up yet

    def messages(self) -> Iterator[tuple[int, int, bytes]]:
        while True:
            at = self.buffer.find(b"\nFrom ", self.scan)
            if at < 0 and self.ended:
                if self.buffer[self.start :].strip():
                    yield self._message(len(self.buffer))
                return
            if not self.ended and (at < 0 or at + _LOOK_AHEAD > len(self.buffer)):
                self.scan = at if at >= 0 else max(self.scan, len(self.buffer) - 5)
                if len(self.buffer) - self.start > MAX_MESSAGE:
                    yield self._message(self.start + MAX_MESSAGE)
                    self._pass_over()
                else:
                    self._read()
                continue
            if self._separates(at + 1):
                if self.buffer[self.start : at + 1].strip():
                    yield self._message(at + 1)
                self.start, self.claim = at + 1, -1
            self.scan = at + 1

    def _message(self, end: int) -> tuple[int, int, bytes]:
        return self.base + self.start, end - self.start, bytes(self.buffer[self.start : end])

    def _read(self) -> None:
        if self.start:
            del self.buffer[: self.start]
            self.base += self.start
            self.scan -= self.start
            if self.claim is not None and self.claim >= 0:
                self.claim -= self.start
            self.start = 0
        data = self.stream.read(self.chunk)
        self.buffer += data
        self.ended = not data

    def _pass_over(self) -> None:
        """Drop the rest of an oversized message, up to the next separator."""
        self.claim = None
        while True:
            at = self.buffer.find(b"\nFrom ", self.scan)
            if at >= 0 and (self.ended or at + _LOOK_AHEAD <= len(self.buffer)):
                self.scan = at + 1
                if self._separates(at + 1):
                    self.start, self.claim = at + 1, -1
                    return
                continue
            if self.ended:
                self.start = self.scan = len(self.buffer)
                return
            self.scan = at if at >= 0 else max(self.scan, len(self.buffer) - 5)
            self.start = max(self.start, self.scan - 4)
            self._read()

    def _separates(self, at: int) -> bool:
        buffer = self.buffer
        if not FROM_LINE.match(buffer, at):
            return False
        blank = at >= 2 and (buffer[at - 2] == 10 or (at >= 3 and buffer[at - 2] == 13 and buffer[at - 3] == 10))
        return (blank or _MAGIC.match(buffer, at) is not None) and not self._inside_claim(at)

    def _inside_claim(self, at: int) -> bool:
        """Tell whether a Content-Length header (mboxcl2) covers this place; believed only if a message ends there."""
        if self.claim == -1:
            self.claim = None
            head_end = _HEAD_END.search(self.buffer, self.start, at)
            if head_end and (length := _CONTENT_LENGTH.search(self.buffer, self.start, head_end.start() + 1)):
                self.claim = head_end.end() + int(length[1])
        if self.claim is None or self.claim <= at or self.claim - self.start > MAX_MESSAGE:
            return False
        while not self.ended and len(self.buffer) < self.claim + _LOOK_AHEAD:
            data = self.stream.read(self.chunk)
            self.buffer += data
            self.ended = not data
        end = self.claim
        while end < len(self.buffer) and end < self.claim + 4 and self.buffer[end] in b"\r\n":
            end += 1
        return end == len(self.buffer) or FROM_LINE.match(self.buffer, end) is not None
