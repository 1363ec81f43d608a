"""The question about managed calls in code that runs again and again while the device is there."""

from __future__ import annotations

from collections.abc import Iterator

from linter.detect.calls import named_calls
from linter.detect.contexts import reaches
from linter.detect.family_words import family_words
from linter.detect.questions import Answer, Query
from linter.pattern import lazy
from linter.rulebook.model import Confidence

_GIVES_BACK = lazy(rb"^devm_(?:k?free|\w+_(?:put|free|unregister|release|remove))")
_LASTS = lazy(r"mmap|probe|init|setup|bind|attach")


def managed_in_use(query: Query) -> Iterator[Answer]:
    """A managed allocation in a handler that user space calls as often as it likes: all of them stay until the end."""
    managed = family_words(query.tables).managed
    calls = [(name, start, opening) for name, start, opening in named_calls(query.function) if name in managed]
    if not calls or _LASTS.search(query.function.name):
        return
    if any(_GIVES_BACK.search(name) for name in query.unit.identifiers):
        return  # the counterpart of the handler may do it
    reach = reaches(query.unit, query.tables).get(query.function.name)
    if reach is None or reach.confidence is not Confidence.HIGH:
        return
    for name, start, opening in calls:
        yield Answer((start, opening), {"CALLEE": name, "FUNCTION": query.function.name}, key=name)
