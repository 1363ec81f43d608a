"""YAML bytes to plain data, with the line of every value; nothing but text, whole numbers, true, false, null.

Not PyYAML's constructor, for four reasons: an error needs the line of a value; `on` and `off` are words here, not
booleans; `6.10` is a kernel release, not the number 6.1, so whatever has a point stays text; and a file that somebody
sends is data: no tags, no duplicate keys, no bombs made of aliases.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from linter.errors import RuleError
from linter.pattern import lazy
from linter.record import record

MAX_BYTES = 8_000_000
MAX_NODES = 400_000
MAX_DEPTH = 40

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = lazy(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")
_HEX = lazy(r"0x[0-9a-fA-F]{1,16}\Z")
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip

KeyPath = tuple[str | int, ...]


@record
class Mark:
    """Where a value stands: its own line, and the marks of what it holds."""

    line: int
    inner: Any = None  # dict[str, Mark], list[Mark] or None


@record
class Document:
    """One YAML file: its data, and where each value stands."""

    name: str  # the path as it is shown
    data: Any
    mark: Mark

    def line(self, path: KeyPath) -> int:
        """The line of a value; of the nearest thing around it where the path leads nowhere."""
        mark = self.mark
        for step in path:
            inner = mark.inner
            inside = isinstance(inner, list) and isinstance(step, int) and 0 <= step < len(inner)
            if not inside and not (isinstance(inner, dict) and step in inner):
                break
            mark = inner[step]
        return mark.line

    def error(self, path: KeyPath, problem: str, expected: str = "") -> RuleError:
        """An error at a value: file, line, key path, what is wrong and what was expected."""
        where = f"{show_path(path)}: " if path else ""
        return RuleError(f"{self.name}:{self.line(path)}: {where}{problem}", f"expected {expected}" if expected else "")


def show_path(path: KeyPath) -> str:
    """A key path as people write it: `examples[2].post`."""
    shown = ""
    for step in path:
        shown += f"[{step}]" if isinstance(step, int) else f".{step}" if shown else step
    return shown


def shown_name(path: Path | str) -> str:
    """A path as it is shown: relative where it lies below the current folder."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def read_document(path: Path) -> Document:
    """Read one YAML file; any way in which it is unfit is a RuleError."""
    name = shown_name(path)
    try:
        if not path.is_file():  # reading a pipe could wait for ever
            raise RuleError(f"{name}:1: is no file", "rules and tables are plain files")
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise RuleError(f"{name}:1: cannot be read: {error.strerror}", "check the path and its permissions") from error
    return parse_document(name, raw)


def parse_document(name: str, raw: bytes) -> Document:
    """Parse the bytes of one YAML file."""
    if len(raw) > MAX_BYTES:
        raise RuleError(f"{name}:1: the file is larger than {MAX_BYTES // 1_000_000} MB", "split it")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise RuleError(f"{name}:{line}: the file is not UTF-8", "save it as UTF-8") from error
    builder = _Builder(name)
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.YAMLError as error:
        raise _syntax_error(name, text, error) from None
    if builder.root is None:
        raise RuleError(f"{name}:1: the file is empty", "expected a mapping of keys to values")
    data, mark = builder.root
    return Document(name, data, mark)


def _events(text: str) -> Iterator[Any]:
    return yaml.parse(text, Loader=_LOADER)


def _syntax_error(name: str, text: str, error: yaml.YAMLError) -> RuleError:
    """A scanner or parser error of PyYAML in one line, with the usual cause where it can be seen."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark else 1
    lines = text.split("\n")
    problem = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
    for number in (line, line - 1):
        shown = lines[number - 1] if 0 < number <= len(lines) else ""
        if "\t" in shown[: len(shown) - len(shown.lstrip())]:
            return RuleError(f"{name}:{number}: a tab in the indentation", "indent YAML with spaces")
    shown = lines[line - 1].strip() if line <= len(lines) else ""
    hint = f"near `{shown[:60]}`" if shown else ""
    if re.search(r"mapping values are not allowed|could not find expected ':'", problem):
        hint += "; text that holds `: `, `#`, `{` or `[` needs quotes, or a block (`|`)"
    return RuleError(f"{name}:{line}: not valid YAML: {problem}", hint.strip("; "))


@record(frozen=False)
class _Frame:
    """A mapping or sequence that is still open."""

    value: Any
    mark: Mark
    anchor: str | None
    start: int  # node count before it, for the size of what an alias repeats
    key: str | None = None
    key_line: int = 0


class _Builder:
    """Builds data and marks from parser events with an explicit stack."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root: tuple[Any, Mark] | None = None
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, Mark, int]] = {}
        self._nodes = 0

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        if kind == "ScalarEvent":
            self._scalar(event)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._open(event, {} if kind.startswith("M") else [])
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            frame = self._stack.pop()
            self._add(frame.value, frame.mark, frame.anchor, self._nodes - frame.start)
        elif kind == "AliasEvent":
            self._alias(event)
        elif kind == "DocumentStartEvent" and self.root is not None:
            raise self._error(event, "a second document", "one document a file")

    def _error(self, event: Any, problem: str, help: str) -> RuleError:
        return RuleError(f"{self.name}:{event.start_mark.line + 1}: {problem}", help)

    def _count(self, event: Any, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise self._error(event, f"more than {MAX_NODES} values", "aliases repeat what they stand for: use fewer")

    def _refuse_tag(self, event: Any) -> None:
        if event.tag is not None:
            raise self._error(event, f"the tag `{event.tag}`", "a rule file is data: leave tags out")

    def _scalar(self, event: Any) -> None:
        frame = self._stack[-1] if self._stack else None
        self._refuse_tag(event)
        self._count(event, 1)
        line = event.start_mark.line + 1
        if frame is not None and isinstance(frame.value, dict) and frame.key is None:
            self._key(event, frame)
            return
        plain = not event.style or event.style not in "'\"|>"
        value = resolve(event.value) if plain else event.value
        self._add(value, Mark(line), event.anchor, 1)

    def _key(self, event: Any, frame: _Frame) -> None:
        key = event.value
        if key == "<<":
            raise self._error(event, "a merge key `<<`", "write the keys out, or repeat a whole value with an alias")
        if key in frame.value:
            first = frame.mark.inner[key].line
            raise self._error(event, f"the key `{key}` stands here twice (first in line {first})", "keep one of them")
        frame.key, frame.key_line = key, event.start_mark.line + 1

    def _open(self, event: Any, value: Any) -> None:
        self._refuse_tag(event)
        if len(self._stack) >= MAX_DEPTH:
            raise self._error(event, f"nested more than {MAX_DEPTH} deep", "flatten it")
        if self._stack and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None:
            raise self._error(event, "a key that is not a word", "keys are words; quote one that holds `{` or `[`")
        start = self._nodes
        self._count(event, 1)
        mark = Mark(event.start_mark.line + 1, {} if isinstance(value, dict) else [])
        self._stack.append(_Frame(value, mark, event.anchor, start))

    def _alias(self, event: Any) -> None:
        known = self._anchors.get(event.anchor)
        if known is None:
            raise self._error(event, f"no value is named `&{event.anchor}`", "name a value before it is repeated")
        frame = self._stack[-1] if self._stack else None
        if frame is not None and isinstance(frame.value, dict) and frame.key is None:
            raise self._error(event, "an alias as a key", "write the key out")
        value, mark, size = known
        self._count(event, size)
        self._add(value, Mark(event.start_mark.line + 1, mark.inner), None, size)

    def _add(self, value: Any, mark: Mark, anchor: str | None, size: int) -> None:
        if anchor:
            self._anchors[anchor] = (value, mark, size)
        if not self._stack:
            self.root = (value, mark)
            return
        frame = self._stack[-1]
        if isinstance(frame.value, dict):
            frame.value[frame.key] = value
            frame.mark.inner[frame.key] = Mark(frame.key_line, mark.inner)
            frame.key = None
        else:
            frame.value.append(value)
            frame.mark.inner.append(mark)


def resolve(text: str) -> Any:
    """The value of an unquoted word."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return int(text, 16) if _HEX.match(text) else text
