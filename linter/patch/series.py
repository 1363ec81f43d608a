"""Messages in, series out: patches of one thread, or of one numbering where there are no headers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from .model import Message, Series


def group_series(messages: Iterable[Message], on_message: Callable[[Message], None] | None = None) -> Iterator[Series]:
    """Yield each patch as a series of its own; `on_message` sees every message first, with or without a patch."""
    for message in messages:
        if on_message is not None:
            on_message(message)
        for patch in message.patches:
            yield Series((patch,))
