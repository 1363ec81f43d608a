"""Questions about local variables that are read before anything was stored in them.

Cheap first: the text tells which declarations have no value and are not stored to at once. What is left is followed
along paths with what their conditions say, and only where nothing was stored yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.detect.calls import clean_text, named_calls
from linter.detect.questions import Answer, Query
from linter.detect.results import sites
from linter.detect.returns import conventions
from linter.detect.uninit_walk import Unset, is_filled_by
from linter.flow.model import Cfg, Step, StepKind
from linter.pattern import lazy
from linter.rulebook.model import Confidence, Tables

_BARE = lazy(
    rb"[;{}]\s*(?:const\s+)?(?:(?:unsigned|signed|long|short|struct|enum)\s+)*\w+(?:\s+|\s*\*+\s*)"
    rb"(?:\*?\w+(?:\s*=\s*[^;,(){}]{1,80})?\s*,\s*){0,12}\*?\w+\s*;"
)
_DECLARED = lazy(
    rb"(?<=[;{}])\s*(?:const\s+)?(?:(?:unsigned|signed|long|short|struct|enum)\s+)*\w+(?:\s+|\s*\*+\s*)"
    rb"(?:\*?\w+(?:\s*=\s*[^;,(){}]{1,80})?\s*,\s*){0,12}\*?\w+\s*;"
)
"""The same, each declaration apart."""
_NAMES = lazy(rb"(\**)\b([A-Za-z_]\w*)\s*(?=[,;])")
_SCALAR = lazy(
    r"^(?:(?:const|unsigned|signed|long|short|int|char|bool|enum \w+|[us]\d+|__[us]\d+|__[bl]e\d+|u?int\d+_t|size_t|"
    r"ssize_t|loff_t|gfp_t|dma_addr_t|phys_addr_t|irqreturn_t|netdev_tx_t|vm_fault_t|blk_status_t|acpi_status|ktime_t|"
    r"sector_t|time64_t|uint|ulong|u_int)(?:\s+|$))+$"
)


def fillers(tables: Tables) -> dict[str, int]:
    """Callee -> the argument that it fills where it succeeds."""
    return tables.derived("uninit.fills", _build)


def _build(tables: Tables) -> dict[str, int]:
    return {name: int(index) for index, names in tables["uninit"]["fills"].items() for name in names.split()}


def bare_locals(query: Query) -> list[Step]:
    """Declarations of scalars without a value, in the order of the text."""
    cache, key = query.unit.cache, ("uninit.bare", query.function.span.start)
    if key not in cache:
        cache[key] = [
            step
            for block in query.cfg.blocks
            for step in block.steps
            if step.kind is StepKind.DECLARE and step.expr is None and step.target is not None and not step.cleanup
        ]
    found: list[Step] = cache[key]
    return found


def maybe_unassigned(query: Query) -> Iterator[Answer]:
    """A variable that is returned or tested on a path that stores nothing in it."""
    text = clean_text(query.unit)
    first, end = query.function.body.start_byte, query.function.body.end_byte
    body = text[first:end]
    if b"asm" in body or not _BARE.search(body) or not _has_suspects(body):
        return
    for step in bare_locals(query):
        name = step.target.text if step.target is not None else ""
        if not _SCALAR.match(query.cfg.locals.get(name, "")) or _stored_at_once(body, name, step.end - first):
            continue
        before = text[max(step.start - 60, first) : step.start].rsplit(b";", 1)[-1]
        if b"static" in before or b"extern" in before:
            continue
        found = Unset(query, step, {}).find()
        if found is None:
            continue
        state, how = found.state, found.how
        if how in ("read", "tested") and state.skipped < 0:
            continue  # conditions that imply each other are seldom seen to do so
        labels = [((step.start, step.end), "declared without a value")]
        sure = Confidence.LOW if how in ("read", "tested") else None  # the loop is seldom passed over
        yield Answer(found.place, {"VALUE": name, "HOW": how}, labels, key=name, confidence=sure)


def _has_suspects(body: bytes) -> bool:
    """Whether the text shows a scalar without a value that is not stored to at once: what is worth a graph."""
    for match in _DECLARED.finditer(body):
        if match[0].lstrip().startswith(b"struct"):
            continue
        for name in _NAMES.finditer(match[0]):
            if name[1] == b"" and not _stored_at_once(body, name[2].decode(), match.start() + name.end(2)):
                return True
    return False


def unfilled_read(query: Query) -> Iterator[Answer]:
    """A variable that only a call that can fail was to fill, read although the call may have failed."""
    fills = fillers(query.tables)
    dropped = _dropped_fillers(query)
    if not dropped and not any(name in fills for name, _, _ in named_calls(query.function)):
        return
    fills = {**dropped, **fills}
    bare = {step.target.text: step for step in bare_locals(query) if step.target is not None}
    if not bare:
        return
    for step in bare.values():
        name = step.target.text if step.target is not None else ""
        if not _SCALAR.match(query.cfg.locals.get(name, "")):
            continue
        if not _is_filled(query.cfg, name, fills):
            continue
        found = Unset(query, step, fills).find()
        if found is None or found.state.call < 0:
            continue
        at = found.state.call
        callee = next((n for n, start, _ in named_calls(query.function) if start == at), "")
        labels = [((at, at + len(callee)), "leaves it alone where it fails")]
        sure = Confidence.LOW if _hardly_fails(query, callee, at) else None
        yield Answer(found.place, {"VALUE": name, "CALLEE": callee}, labels, key=name, confidence=sure)


def _dropped_fillers(query: Query) -> dict[str, int]:
    """Calls that fail with an errno, whose result is dropped: callee -> its last argument, where that is `&name`."""
    known = conventions(query.tables)
    text, end = clean_text(query.unit), query.function.body.end_byte
    found: dict[str, int] = {}
    for site in sites(query):
        if site.use == "drop" and site.name in known.fallible and not _SURE.search(site.name):
            arguments = text[text.find(b"(", site.start, end) : site.end]
            last = _LAST.search(arguments)
            if last is not None:
                found[site.name] = _count(arguments)
    return found


_REGMAP = lazy(rb"\w+\s*\(\s*(?:\w+(?:->|\.))*(\w+)\s*,")
_LAST = lazy(rb"[,(]\s*&\w+\s*\)$")
_SURE = lazy(r"^pci_(?:bus_|user_)?read_config|^pcie_capability_read|^v4l2_subdev_call|^(?:__)?get_user$|^acpi_get_")
"""Calls that store something where they fail, too."""


def _count(arguments: bytes) -> int:
    """The number of the last argument, from 0."""
    depth = commas = 0
    for char in arguments:
        depth += (char in b"([{") - (char in b")]}")
        commas += char == 0x2C and depth == 1
    return commas


def _hardly_fails(query: Query, callee: str, at: int) -> bool:
    """Whether a call fails on slow buses only and nothing shows that the device is on one."""
    table = query.tables["uninit"]
    if callee not in table["bus-calls"].split():
        return False
    text = clean_text(query.unit)
    regmap = _REGMAP.match(text, at)
    if regmap is not None and re.search(rb"\b" + regmap[1] + rb"\s*=\s*\w*syscon\w*\(", text):
        return True  # registers of the system are in memory
    names = query.unit.identifiers
    if any(word.encode() in names for word in table["bus-words"].split()):
        return False
    on_bus = (query.unit.image.path or "").startswith(tuple(table["bus-paths"].split()))
    return not on_bus or (b"platform_device" in names and b"dev_get_regmap" not in names)


def _is_filled(cfg: Cfg, name: str, fills: dict[str, int]) -> bool:
    return any(
        step.kind is StepKind.CALL and step.expr is not None and is_filled_by(step.expr, name, fills)
        for block in cfg.blocks
        for step in block.steps
    )


def _stored_at_once(body: bytes, name: str, after: int) -> bool:
    """Whether the first mention behind the declaration stores to the variable, whatever branch is taken before."""
    word = name.encode()
    at = after
    while True:
        at = body.find(word, at)
        if at < 0:
            return True
        around = body[at - 1 : at] + body[at + len(word) : at + len(word) + 1]
        if not any(chr(c).isalnum() or c == 0x5F for c in around):
            break
        at += len(word)
    before = body[after:at]
    rest = body[at + len(word) : at + len(word) + 3].lstrip()
    if not (rest[:1] == b"=" and rest[:2] != b"=="):
        return False
    if b"goto" in before or before.count(b"{") != before.count(b"}"):
        return False
    return before.rstrip()[-1:] in (b";", b"}", b"")
