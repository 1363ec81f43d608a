"""Places in, bytes out: the worker's side of the archives. Files and git processes stay open between messages."""

from __future__ import annotations

import os
from collections import OrderedDict

from linter.audit.inbox import BlobReader, CommitReader
from linter.audit.model import Place

MAX_OPEN = 8


class Reader:
    """Reads messages by place."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, int] = OrderedDict()
        self._git: OrderedDict[tuple[str, str], BlobReader | CommitReader] = OrderedDict()

    def read(self, place: Place) -> bytes:
        """The bytes of one message; raises OSError where they are gone."""
        return self._range(place) if place.kind == "range" else self._ask(place)

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

    def _ask(self, place: Place) -> bytes:
        """Through the git process for this sort of object; one that failed is not asked again."""
        key = (place.kind, place.path)
        reader = self._git.pop(key, None)
        if reader is None:
            if len(self._git) >= MAX_OPEN:
                self._git.popitem(last=False)[1].close()
            reader = BlobReader(place.path) if place.kind == "blob" else CommitReader(place.path)
        try:
            data = reader.read(place.name)
        except BaseException:
            reader.close()
            raise
        self._git[key] = reader
        return data
