"""What `git send-email` has shown to its hook so far: the hook is called once a mail, a series is judged as a whole.

The names of the files are kept in a private folder, under the process that sends: a second `git send-email` beside it
has notes of its own, and notes of a process that is gone are nobody's.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import time
from collections.abc import Mapping
from pathlib import Path

from linter.record import record

STALE = 24 * 3600  # seconds after which notes are thrown away, whoever made them
_GENERATIONS = 8  # processes between the hook and what sends: sh, git hook run, perhaps a hook manager


@record
class Sending:
    """The mails seen in this run, what was said about them, and whether the sender wants to be asked again."""

    files: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    agreed: bool = False


@record
class Turn:
    """Which call of the hook this is; git older than 2.42 does not say."""

    number: int | None
    total: int | None

    @property
    def is_counted(self) -> bool:
        """Whether git said it."""
        return self.number is not None and self.total is not None

    @property
    def is_last(self) -> bool:
        """Whether no other mail follows in this run, as far as is known."""
        return self.number is not None and self.total is not None and self.number >= self.total


def read_turn(environment: Mapping[str, str]) -> Turn:
    """The counter and the total that git gives."""
    number = environment.get("GIT_SENDEMAIL_FILE_COUNTER", "")
    total = environment.get("GIT_SENDEMAIL_FILE_TOTAL", "")
    if number.isascii() and number.isdigit() and total.isascii() and total.isdigit():
        return Turn(int(number), int(total))
    return Turn(None, None)


class Notes:
    """The notes of one run of `git send-email`."""

    def __init__(self, folder: Path, key: str) -> None:
        self.path = folder / f"sending-{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"

    def read(self) -> Sending:
        """What is noted; nothing where the notes are missing, damaged, old, or somebody else's."""
        try:
            with self.path.open("rb") as stream:
                status = os.fstat(stream.fileno())
                if status.st_uid != os.geteuid() or time.time() - status.st_mtime > STALE:
                    return Sending()
                data = json.loads(stream.read())
            return Sending(tuple(map(str, data["files"])), tuple(map(str, data["said"])), bool(data["agreed"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Sending()

    def write(self, sending: Sending) -> None:
        """Note it; raises OSError where there is no place for it."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps({"files": sending.files, "said": sending.said, "agreed": sending.agreed})
        # by hand: importing tempfile would cost a tenth of the hook's time
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(text.encode("utf-8", "surrogateescape"))
        temporary.replace(self.path)

    def forget(self) -> None:
        """Throw the notes away, and those that nobody will come back for."""
        self.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            for other in self.path.parent.glob("sending-*.json"):
                if time.time() - other.stat().st_mtime > STALE:
                    other.unlink(missing_ok=True)


def notes_folder() -> Path:
    """A folder that only this user can look into."""
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    if base and os.path.isabs(base) and _is_private(Path(base)):  # noqa: PTH117
        return Path(base) / "hunklint"
    cache = os.environ.get("XDG_CACHE_HOME", "")
    home = Path(cache) if os.path.isabs(cache) else Path.home() / ".cache"  # noqa: PTH117
    return home / "hunklint" / "sending"


def _is_private(folder: Path) -> bool:
    try:
        status = folder.stat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077


def sender() -> str:
    """A name for the process that sends: its id and start time, else the job that the hook runs in."""
    process = os.getppid()
    for _ in range(_GENERATIONS):
        found = _process(process)
        if found is None:
            break
        parent, started, words = found
        if any(os.path.basename(word).startswith(("git-send-email", "send-email")) for word in words[:4]):  # noqa: PTH119
            return f"{process}@{started}"
        process = parent
    return f"job {os.getsid(0)} {os.getpgrp()}"


def _process(process: int) -> tuple[int, str, list[str]] | None:
    """Parent, start time and command line of a process, where /proc tells them."""
    place = Path("/proc", str(process))
    try:
        fields = (place / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
        words = (place / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    return (int(fields[1]), fields[19], [os.fsdecode(word) for word in words]) if len(fields) > 19 else None
