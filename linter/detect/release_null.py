"""The question whether a branch that found nothing to release releases it: the test is the wrong way round."""

from __future__ import annotations

from collections.abc import Iterator

from linter.detect.pointers import changes, null_tests
from linter.detect.questions import Answer, Query
from linter.detect.release_words import argument, names_any, release_words
from linter.flow.model import Cfg, Expr, Step


def released_null(query: Query) -> Iterator[Answer]:
    """A call that releases what the test around it found to be NULL, and so does nothing."""
    words = release_words(query.tables)
    harmless = {name: index for name, index in words.takes_null.items() if name not in words.null_unsafe}
    if not names_any(query, harmless):
        return
    cfg = query.cfg
    predecessors = cfg.predecessors()
    told: set[int] = set()
    for block, pointer, null, target in null_tests(cfg):
        if not null or predecessors[target] != [block]:
            continue
        found = _release_of(cfg, target, pointer, harmless)
        if found is None or found.expr is None or found.start in told:
            continue
        told.add(found.start)
        names = {"VALUE": query.text((pointer.start, pointer.end)), "CALLEE": found.expr.text}
        label = ((pointer.start, pointer.end), "this test found that there is nothing to release")
        yield Answer((found.start, found.end), names, [label], key=pointer.key)


def _release_of(cfg: Cfg, target: int, pointer: Expr, harmless: dict[str, int]) -> Step | None:
    """The release of a pointer in the block where it is NULL, before it is given another value."""
    for step in cfg.blocks[target].steps:
        handle = argument(step, harmless)
        if handle is not None and handle.key == pointer.key:
            return step
        if changes(step, pointer.key):
            return None
    return None
