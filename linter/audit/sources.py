"""Archives as people name them in, entries in reading order out: mbox files (packed ones too) and maildirs.

A source is read front to back once. What it needs to go on after a stop is a short string, its position.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from linter.audit.model import Entry, Place
from linter.errors import InputError, UsageError
from linter.patch.mbox import split_mbox

IDENTITY_BYTES = 4096
PACKED = {b"\x1f\x8b": "gzip", b"\xfd7": "lzma", b"\x28\xb5": "zstd"}


class Source(Protocol):
    """One archive."""

    kind: str
    path: str

    def identity(self) -> str:
        """A string that stays the same while the archive only grows."""

    def entries(self, position: str) -> Iterator[Entry]:
        """Messages behind `position` ("" for the start), in reading order."""

    def size(self) -> int:
        """Bytes to read, for the time left; 0 where unknown."""


class MboxFile:
    """A plain mbox: workers read their ranges from the file itself."""

    kind = "mbox"

    def __init__(self, path: str) -> None:
        self.path = path

    def identity(self) -> str:
        """Digest of the first bytes up to the first blank line: appending keeps it."""
        with Path(self.path).open("rb") as stream:
            head = stream.read(IDENTITY_BYTES)
        return hashlib.blake2b(head.partition(b"\n\n")[0], digest_size=12).hexdigest()

    def entries(self, position: str) -> Iterator[Entry]:
        """Split from the offset on."""
        base = int(position or 0)
        with Path(self.path).open("rb") as stream:
            stream.seek(base)
            for offset, length, raw in split_mbox(stream):
                place = Place("range", self.path, base + offset, length)
                yield Entry(place, raw, str(base + offset + length))

    def size(self) -> int:
        """Bytes of the file."""
        return Path(self.path).stat().st_size


class PackedMbox:
    """A compressed mbox, unpacked as a stream; offsets count in the unpacked bytes."""

    kind = "packed"

    def __init__(self, path: str, method: str) -> None:
        self.path = path
        self.method = method

    def identity(self) -> str:
        """Digest of the first packed bytes."""
        with Path(self.path).open("rb") as stream:
            return hashlib.blake2b(stream.read(IDENTITY_BYTES), digest_size=12).hexdigest()

    def entries(self, position: str) -> Iterator[Entry]:
        """Unpack from the start (there is no other way), and skip what lies before the position."""
        base = int(position or 0)
        try:
            with self._open() as packed:
                stream = _Patient(packed)
                _skip(stream, base)
                for offset, length, raw in split_mbox(cast(BinaryIO, stream)):
                    place = Place("range", self.path, base + offset, length)
                    yield Entry(place, raw, str(base + offset + length))
        except OSError as error:
            raise InputError(f"{self.path} is damaged: {error}", "what came before the damage was audited") from error

    def _open(self) -> BinaryIO:
        if self.method == "gzip":
            import gzip

            return cast(BinaryIO, gzip.open(self.path))
        if self.method == "lzma":
            import lzma

            return cast(BinaryIO, lzma.open(self.path))
        try:
            import zstandard
        except ImportError as error:
            raise UsageError(f"{self.path} is packed with zstd", "install hunklint[zstd]") from error
        stream: BinaryIO = zstandard.open(self.path, "rb")
        return stream

    def size(self) -> int:
        """Unknown before it is unpacked."""
        return 0


class Maildir:
    """A maildir: one file a message, named apart from its flags."""

    kind = "maildir"

    def __init__(self, path: str) -> None:
        self.path = path

    def identity(self) -> str:
        """A maildir is itself by its path."""
        return "maildir"

    def entries(self, position: str) -> Iterator[Entry]:
        """Files of cur and new by name, behind the position."""
        for name, where in sorted(self._files()):
            if name <= position:
                continue
            try:
                raw = Path(where).read_bytes()
            except OSError:
                continue  # a mail program moved it just now; it comes with the next run
            yield Entry(Place("range", where, 0, len(raw), name), raw, name)

    def _files(self) -> Iterator[tuple[str, str]]:
        for folder in ("cur", "new"):
            with os.scandir(Path(self.path, folder)) as files:
                for file in files:
                    if not file.name.startswith(".") and file.is_file():
                        yield file.name.partition(":2,")[0], file.path

    def size(self) -> int:
        """Unknown before every file is looked at."""
        return 0


class _Patient:
    """A stream that hands out what it has before it tells of damage."""

    def __init__(self, stream: BinaryIO) -> None:
        self._read = getattr(stream, "read1", stream.read)
        self._damage: Exception | None = None

    def read(self, count: int) -> bytes:
        """Up to so many bytes, fewer at the end or before damage."""
        if self._damage is not None:
            raise self._damage
        parts: list[bytes] = []
        while count > 0:
            try:
                data = self._read(count)
            except Exception as error:  # each of the libraries has its own kinds
                self._damage = OSError(str(error))
                break
            if not data:
                break
            parts.append(data)
            count -= len(data)
        if self._damage is not None and not parts:
            raise self._damage
        return b"".join(parts)


def _skip(stream: _Patient, count: int) -> None:
    while count > 0:
        chunk = stream.read(min(count, 1 << 20))
        if not chunk:
            return
        count -= len(chunk)


def open_sources(names: list[str], git_range: str | None = None) -> list[Source]:
    """The archives that names stand for; a public-inbox of several epochs is several sources."""
    from linter.audit.inbox import CommitRange, find_inboxes

    found: list[Source] = []
    for name in names:
        path = str(Path(name).resolve())
        if git_range is not None:
            found.append(CommitRange(path, git_range))
        elif Path(path).is_dir():
            maildir = Path(path, "cur").is_dir() and Path(path, "new").is_dir()
            found += [Maildir(path)] if maildir else find_inboxes(path)
        else:
            found.append(_open_file(path))
    return found


def _open_file(path: str) -> Source:
    try:
        with Path(path).open("rb") as stream:
            head = stream.read(IDENTITY_BYTES)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", "name an mbox, a maildir or a repository") from error
    if not head:
        raise InputError(f"{path} is empty", "name an mbox with messages in it")
    if head[:2] in PACKED:
        return PackedMbox(path, PACKED[head[:2]])
    if b"\0" in head:
        raise InputError(
            f"{path} is no mbox: binary data", "give an mbox (.gz, .xz, .zst too), a maildir or a repository"
        )
    return MboxFile(path)
