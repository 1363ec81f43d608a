"""Messages in, series out: patches of one thread, or of one numbering where there are no headers.

Only within a series does one patch build on another, so a doubtful case is left single: a series has one sender, one
version, one total, and no number twice. Messages are seen once, in their order, and few are held at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from linter.patch.model import Message, Patch, Series
from linter.pattern import lazy
from linter.record import field, record

WINDOW = 512  # messages after which a series that nothing was added to is taken for complete
MAX_TOTAL = 1000
_REPLY = lazy(r"\s*(?:re|aw|sv|fwd?)\s*:", re.IGNORECASE)
_NUMBERED_FILE = lazy(r"(.*?)(?:v\d+-)?(\d{4})-[^/]*$", re.DOTALL)

Key = tuple[object, ...]


@record(frozen=False)
class _Group:
    """A series that is being gathered."""

    total: int
    last: int  # serial number of the message added last
    patches: dict[int, Patch] = field(default_factory=dict)
    cover: Message | None = None
    ids: list[str] = field(default_factory=list)

    def series(self) -> Series:
        return Series(tuple(self.patches[index] for index in sorted(self.patches)), self.cover)


def group_series(
    messages: Iterable[Message], on_message: Callable[[Message], None] | None = None, *, window: int = WINDOW
) -> Iterator[Series]:
    """Yield each series once it is complete, or once `window` messages added nothing to it; others at once.

    Every patch of every message comes out exactly once. Messages without a patch come out as the cover of a series or
    not at all: count messages in `on_message`, which is called for each before anything is yielded from it.
    """
    yield from _Grouper(on_message, window).run(messages)


class _Grouper:
    def __init__(self, on_message: Callable[[Message], None] | None, window: int) -> None:
        self.on_message = on_message
        self.window = window
        self.groups: dict[Key, _Group] = {}
        self.roots: dict[str, Key] = {}  # message id -> the series it belongs to
        self.serial = 0
        self.unthreaded: tuple[Key, str, int] | None = None  # series, source and number of the mail just before

    def run(self, messages: Iterable[Message]) -> Iterator[Series]:
        for message in messages:
            self.serial += 1
            if self.on_message is not None:
                self.on_message(message)
            yield from self._expire()
            if len(message.patches) == 1 and _is_part(message.patches[0]):
                yield from self._add(message, message.patches[0])
            elif message.cover:
                yield from self._add_cover(message)
            else:
                self.unthreaded = None
                for patch in message.patches:
                    yield Series((patch,))
        for key in list(self.groups):
            yield from self._close(key)

    def _expire(self) -> Iterator[Series]:
        if self.serial % 16:
            return
        for key in [key for key, group in self.groups.items() if self.serial - group.last > self.window]:
            yield from self._close(key)

    def _close(self, key: Key) -> Iterator[Series]:
        group = self.groups.pop(key)
        for message_id in group.ids:
            self.roots.pop(message_id, None)
        if group.patches:
            yield group.series()

    def _add_cover(self, message: Message) -> Iterator[Series]:
        from linter.patch.header import parse_subject

        subject = parse_subject(message.subject)
        if not subject.total or subject.total > MAX_TOTAL:
            return
        sender = message.sender.address if message.sender else ""
        kind: Key = (sender, subject.total, subject.version)
        key = self._key(message.message_id, message.in_reply_to, message.references, kind)
        if key is None:
            key = ("unthreaded", self.serial, *kind)
            self.unthreaded = (key, message.source, 0)
        known = self.groups.get(key)
        if known is not None and known.cover is not None:
            yield from self._close(key)
            known = None
        group = known or self.groups.setdefault(key, _Group(subject.total, self.serial))
        group.cover, group.last = message, self.serial
        self._remember(message.message_id, key, group)

    def _add(self, message: Message, patch: Patch) -> Iterator[Series]:
        assert patch.index is not None and patch.total is not None
        sender = patch.sender.address if patch.sender else ""
        kind: Key = (sender, patch.total, patch.version)
        key = self._key(patch.message_id, patch.in_reply_to, patch.references, kind)
        if key is None:
            key = self._unthreaded_key(patch, kind)
        else:
            self.unthreaded = None
        known = self.groups.get(key)
        if known is not None and patch.index in known.patches:
            yield from self._close(key)
            known = None
        group = known or self.groups.setdefault(key, _Group(patch.total, self.serial))
        group.patches[patch.index] = patch
        group.last = self.serial
        self._remember(message.message_id, key, group)
        if len(group.patches) == group.total:
            yield from self._close(key)

    def _remember(self, message_id: str | None, key: Key, group: _Group) -> None:
        if message_id is not None:
            self.roots[message_id] = key
            group.ids.append(message_id)

    def _key(
        self, message_id: str | None, in_reply_to: str | None, references: tuple[str, ...], kind: Key
    ) -> Key | None:
        """The series a threaded mail belongs to: that of a mail it refers to, else one named after its thread."""
        if message_id is None:
            return None
        for reference in (in_reply_to, *reversed(references[-20:])):
            known = self.roots.get(reference) if reference else None
            if known is not None and known[-len(kind) :] == kind:
                return known
        root = references[0] if references else in_reply_to or message_id
        return ("thread", root, *kind)

    def _unthreaded_key(self, patch: Patch, kind: Key) -> Key:
        """The series of a mail without ids: that of the mail just before it if it carries the next number."""
        before = self.unthreaded
        assert patch.index is not None
        key: Key = ("unthreaded", self.serial, *kind)
        if before is not None and before[2] == patch.index - 1:
            same_kind = before[0][-len(kind) :] == kind
            same_total = before[0][-2:] == kind[-2:]
            if (
                same_kind
                or (same_total and _are_numbered_files(before[1], patch.source, patch.index))
                or (same_total and patch.commit is not None)
            ):
                key = before[0]
        self.unthreaded = (key, patch.source, patch.index)
        return key


def _is_part(patch: Patch) -> bool:
    """Whether a patch is one of several sent together."""
    return (
        patch.index is not None
        and patch.total is not None
        and 1 < patch.total <= MAX_TOTAL
        and 0 < patch.index <= patch.total
        and not patch.quoted
        and not _REPLY.match(patch.subject)
    )


def _are_numbered_files(before: str, source: str, index: int) -> bool:
    """Whether two files are what `git format-patch` wrote one after the other."""
    first, second = _NUMBERED_FILE.match(before), _NUMBERED_FILE.match(source)
    return bool(first and second and first[1] == second[1] and int(second[2]) == index == int(first[2]) + 1)
