"""The question about managed calls in code that runs again and again while the device is there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.detect.calls import clean_text, named_calls
from linter.detect.contexts import reaches
from linter.detect.family_words import family_words
from linter.detect.questions import Answer, Query
from linter.pattern import lazy
from linter.rulebook.model import Confidence

_GIVES_BACK = lazy(rb"^devm_(?:k?free|\w+_(?:put|free|unregister|release|remove))")
_LASTS = lazy(r"mmap|probe|init|setup|bind|attach")
_RECURS = lazy(
    r"_(?:hw_params|startup|set_fmt|s_stream|start_streaming|read_raw|write_raw|get_modes|set_alt|vidioc_\w+)$"
)
"""Operations that a core calls for every stream, reading or mode."""
_TARGET = lazy(rb"([\w>.\[\]-]+)\s*=\s*$")


def managed_in_use(query: Query) -> Iterator[Answer]:
    """A managed allocation in a handler that user space calls as often as it likes: all of them stay until the end."""
    managed = family_words(query.tables).managed
    calls = [(name, start, opening) for name, start, opening in named_calls(query.function) if name in managed]
    if not calls or _LASTS.search(query.function.name):
        return
    if any(_GIVES_BACK.search(name) for name in query.unit.identifiers):
        return  # the counterpart of the handler may do it
    reach = reaches(query.unit, query.tables).get(query.function.name)
    if (reach is None or reach.confidence is not Confidence.HIGH) and not _RECURS.search(query.function.name):
        return
    for name, start, opening in calls:
        if not _only_once(query, start):
            yield Answer((start, opening), {"CALLEE": name, "FUNCTION": query.function.name}, key=name)


def _only_once(query: Query, start: int) -> bool:
    """Whether a call stands behind a test that its result is not there yet."""
    text = clean_text(query.unit)[query.function.body.start_byte : start]
    target = _TARGET.search(text[-200:])
    if target is None:
        return False
    return re.search(rb"\bif\s*\(\s*!\s*" + re.escape(target[1]) + rb"\s*[)&]", text) is not None
