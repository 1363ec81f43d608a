"""The engine `bounds`: bounds that let one too many through, and sizes that wrap before they are compared.

    bounds:
      report: off-by-one
      message: "`$INDEX` may be $BOUND here, one more than the last"

Read from the text: a bound and the index it is for have to name the same thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from linter.detect.calls import clean_text
from linter.detect.contexts import reaches
from linter.detect.questions import Answer, Query, Question, QuestionEngine
from linter.detect.reach_taint import tainted
from linter.pattern import lazy
from linter.rulebook.harvest import closing

_VALUE = rb"[A-Za-z_]\w*(?:(?:->|\.)\w+)*"
_GUARD = lazy(rb"\bif\s*\(")
_ABOVE = lazy(
    rb"(?<![\w.>\-+*/])(" + _VALUE + rb")\s*>\s*(?:ARRAY_SIZE\s*\(\s*(" + _VALUE + rb")\s*\)"
    rb"|(" + _VALUE + rb")->(\w*(?:count|num|nr|cnt|entries)\w*)\b(?!\s*(?:->|\.|\[|\()))(?!\s*[-+*/])"
)
_SUSPECT = lazy(rb"(?<!-)>\s*(?:ARRAY_SIZE|[\w.>-]*->\w*(?:count|num|nr|cnt|entries))")
_LOOP = lazy(
    rb"\bfor\s*\(\s*(?:int |unsigned int |size_t |u32 )?(\w+)\s*=\s*0\s*;\s*\1\s*<=\s*"
    rb"(?:ARRAY_SIZE\s*\(\s*("
    + _VALUE
    + rb")\s*\)|([\w.>\-]*(?:size|len|bytes)\s*/\s*(?:sizeof\s*\([^()]*\)|\d+)))\s*;"
)
_FOUND = lazy(rb"(" + _VALUE + rb")\s*=\s*(find_(?:first|next)_(?:zero_)?bit)\s*\(\s*[^(),]+,\s*([\w.>\-]+)\s*[,)]")
_LEAVES = lazy(rb"\s*(?:\{[^{}]*)?\b(?:return|goto|break|continue)\b")


def off_by_one(query: Query) -> Iterator[Answer]:
    """A bound that lets its own value through as an index; the result of a search that is never above its size."""
    text, start, end = clean_text(query.unit), query.function.body.start_byte, query.function.body.end_byte
    if _SUSPECT.search(text, start, end):
        yield from _guards(text, start, end)
    for match in _LOOP.finditer(text, start, end):
        index, array, length = match[1], match[2], match[3]
        stop = _body_end(text, match.start(), end)
        used = (re.escape(array) if array else rb"[\w\])]") + rb"\s*\[\s*" + re.escape(index) + rb"\s*\]"
        if re.search(used, text[match.end() : stop]):
            bound = b"ARRAY_SIZE(" + array + b")" if array else length
            yield _answer(match.start(1), match.end() - 1, index, bound)
    if text.find(b"find_first_", start, end) >= 0 or text.find(b"find_next_", start, end) >= 0:
        for match in _FOUND.finditer(text, start, end):
            value, size = re.escape(match[1]), re.escape(match[3])
            tested = re.compile(rb"\s*\)?\s*;\s*(?:else\s+)?if\s*\(\s*(" + value + rb"\s*>\s*" + size + rb")\s*\)")
            behind = tested.search(text, match.end(), min(match.end() + 200, end))
            if behind is not None and b"}" not in text[match.end() : behind.start()].replace(b"}\n", b"", 1):
                yield _answer(behind.start(1), behind.end(1), match[1], match[3])


def _guards(text: bytes, start: int, end: int) -> Iterator[Answer]:
    for guard in _GUARD.finditer(text, start, end):
        close = closing(text, guard.end() - 1)
        if close < 0 or close > end or not _LEAVES.match(text, close, end):
            continue
        for match in _ABOVE.finditer(text, guard.end(), close):
            index, array, base, count = match[1], match[2], match[3], match[4]
            if b"&&" in text[guard.end() : close] or (base and _counts_from_one(text, start, end, index, base)):
                continue
            member = re.escape(array) if array else re.escape(base) + rb"->\w+"
            used = re.search(rb"(?<![\w.>])" + member + rb"\s*\[\s*" + re.escape(index) + rb"\s*\]", text[close:end])
            changed = rb"(?<![\w.>])" + re.escape(index) + rb"\s*(?:--|[-+]?=[^=])"
            if used is None or re.search(changed, text[close : close + used.start()]):
                continue
            bound = b"ARRAY_SIZE(" + array + b")" if array else base + b"->" + count
            yield _answer(match.start(), match.end(), index, bound)


def _counts_from_one(text: bytes, start: int, end: int, index: bytes, base: bytes) -> bool:
    """Whether something shows that 0 is no index, or that the array has one element more."""
    name = re.escape(index)
    one = rb"\[\s*" + name + rb"\s*-\s*1\s*\]|!\s*" + name + rb"\b|\b" + name + rb"\s*(?:==\s*0|<\s*1|<=\s*0)\b"
    return re.search(one, text[start:end]) is not None


def _body_end(text: bytes, start: int, end: int) -> int:
    """Where the statement of a loop ends, by its brackets."""
    head = closing(text, text.find(b"(", start))
    brace = re.compile(rb"\s*\{").match(text, head)
    if brace is not None:
        depth = 0
        for match in re.compile(rb"[{}]").finditer(text, brace.end() - 1, end):
            depth += 1 if match[0] == b"{" else -1
            if depth == 0:
                return match.end()
    stop = text.find(b";", head, end)
    return stop if stop >= 0 else end


def _answer(start: int, stop: int, index: bytes, bound: bytes) -> Answer:
    names = {"INDEX": index.decode("utf-8", "replace"), "BOUND": bound.decode("utf-8", "replace")}
    return Answer((start, stop), names, key=names["INDEX"])


_ROUNDED = lazy(
    rb"\b(\w+)\s*=\s*(roundup|round_up|ALIGN|PAGE_ALIGN|roundup_pow_of_two)\s*\(\s*(\w+(?:(?:->|\.)\w+)*)\s*[,)]"
)


def rounded_up(query: Query) -> Iterator[Answer]:
    """A size from user space that is rounded up before anything compared it: near the top it becomes 0."""
    text, start, end = clean_text(query.unit), query.function.body.start_byte, query.function.body.end_byte
    matches = list(_ROUNDED.finditer(text, start, end))
    reach = reaches(query.unit, query.tables).get(query.function.name) if matches else None
    if reach is None or reach.hot:
        return
    for match in matches:
        value = match[3]
        root = re.split(rb"->|\.", value)[0].decode()
        if root not in tainted(query, reach, calls=False):
            continue
        last = re.split(rb"->|\.", value)[-1]
        either = rb"(?:" + re.escape(last) + rb"|" + re.escape(match[1]) + rb")"
        below = rb"\b" + either + rb"\s*\)?\s*(?:[<>]=?|[!=]=)"
        above = rb"(?<!-)[<>]=?\s*(?:\w+(?:->|\.))*" + either + rb"\b|!\s*" + either
        if re.search(below + rb"|" + above, text[start:end]) or b"check_" in text[start:end]:
            continue
        names = {"VALUE": value.decode("utf-8", "replace"), "CALLEE": match[2].decode(), "WHY": reach.why}
        yield Answer((match.start(2), closing(text, text.find(b"(", match.start(2)))), names, key=names["VALUE"])


QUESTIONS: Mapping[str, Question] = {"off-by-one": off_by_one, "rounded-up": rounded_up}
"""What a rule of this engine can ask."""

_TEXTS: Mapping[str, tuple[str, ...]] = {
    "off-by-one": ("~ARRAY_SIZE", "~_bit", "~count", "~num", "~nr", "~cnt", "~entries", "~size", "~len", "~bytes"),
    "rounded-up": ("roundup", "round_up", "ALIGN", "PAGE_ALIGN", "roundup_pow_of_two"),
}
"""What has to be there."""

ENGINE = QuestionEngine("bounds", QUESTIONS, words=lambda block, tables: _TEXTS[block["report"]])
