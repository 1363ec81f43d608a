"""Places in, bytes out: the worker's side of the archives. Files and git processes stay open between messages."""

from __future__ import annotations

import os
import subprocess
from collections import OrderedDict

from linter.audit.inbox import GIT, BlobReader, git_environment
from linter.audit.model import Place

MAX_OPEN = 8


class Reader:
    """Reads messages by place."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, int] = OrderedDict()
        self._blobs: OrderedDict[str, BlobReader] = OrderedDict()

    def read(self, place: Place) -> bytes:
        """The bytes of one message; raises OSError where they are gone."""
        if place.kind == "blob":
            return self._blob(place)
        if place.kind == "commit":
            return read_commit(place.path, place.name)
        return self._range(place)

    def _range(self, place: Place) -> bytes:
        handle = self._files.get(place.path)
        if handle is None:
            if len(self._files) >= MAX_OPEN:
                os.close(self._files.popitem(last=False)[1])
            handle = self._files[place.path] = os.open(place.path, os.O_RDONLY)
        self._files.move_to_end(place.path)
        data = b""
        while len(data) < place.length:
            chunk = os.pread(handle, place.length - len(data), place.offset + len(data))
            if not chunk:
                raise OSError("the archive is shorter than it was")
            data += chunk
        return data

    def _blob(self, place: Place) -> bytes:
        reader = self._blobs.get(place.path)
        if reader is None:
            if len(self._blobs) >= MAX_OPEN:
                self._blobs.popitem(last=False)[1].close()
            reader = self._blobs[place.path] = BlobReader(place.path)
        self._blobs.move_to_end(place.path)
        return reader.read(place.name)


def read_commit(repo: str, name: str) -> bytes:
    """A commit as `git format-patch` writes it, whatever the user's configuration says."""
    shape = ("--no-signature", "--no-renames", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color")
    plain = ("-c", "format.thread=false", "-c", "diff.noprefix=false", "-c", "diff.mnemonicPrefix=false")
    done = subprocess.run(
        [*GIT, "-C", repo, *plain, "format-patch", "-1", "--stdout", "--no-stat", *shape, name, "--"],
        capture_output=True, stdin=subprocess.DEVNULL, env=git_environment(), check=False,
    )  # fmt: skip
    if done.returncode or not done.stdout:
        raise OSError(f"git cannot show commit {name}")
    return done.stdout
