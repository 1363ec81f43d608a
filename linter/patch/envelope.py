"""One message with its transfer encoding undone: its headers, and where its text starts."""

from __future__ import annotations

from linter.record import record


@record
class Mail:
    """A message with its transfer encoding undone; ``raw[body_start:]`` is its text."""

    headers: tuple[tuple[str, str], ...]
    raw: bytes
    body_start: int
    is_mail: bool = True
    flowed: bool = False
    delsp: bool = False
    markup: bool = False  # the text was drawn from HTML
    problem: str = ""

    @property
    def body(self) -> bytes:
        """The decoded text."""
        return self.raw[self.body_start :]

    def get(self, name: str) -> str:
        """The first header of this (lower-case) name, or an empty string."""
        return next((value for key, value in self.headers if key.lower() == name), "")


def strip_carriage_returns(data: bytes) -> bytes:
    """Turn CRLF into LF where every line has it (it is the transport's, not the file's)."""
    if b"\r" not in data[:4096] and b"\r\n" not in data:
        return data
    return data.replace(b"\r\n", b"\n") if data.count(b"\r\n") >= data.count(b"\n") else data
