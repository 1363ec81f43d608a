"""Messages in reading order in, tasks out: patches of one series wait for each other, everything else goes on alone.

What waits is bounded: a series is closed when it is complete, when it is long, or when the archive has gone on without
it for a while. All of that is counted in messages, never in seconds, so that a run which was killed and continued
groups as one that was not.
"""

from __future__ import annotations

from collections.abc import Iterator

from linter.audit.headers import Peek
from linter.record import field, record

WINDOW = 2000
"""Messages after which a series no longer waits for missing patches."""
MAX_MEMBERS = 64
"""Patches that are judged together; a longer series is judged in stretches."""


@record(frozen=False)
class Group:
    """A series that still waits."""

    task: int  # number of its first message
    version: int
    total: int
    last: int  # number of its latest message
    members: list[int] = field(default_factory=list)
    indices: set[int] = field(default_factory=set)
    names: set[str] = field(default_factory=set)  # Message-IDs of members and of what they reply to

    @property
    def complete(self) -> bool:
        """Whether every patch from 1 to n is there (a cover letter comes before them or never)."""
        return len(self.indices - {0}) >= self.total


class Grouping:
    """The series that wait, found by the Message-IDs that tie them together."""

    def __init__(self) -> None:
        self.open: dict[int, Group] = {}
        self._by_name: dict[tuple[str, int, int], int] = {}
        self._bare: int | None = None  # the series of the patch just before, where mails have no ids

    def add(self, number: int, seen: Peek) -> tuple[int, list[Group]]:
        """Place a message: its task, and the series that are closed by its coming."""
        closed = list(self._expire(number))
        bare = self.open.get(self._bare) if self._bare is not None else None
        group = self._find(seen, bare) if seen.numbered else None
        if bare is not None and group is not bare:
            closed.append(self._close(bare))  # without ids only neighbours are known to belong together
        if not seen.numbered or seen.index is None or seen.total is None:
            return number, closed
        if group is not None and (seen.index in group.indices or len(group.members) >= MAX_MEMBERS):
            closed.append(self._close(group))
            group = None
        if group is None:
            group = Group(number, seen.version, seen.total, number)
            self.open[number] = group
        self._join(group, number, seen)
        if group.complete:
            closed.append(self._close(group))
        return group.task, closed

    def restore(self, task: int, members: list[tuple[int, Peek]]) -> None:
        """Put a waiting series back as it was when the run ended."""
        for number, seen in members:
            if task not in self.open:
                self.open[task] = Group(task, seen.version, seen.total or 0, number)
            self._join(self.open[task], number, seen)

    def drain(self) -> list[Group]:
        """Close everything: the archive ends here."""
        return [self._close(group) for group in list(self.open.values())]

    def _find(self, seen: Peek, bare: Group | None) -> Group | None:
        total = seen.total or 0
        if seen.message_id is None:
            follows = bare is not None and bare.total == total and seen.index == max(bare.indices) + 1
            return bare if follows else None
        for name in (seen.message_id, *seen.parents):
            task = self._by_name.get((name, seen.version, total))
            if task in self.open:
                return self.open[task]
        return None

    def _join(self, group: Group, number: int, seen: Peek) -> None:
        group.members.append(number)
        group.indices.add(seen.index or 0)
        group.last = number
        # a reply to an older version ties a series to that version's thread, but only its own thread names it
        for name in (seen.message_id, *seen.parents):
            if name is not None:
                group.names.add(name)
                self._by_name[name, group.version, group.total] = group.task
        if seen.message_id is None:
            self._bare = group.task

    def _close(self, group: Group) -> Group:
        del self.open[group.task]
        if self._bare == group.task:
            self._bare = None
        for name in group.names:
            if self._by_name.get((name, group.version, group.total)) == group.task:
                del self._by_name[name, group.version, group.total]
        return group

    def _expire(self, number: int) -> Iterator[Group]:
        # insertion order is the order of first members; only the front can have waited long
        if not self.open or next(iter(self.open)) + WINDOW >= number:
            return
        for group in list(self.open.values()):
            if group.last + WINDOW < number:
                yield self._close(group)
            elif group.task + WINDOW >= number:
                break
