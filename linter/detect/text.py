"""The engine `text`: the lines that a patch adds or removes, as text. For what is not C, or needs no tree.

text:
  added: '^\\s*(dont_use)'   a line of one kind (or `removed:`); $1 is its first group in messages. A line that the
                            patch removes answers for an added one with the same first group
  unless: ok                a line that is fine
  absent: other             nothing when this stands in any line that the hunks show, removed ones aside
  file: new                 only files that the patch adds (or `known`: only those it does not)
  lines: 2                  only the first lines of the file
  first: true               one finding a file
  unnamed: true             only where the first group names functions (`name()`) that no other line of the hunks has,
                            in a file to which the patch adds code
  module: true              only a file that becomes a module of its own (text_modules)
  message: "`$1` is gone"

text:
  lacks: 'SPDX'             a new file in whose first `lines` this does not stand
text:
  block: {start: '^config (\\w+)', end: '^(config|menu)\\b', lacks: '^\\s+help'}     added whole, without `lacks`
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from linter.detect.match_where import limited_regex
from linter.detect.model import Context, Finding, Label, Scope, finding
from linter.patch.model import Change, FilePatch, Line, LineKind, Location, Side
from linter.pattern import compiled, lazy
from linter.record import field, record
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Rule, Tables

MAX_LINE = 2000
"""Bytes of a line that are looked at."""

_KEYS = (
    "added",
    "removed",
    "unless",
    "absent",
    "file",
    "lines",
    "first",
    "lacks",
    "block",
    "unnamed",
    "module",
    "message",
    "userspace",
)
_NAMED = lazy(rb"\b([A-Za-z_]\w+)\(\)")
_CODE = lazy(rb"^\s*[^\s#/*][^#]*\(")
_GROUP = lazy(r"\$([1-9])")


@record
class _Text:
    """A block, compiled."""

    rule: Rule
    kind: LineKind
    wanted: re.Pattern[bytes] | None
    unless: re.Pattern[bytes] | None
    absent: re.Pattern[bytes] | None
    lacks: re.Pattern[bytes] | None
    start: re.Pattern[bytes] | None
    end: re.Pattern[bytes] | None


def _compiled(value: Any) -> re.Pattern[bytes] | None:
    return compiled(str(value).encode(), re.MULTILINE) if value is not None else None


def _prepare(rule: Rule) -> _Text:
    block = rule.block
    inner = block.get("block", {})
    return _Text(
        rule,
        LineKind.REMOVED if "removed" in block else LineKind.ADDED,
        _compiled(block.get("removed", block.get("added"))),
        _compiled(block.get("unless")),
        _compiled(block.get("absent")),
        _compiled(block.get("lacks", inner.get("lacks"))),
        _compiled(inner.get("start")),
        _compiled(inner.get("end")),
    )


@record(frozen=False)
class _Runner:
    """The rules of a run, each compiled when a file first calls for it."""

    rules: dict[str, Rule]
    compiled: dict[str, _Text] = field(default_factory=dict)

    def run(self, target: Any, context: Context, enabled: frozenset[str]) -> Iterator[Finding]:
        file: FilePatch = target
        joined: dict[LineKind, bytes] = {}
        for id in sorted(enabled):
            rule = self.rules.get(id)
            if rule is None or (context.userspace and not rule.block.get("userspace")) or not _is_about(rule, file):
                continue
            text = self.compiled.get(id)
            if text is None:
                text = self.compiled[id] = _prepare(rule)
            if text.wanted is not None:
                if text.kind not in joined:
                    joined[text.kind] = b"\n".join(
                        line.text[:MAX_LINE] for line in _lines(file) if line.kind is text.kind
                    )
                if text.wanted.search(joined[text.kind]) is None:
                    continue
            if rule.block.get("module") and not _is_module(file, context):
                continue
            yield from _findings(text, file, context)


def _is_module(file: FilePatch, context: Context) -> bool:
    from linter.detect.text_modules import is_own_module  # seldom asked

    return is_own_module(file, context)


def _is_about(rule: Rule, file: FilePatch) -> bool:
    wanted = rule.block.get("file")
    return wanted is None or (wanted == "new") == (file.change is Change.ADD)


def _lines(file: FilePatch) -> Iterator[Line]:
    for hunk in file.hunks:
        yield from hunk.lines


def _findings(text: _Text, file: FilePatch, context: Context) -> Iterator[Finding]:
    absent = text.absent
    if absent is not None and any(
        line.kind is not LineKind.REMOVED and absent.search(line.text[:MAX_LINE]) for line in _lines(file)
    ):
        return
    if text.start is not None:
        yield from _blocks(text, file, context)
    elif text.lacks is not None:
        yield from _lacking(text, file, context)
    else:
        yield from _matching(text, file)


def _matching(text: _Text, file: FilePatch) -> Iterator[Finding]:
    limit, first, wanted, unless = text.rule.block.get("lines"), text.rule.block.get("first"), text.wanted, text.unless
    if wanted is None:
        return
    known = _removed(text, file)
    for line in _lines(file):
        if line.kind is not text.kind:
            continue
        if limit is not None and (line.post_lineno or 0) > limit:
            return
        match = wanted.search(line.text[:MAX_LINE])
        if match is None or (unless is not None and unless.search(line.text[:MAX_LINE])):
            continue
        if text.rule.block.get("unnamed") and not _is_unnamed(match[1] or b"", file, line):
            continue
        if known[group_text(match)] > 0:
            known[group_text(match)] -= 1  # another line says it in its place
            continue
        yield _report(text.rule, file, line, match)
        if first:
            return


def _removed(text: _Text, file: FilePatch) -> Counter[str]:
    """What the lines that the patch takes away said of it, so that only what is said anew counts as added."""
    wanted = text.wanted
    if wanted is None or text.kind is not LineKind.ADDED:
        return Counter()
    removed = (wanted.search(line.text[:MAX_LINE]) for line in _lines(file) if line.kind is LineKind.REMOVED)
    return Counter(group_text(match) for match in removed if match is not None)


def _is_unnamed(said: bytes, file: FilePatch, at: Line) -> bool:
    """Whether some text names functions, and no other line has any of them although the patch adds code."""
    names = _NAMED.findall(said)
    if not names:
        return False
    others = [line for line in _lines(file) if line is not at]
    if not any(line.kind is LineKind.ADDED and _CODE.match(line.text[:MAX_LINE]) for line in others):
        return False
    shown = b"\n".join(line.text[:MAX_LINE] for line in others)
    return not any(re.search(rb"\b" + name + rb"\b", shown) for name in names)


def _lacking(text: _Text, file: FilePatch, context: Context) -> Iterator[Finding]:
    limit = text.rule.block.get("lines", 1 << 30)
    shown = [line for line in _lines(file) if line.kind is LineKind.ADDED]
    lacks = text.lacks
    if file.change is not Change.ADD or not shown or lacks is None:
        return
    if not any(lacks.search(line.text[:MAX_LINE]) for line in shown[:limit]) and not _is_moved(file, None, context):
        yield _report(text.rule, file, shown[0], None)


def _is_moved(file: FilePatch, line: Line | None, context: Context) -> bool:
    from linter.detect.text_moves import is_moved  # seldom asked

    return is_moved(file, line, context)


def _blocks(text: _Text, file: FilePatch, context: Context) -> Iterator[Finding]:
    """Blocks whose lines the patch adds from the first one on; the end must be in sight."""
    start, end, lacks = text.start, text.end, text.lacks
    if start is None or end is None or lacks is None:
        return
    for hunk in file.hunks:
        head: tuple[Line, re.Match[bytes]] | None = None
        fine = True
        for line in hunk.lines:
            if line.kind is LineKind.REMOVED:
                continue
            content = line.text[:MAX_LINE]
            match = start.search(content)
            if head is not None and (match is not None or end.search(content)):
                if not fine and not _is_moved(file, head[0], context):
                    yield _report(text.rule, file, *head)
                head = None
            if match is not None and line.kind is LineKind.ADDED:
                head, fine = (line, match), False
            elif head is not None and (lacks.search(content) or line.kind is not LineKind.ADDED):
                fine = True
        last = file.change is Change.ADD and hunk is file.hunks[-1]
        if last and head is not None and not fine and not _is_moved(file, head[0], context):
            yield _report(text.rule, file, *head)


def _report(rule: Rule, file: FilePatch, line: Line, match: re.Match[bytes] | None) -> Finding:
    side = Side.PRE if line.kind is LineKind.REMOVED else Side.POST
    column = match.start() + 1 if match is not None else 1
    lineno = line.pre_lineno if side is Side.PRE else line.post_lineno
    end = match.end() + 1 if match is not None else None
    place = Location(file.path, side, lineno, column, line.patch_lineno, None, True, end)

    def group(found: re.Match[str]) -> str:
        number = int(found[1])
        value = match[number] if match is not None and number <= (match.re.groups or 0) else b""
        return (value or b"").decode("utf-8", "replace")[:80]

    message = _GROUP.sub(group, rule.block["message"])
    key = group_text(match)
    return finding(rule, message, [Label(place, message, primary=True)], key=key)


def group_text(match: re.Match[bytes] | None) -> str:
    """The first group of a match, else the whole of it: what the finding is about."""
    if match is None:
        return ""
    return (match[1] if match.re.groups and match[1] else match[0]).decode("utf-8", "replace")[:80]


class TextEngine:
    """Lines of a patch as text."""

    name = "text"
    scope = Scope.FILE

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        block: Mapping[str, Any] = rule.block
        for key in block:
            if key not in _KEYS:
                raise BlockError((self.name, key), "unknown key", "one of " + ", ".join(_KEYS))
        chosen = [key for key in ("added", "removed", "lacks", "block") if key in block]
        if len(chosen) != 1:
            raise BlockError((self.name,), "nothing to look for", "one of added, removed, lacks, block")
        for key in ("added", "removed", "unless", "absent", "lacks"):
            if key in block:
                limited_regex(block[key], (self.name, key))
        if "block" in block:
            inner = block["block"]
            if not isinstance(inner, Mapping) or set(inner) != {"start", "end", "lacks"}:
                raise BlockError((self.name, "block"), "no block", "start, end and lacks")
            for key, value in inner.items():
                limited_regex(value, (self.name, "block", key))
        if block.get("file") not in (None, "new", "known"):
            raise BlockError((self.name, "file"), f"unknown value `{block['file']}`", "new or known")
        if not isinstance(block.get("message"), str):
            raise BlockError((self.name,), "the key `message` is missing", "`message:`")
        return None

    def prepare(self, rules: Sequence[Rule], tables: Tables) -> _Runner:
        return _Runner({rule.id: rule for rule in rules})


ENGINE = TextEngine()
