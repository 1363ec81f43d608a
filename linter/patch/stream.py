"""A byte stream as it lies on disk in, its plain bytes out: gzip, xz, bzip2 and zstd are unpacked on the way."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

from linter.errors import InputError
from linter.pattern import lazy

PEEK = 8192
_MAIL = lazy(rb"(?:>?From |[!-9;-~]{1,70}:[ \t]|diff --|--- |Index: |commit [0-9a-f]{7})")
_BINARY = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x7fELF": "a program",
    b"PK\x03\x04": "a zip archive",
    b"SQLite format 3": "a database",
}


def open_plain(stream: BinaryIO, source: str) -> tuple[bytes, BinaryIO]:
    """The first bytes of the unpacked stream, and the whole of it; InputError where it holds no text."""
    head = stream.read(PEEK)
    plain: Any = io.BufferedReader(_Joined(head, stream), 1 << 16)
    if unpacked := _unpack(head, plain, source):
        reader = _Unpacked(unpacked, source)
        head = reader.read(PEEK)
        plain = io.BufferedReader(_Joined(head, reader), 1 << 16)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # what PowerShell makes of `git diff > file`
        data = plain.read().decode("utf-16", "replace").encode("utf-8")
        return data[:PEEK], io.BytesIO(data)
    if head.startswith(b"\xef\xbb\xbf"):
        plain.read(3)
        head = head[3:]
    if (what := _binary(head)) is not None:
        raise InputError(f"{source}: {what}, not a mail or a patch", "Name a mail, an mbox or a diff.")
    return head, plain


def _binary(head: bytes) -> str | None:
    for magic, what in _BINARY.items():
        if head.startswith(magic):
            return what
    # one zero byte in a mail must not hide the mail, nor the archive that it stands in
    if b"\0" in head and (head.count(b"\0") * 50 > len(head) or not (head[:200].isascii() or _MAIL.match(head))):
        return "a binary file"
    return None


def _unpack(head: bytes, plain: Any, source: str) -> Any:
    if head.startswith(b"\x1f\x8b"):
        import gzip

        return gzip.GzipFile(fileobj=plain)
    if head.startswith(b"\xfd7zXZ\0"):
        import lzma

        return lzma.LZMAFile(plain)
    if head.startswith(b"BZh") and head[4:10] == b"1AY&SY":
        import bz2

        return bz2.BZ2File(plain)
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        try:
            import zstandard
        except ImportError:
            raise InputError(
                f"{source}: packed with zstd, which needs an extra library",
                "Install hunklint[zstd], or unpack it first.",
            ) from None
        return zstandard.ZstdDecompressor().stream_reader(plain, read_across_frames=True)
    return None


class _Unpacked:
    """A decompressor; where the file is damaged or cut short, what came before is read and the rest is not."""

    def __init__(self, stream: Any, source: str) -> None:
        self.stream = stream
        self.source = source
        self.any = False

    def read(self, size: int = -1) -> bytes:
        try:
            data: bytes = self.stream.read(size)
        except Exception as error:  # each library has its own error for damaged data
            if not self.any:
                raise InputError(f"{self.source}: cannot be unpacked ({error})", "The file is damaged.") from error
            return b""
        self.any = self.any or bool(data)
        return data


class _Joined(io.RawIOBase):
    """A stream whose head was read already."""

    def __init__(self, head: bytes, rest: Any) -> None:
        self.head = head
        self.rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        data = self.head[: len(target)] if self.head else self.rest.read(len(target))
        self.head = self.head[len(data) :]
        target[: len(data)] = data
        return len(data)
