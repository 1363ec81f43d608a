"""Questions about results that go into a variable which nobody reads."""

from __future__ import annotations

from collections.abc import Iterator

from linter.detect.calls import clean_text
from linter.detect.codes import returns_int
from linter.detect.paths import fate, result_taken
from linter.detect.questions import Answer, Query
from linter.detect.results import TEARDOWN, UNDOES, on_error_path, sites
from linter.detect.returns import Conventions, conventions
from linter.flow.model import Cfg, Kind, StepKind
from linter.pattern import find_word, lazy
from linter.rulebook.harvest import closing
from linter.rulebook.model import Confidence
from linter.syntax.model import Function

_STORED = lazy(rb"\b(ret|err|error|rc|retval|rv|res|status|result)\s*=\s*([A-Za-z_]\w*)\s*\(")
_AGAIN = lazy(rb"\s*=\s*[A-Za-z_]\w*\s*\(")
_READS = lazy(r"(?:^|_)(?:get|read|ioread|rd|in|peek|recv|status)(?:[bwlq]|8|16|32|64)?(?:_|$)")
"""Names of calls that give a number: a first read may only wake up or clear what is read."""


def lost_result(query: Query) -> Iterator[Answer]:
    """A result that goes into a variable and is overwritten, or forgotten at the end, before anything reads it."""
    known = conventions(query.tables)
    if TEARDOWN.search(query.function.name):
        return
    told: set[int] = set()
    for site in sites(query):
        if site.use != "unread" or site.name not in known.must or site.target is None:
            continue
        if not UNDOES.search(site.name):
            told.add(site.start)
            yield from _judge_lost(query, site.name, site.start, site.end, known, "forgotten")
    for name, start, end, how in _unread(query.function):
        if start in told or UNDOES.search(name) or name in known.timeout or name in known.timeout_signed:
            continue  # a wait may end in any way
        if name in known.fallible or not _READS.search(name):
            yield from _judge_lost(query, name, start, end, known, how)


def _judge_lost(query: Query, name: str, start: int, end: int, known: Conventions, how: str) -> Iterator[Answer]:
    """The result of a call, where no path reads it.

    `replaced`: and every path stores the next call's in its place; `last`: and the function reports errors otherwise.
    """
    if on_error_path(query.function, start):
        return
    cfg = query.cfg
    taken = result_taken(cfg, start)
    target = taken[2].target if taken is not None else None
    if taken is None or target is None or target.kind is not Kind.NAME or target.key not in cfg.locals:
        return
    seen = fate(cfg, taken[0], taken[1], target.key, known.tests)
    if seen.tested or seen.returned or seen.unknown or seen.uses or seen.passed or seen.reads or seen.stored:
        return
    if how == "replaced" and (
        seen.leaves or seen.overwritten is None or seen.overwritten.expr is None
        or seen.overwritten.expr.kind is not Kind.CALL or taken[2].op not in ("", "=")
    ):  # fmt: skip
        return
    if how == "last" and not (returns_int(cfg) and seen.overwritten is None and _reports(cfg, target.key)):
        return
    if b"#define" in query.unit.text[query.function.body.start_byte : query.function.body.end_byte]:
        return  # a macro may read it
    sure = Confidence.MEDIUM if how != "forgotten" else None  # what the callee returns is not known
    labels = []
    if seen.overwritten is not None:
        labels.append(((seen.overwritten.start, seen.overwritten.end), "overwritten here"))
    yield Answer((start, end), {"CALLEE": name, "VALUE": target.key}, labels, key=target.key, confidence=sure)


def _reports(cfg: Cfg, key: str) -> bool:
    """Whether the function returns the variable elsewhere."""
    return any(
        step.kind is StepKind.RETURN and step.expr is not None and step.expr.key == key
        for block in cfg.blocks
        for step in block.steps
    )


def _unread(function: Function) -> Iterator[tuple[str, int, int, str]]:
    """Calls whose result goes into an error variable that the text mentions next to store something else, or never."""
    text, end = clean_text(function.unit), function.body.end_byte
    for match in _STORED.finditer(text, function.body.start_byte, end):
        close = closing(text, match.end() - 1)
        if close < 0 or close > end:
            continue
        at = next(find_word(text, match[1], close, end), -1)
        if at < 0 or _AGAIN.match(text, at + len(match[1]), end):
            yield match[2].decode(), match.start(2), close, "replaced" if at >= 0 else "last"
