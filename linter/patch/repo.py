"""Reads files from a git repository or a plain tree, never outside it and never by running more than one process."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from types import TracebackType

MAX_FILE_BYTES = 32 << 20
"""A larger file is not read: no source file is that big."""
_CACHED_FILES = 64


def is_safe_path(path: str) -> bool:
    """Can this path from a patch be looked up: relative, inside the root, and one line."""
    if not path or path.startswith(("/", "\\", "-", ":")) or any(c in path for c in "\0\n\r"):
        return False
    return all(part not in ("", ".", "..") for part in path.split("/")) and path.split("/")[0] != ".git"


def blob_id(text: bytes) -> str:
    """The object id that git (SHA-1) gives this text."""
    return hashlib.sha1(b"blob %d\0" % len(text) + text, usedforsecurity=False).hexdigest()


class GitRepository:
    """Blobs of a repository through one long-running `git cat-file --batch`."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._process: subprocess.Popen[bytes] | None = None
        self._broken = False
        self._cache: OrderedDict[str, bytes | None] = OrderedDict()

    def blob(self, object_id: str) -> bytes | None:
        """The blob with this (abbreviated) id."""
        if not 4 <= len(object_id) <= 64 or object_id.strip("0") == "" or object_id.strip("0123456789abcdef"):
            return None
        return self._read(object_id)

    def file(self, revision: str, path: str) -> bytes | None:
        """The file at this path in a revision."""
        if not is_safe_path(path) or not revision or any(c in revision for c in " \0\n\r:") or revision[0] == "-":
            return None
        return self._read(f"{revision}:{path}")

    def file_at(self, revision: str, path: str) -> bytes | None:
        """The file at this path in a revision."""
        return self.file(revision, path)

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with suppress(OSError):  # what was still to be written to a process that has gone
                        stream.close()
            process.wait()

    def __enter__(self) -> GitRepository:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, name: str) -> bytes | None:
        if name in self._cache:
            self._cache.move_to_end(name)
            return self._cache[name]
        found = None
        if not self._broken:
            try:
                found = self._ask(name.encode("utf-8", "surrogateescape"))
            except OSError:
                self._broken = True
                self.close()
        self._cache[name] = found
        if len(self._cache) > _CACHED_FILES:
            self._cache.popitem(last=False)
        return found

    def _ask(self, name: bytes) -> bytes | None:
        """Ask the process for one object; OSError when it has gone."""
        process = self._start()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(name + b"\n")
        process.stdin.flush()
        header = process.stdout.readline()
        if not header:
            raise OSError("git cat-file ended")
        fields = header.rsplit(b" ", 2)
        if len(fields) != 3 or not fields[2].strip().isdigit():
            return None  # "missing", "ambiguous"
        size = int(fields[2])
        wanted = fields[1] == b"blob" and size <= MAX_FILE_BYTES
        text = self._take(size) if wanted else None
        if not wanted:
            self._drop(size)
        process.stdout.read(1)
        return text

    def _take(self, size: int) -> bytes:
        assert self._process is not None and self._process.stdout is not None
        text = self._process.stdout.read(size)
        if len(text) != size:
            raise OSError("git cat-file ended")
        return text

    def _drop(self, size: int) -> None:
        while size > 0:
            size -= len(self._take(min(size, 1 << 20)))

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                ["git", "--no-replace-objects", "-C", self.path, "cat-file", "--batch"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"},
            )
        return self._process


class PlainTree:
    """Files below a directory; links that lead out of it are not followed."""

    def __init__(self, path: str) -> None:
        self.root = Path(path).resolve()

    def file(self, path: str) -> bytes | None:
        """The file at this path, None where there is none to read."""
        if not is_safe_path(path):
            return None
        try:
            place = (self.root / path).resolve(strict=True)
            if not place.is_relative_to(self.root) or not place.is_file() or place.stat().st_size > MAX_FILE_BYTES:
                return None
            return place.read_bytes()
        except (OSError, ValueError, RuntimeError):
            return None


Repo = GitRepository


def open_repo(path: str) -> GitRepository:
    """The repository at a path; its process starts when the first object is asked for."""
    return GitRepository(path)
