"""What flows through an audit: where a message lies, what a worker is asked, and what it answers.

Only numbers, strings, bytes and tuples of them cross a process boundary: a worker gets places, never messages.
"""

from __future__ import annotations

from typing import Any

from linter.record import field, record

Row = dict[str, Any]
"""One row for the store, by column name."""


@record
class Place:
    """Where the bytes of one message lie."""

    kind: str  # "range" of a file, "blob" or "commit" of a git repository
    path: str  # of the file, or of the repository
    offset: int = 0
    length: int = 0
    name: str = ""  # object id of a blob or commit; what tells a maildir message apart


@record
class Entry:
    """One message as a source hands it to the scan."""

    place: Place  # as it is stored: offsets count in the unpacked stream
    raw: bytes  # empty for a commit: nothing but its id is known yet
    position: str  # what the source needs to go on behind this message
    readable: Place | None = None  # where a worker can read it, if not at `place` (unpacked copies)
    retracts: str = ""  # object id of a message that the archive took back


@record
class Item:
    """One message of a task. `judge` is False where its patch is at hand and only remarks are wanted."""

    number: int
    place: Place
    judge: bool = True


@record
class Task:
    """Messages that are judged together: a series as far as it arrived, or one message."""

    number: int
    items: tuple[Item, ...]
    rules: frozenset[str] | None = None  # judge by these only; None: by all that are enabled


@record(frozen=False)
class Answer:
    """What a worker says about one task: rows, with `message` numbers as keys into the store."""

    task: int
    messages: list[Row] = field(default_factory=list)
    patches: list[Row] = field(default_factory=list)
    files: list[Row] = field(default_factory=list)
    findings: list[Row] = field(default_factory=list)
    unreported: list[Row] = field(default_factory=list)
    remarks: list[Row] = field(default_factory=list)
    skipped: list[Row] = field(default_factory=list)


@record(frozen=False)
class Tally:
    """Totals of a run, for the progress line and the closing words."""

    messages: int = 0
    copies: int = 0
    patches: int = 0
    findings: int = 0
    remarks: int = 0
    skipped: int = 0
