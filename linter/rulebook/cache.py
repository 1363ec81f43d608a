"""The compiled rulebook on disk: JSON, so nothing in it can run; parsing 120 YAML files costs a hundred times more.

The file starts with a manifest (path, size and modification time of every rule and table, and the version). A cache
whose manifest differs is stale; one that cannot be read or written is as if it were not there. Tables lie beside it,
one file each, and are read when an engine asks for one.
"""

# NOTE: os.path instead of pathlib: importing pathlib costs more than reading the compiled rulebook.

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from linter.pattern import cache_dir
from linter.rulebook.model import (
    AppliesTo,
    Citation,
    Confidence,
    KernelRange,
    Rule,
    Rulebook,
    Severity,
    Status,
    Tables,
)

_FORMAT = 4
MOST_RULEBOOKS = 4
"""Rulebooks that are kept: one for each set of rule folders in use."""

_SEVERITIES = {each.value: each for each in Severity}
_CONFIDENCES = {each.value: each for each in Confidence}
_STATUSES = {each.value: each for each in Status}


class LazyTables(Mapping[str, Any]):
    """Tables by stem, each read from the cache when it is first asked for."""

    def __init__(self, files: Mapping[str, str], read_source: Callable[[str], Any]) -> None:
        self._files = files
        self._read_source = read_source
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = self._load(name, self._files[name])
        return self._loaded[name]

    def _load(self, name: str, file: str) -> Any:
        try:
            with open(file, "rb") as stream:
                return _with_texts(stream.read())
        except (OSError, ValueError, LookupError, TypeError):
            return self._read_source(name)  # somebody emptied the cache while we ran

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


_LONG = 4096
"""Characters from which a text of a table lies behind the JSON: reading it there costs a copy and no parsing."""


def _without_texts(data: Any) -> bytes:
    """A table as a line of JSON, then its long texts; the line tells where in the table each belongs."""
    texts: list[tuple[list[Any], str]] = []

    def outline(item: Any, path: list[Any]) -> Any:
        if isinstance(item, str) and len(item) >= _LONG:
            texts.append((path, item))
            return None
        if isinstance(item, dict):
            return {key: outline(value, [*path, key]) for key, value in item.items()}
        return item

    kept = outline(data, [])
    places = [[path, len(text)] for path, text in texts]
    head = json.dumps([places, kept], ensure_ascii=False, separators=(",", ":"))
    return "\n".join([head, "".join(text for _, text in texts)]).encode("utf-8", "surrogateescape")


def _with_texts(stored: bytes) -> Any:
    """The table that `_without_texts` was given."""
    cut = stored.index(b"\n")
    places, data = json.loads(stored[:cut])
    text, start = stored[cut + 1 :].decode("utf-8", "surrogateescape") if places else "", 0
    for path, size in places:
        *way, last = path
        holder = data
        for step in way:
            holder = holder[step]
        holder[last] = text[start : start + size]
        start += size
    return data


def cache_file(key: str) -> str:
    """The file for one set of rule folders; the manifest inside decides whether it is fresh."""
    return os.path.join(cache_dir(), f"rulebook-{zlib.crc32(key.encode('utf-8', 'surrogateescape')):08x}.json")


def read_cache(key: str, manifest: str, read_source: Callable[[str], Any]) -> Rulebook | None:
    """The rulebook that was compiled from exactly these files, or None."""
    try:
        with open(cache_file(key), "rb") as stream:
            if os.fstat(stream.fileno()).st_uid != os.geteuid():
                return None  # somebody else's, in a shared folder
            stored = json.loads(stream.read())
        if stored["format"] != _FORMAT or stored["manifest"] != manifest:
            return None
        rules = {row[0]: _unpack(row) for row in stored["rules"]}
        tables = Tables(LazyTables(stored["tables"], read_source))
        return Rulebook(rules, tables, stored["digest"])
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None


def write_cache(key: str, manifest: str, rulebook: Rulebook) -> None:
    """Store a compiled rulebook; a folder that cannot be written is no error."""
    target = cache_file(key)
    stem = target.removesuffix(".json")
    if not os.path.isabs(target):
        return
    try:
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        tables = {}
        for name, data in rulebook.tables.data.items():
            text = _without_texts(data)
            tables[name] = f"{stem}.{name}-{zlib.crc32(text):08x}{len(text):x}.json"
            if not os.path.exists(tables[name]):
                _write(tables[name], text)
        stored = {
            "format": _FORMAT,
            "manifest": manifest,
            "digest": rulebook.digest,
            "tables": tables,
            "rules": [_pack(rule) for rule in rulebook.rules.values()],
        }
        _write(target, json.dumps(stored, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogateescape"))
        _sweep(stem, set(tables.values()))
    except (OSError, ValueError):
        return


def _write(path: str, content: bytes) -> None:
    """Write beside, then rename: a reader sees the old file or the new one."""
    beside = f"{path}.{os.getpid()}.tmp"
    try:
        with open(beside, "wb") as stream:
            stream.write(content)
        os.replace(beside, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def _sweep(stem: str, wanted: set[str]) -> None:
    """Remove the tables of earlier states, and the rulebooks of rule folders that were not used for longest."""
    folder, prefix = os.path.split(f"{stem}.")
    names = os.listdir(folder)
    old = [name for name in names if name.startswith(prefix) and os.path.join(folder, name) not in wanted]
    books = [name for name in names if name.startswith("rulebook-") and name.count(".") == 1 and name.endswith(".json")]
    books.sort(key=lambda name: os.stat(os.path.join(folder, name)).st_mtime_ns, reverse=True)
    for book in books[MOST_RULEBOOKS:]:
        old += [name for name in names if name.startswith(book.removesuffix("json"))]
    for name in old:
        if name != f"{prefix}json":
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, name))


def _pack(rule: Rule) -> list[Any]:
    kernel = rule.kernel
    return [
        rule.id,
        rule.title,
        rule.category,
        int(rule.severity),
        int(rule.confidence),
        rule.status.value,
        rule.since,
        rule.rationale,
        rule.help,
        rule.engine,
        rule.block,
        [[each.says, each.url, each.path] for each in rule.citations],
        [rule.applies_to.paths, rule.applies_to.exclude],
        rule.aliases,
        rule.profiles,
        None if kernel is None else [kernel.since, kernel.removed],
        rule.cwe,
        rule.report,
        None if rule.triggers is None else " ".join(sorted(rule.triggers)),  # words: one text is read faster than many
        rule.source,
        rule.supersedes,
        rule.scope,
    ]


def _unpack(row: list[Any]) -> Rule:
    where, kernel, triggers = row[12], row[15], row[18]
    return Rule(
        row[0],
        row[1],
        row[2],
        _SEVERITIES[row[3]],
        _CONFIDENCES[row[4]],
        _STATUSES[row[5]],
        row[6],
        row[7],
        row[8],
        row[9],
        row[10],
        tuple([Citation(*each) for each in row[11]]),
        AppliesTo(tuple(where[0]), tuple(where[1])),
        tuple(row[13]),
        row[14],
        None if kernel is None else KernelRange(*(bound and (bound[0], bound[1]) for bound in kernel)),
        row[16],
        row[17],
        None if triggers is None else frozenset(triggers.split()),
        row[19],
        (),
        tuple(row[20]),
        row[21],
    )
