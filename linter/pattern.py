"""Regular expressions that are compiled when they are first used, and once a machine: a small patch needs few.

`lazy(pattern, flags)` has the methods of a compiled pattern. After the first use each is an attribute of the object
that leads straight to the compiled pattern, so a hot loop pays nothing.

Compiling a pattern costs a hundred times what loading its code costs, and a hook starts the whole program for one
patch: without a store, compiling would be a third of it. The code of patterns is kept beside the compiled rulebook, in
a file named after the version of the interpreter. `_sre` checks code that it is given; what it refuses is compiled.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, AnyStr

try:
    import _sre
except ImportError:  # another interpreter: every pattern is compiled
    _sre = None

_METHODS = ("match", "search", "fullmatch", "finditer", "findall", "sub", "subn", "split", "pattern", "flags", "groups")
_MOST = 3000
"""More patterns than all rules have: a store that has outgrown this holds those of rules that are gone."""


def cache_dir() -> str:
    """Where compiled rulebooks and patterns are kept; empty where there is no home to keep them in."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "hunklint") if os.path.isabs(base) else ""


def _key(pattern: Any, flags: int) -> str:
    return f"b{flags} {pattern.decode('latin-1')}" if isinstance(pattern, bytes) else f"s{flags} {pattern}"


class _Store:
    """The code of patterns by their text and flags: a line of JSON, then the code words of all of them."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] | None = None
        self.words: Any = ()
        self.fresh: dict[str, tuple[Any, int]] = {}
        self.done: dict[tuple[Any, int], Any] = {}

    def path(self) -> str:
        folder = cache_dir()
        return os.path.join(folder, f"patterns-{sys.hexversion:x}-{_sre.MAGIC}-{sys.byteorder}.bin") if folder else ""

    def load(self) -> dict[str, Any]:
        """The known patterns; nothing where the file is missing, damaged or somebody else's."""
        self.rows = {}
        path = self.path() if _sre is not None else ""
        if not path:
            return self.rows
        import json

        try:
            with open(path, "rb") as stream:
                if os.fstat(stream.fileno()).st_uid == os.geteuid():
                    rows = json.loads(stream.readline())
                    self.words = memoryview(stream.read()).cast("I")
                    self.rows = dict(rows)
        except (OSError, ValueError, TypeError, AttributeError):
            self.rows = {}
        return self.rows

    def compiled(self, pattern: Any, flags: int) -> Any:
        found = self.done.get((pattern, flags))
        if found is None:
            found = self.done[pattern, flags] = self.make(pattern, flags)
        return found

    def translated(self, source: str, translate: Callable[[str], str]) -> Any:
        """The pattern kept under `source`, which only `translate` can read."""
        key = f"t {source}"
        found = self.known(key, source)
        if found is None:
            pattern = translate(source)
            found = re.compile(pattern)
            self.fresh[key] = (pattern, 0)
        return found

    def make(self, pattern: Any, flags: int) -> Any:
        key = _key(pattern, flags)
        found = self.known(key, pattern)
        if found is None:
            found = re.compile(pattern, flags)
            self.fresh[key] = (pattern, flags)
        return found

    def known(self, key: str, pattern: Any) -> Any:
        """The pattern that the store has under a key, or None; `pattern` is what it calls itself."""
        rows = self.load() if self.rows is None else self.rows
        row = rows.get(key)
        if row is not None:
            try:
                start, end, all_flags, groups, index, names = row
                code = self.words[start:end].tolist()
                return _sre.compile(pattern, all_flags, code, groups, index, tuple(names))
            except (ValueError, TypeError, RuntimeError, OverflowError):
                del rows[key]
        return None

    def save(self) -> None:
        """Add the patterns that had to be compiled; a folder that cannot be written is no error."""
        path = self.path() if self.fresh and _sre is not None else ""
        if not path:
            return
        import json

        known = self.rows if self.rows is not None and len(self.rows) + len(self.fresh) <= _MOST else {}
        rows, words = {}, bytearray()
        for key, row in known.items():
            code = self.words[row[0] : row[1]].tobytes()
            rows[key] = [len(words) // 4, (len(words) + len(code)) // 4, *row[2:]]
            words += code
        for key, (pattern, flags) in self.fresh.items():
            code, rest = _code_of(pattern, flags)
            rows[key] = [len(words) // 4, (len(words) + len(code)) // 4, *rest]
            words += code
        self.fresh.clear()
        beside = f"{path}.{os.getpid()}.tmp"
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            with open(beside, "wb") as stream:
                stream.write(json.dumps(rows).encode() + b"\n" + words)
            os.replace(beside, path)
        except (OSError, ValueError):
            return


def _code_of(pattern: Any, flags: int) -> tuple[bytes, list[Any]]:
    """The code words of a pattern, and what `_sre.compile` wants besides: the last steps of `re.compile`."""
    from array import array

    parsed = re._parser.parse(pattern, flags)  # type: ignore[attr-defined]  # private; the store is for this version
    code = re._compiler._code(parsed, flags)  # type: ignore[attr-defined]
    names: list[str | None] = [None] * parsed.state.groups
    for name, number in parsed.state.groupdict.items():
        names[number] = name
    rest = [int(flags | parsed.state.flags), parsed.state.groups - 1, parsed.state.groupdict, names]
    return array("I", code).tobytes(), rest


_STORE = _Store()


class _Lazy:
    """A pattern and its flags until it is used, then the compiled pattern's own methods."""

    def __init__(self, pattern: Any, flags: int) -> None:
        self._source = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = _STORE.compiled(*self._source)
        for method in _METHODS:
            setattr(self, method, getattr(found, method))
        return getattr(found, name)


_OF_NAMES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def find_word(text: bytes, word: bytes, start: int = 0, end: int | None = None) -> Iterator[int]:
    """Byte offsets in text[start:end] of a name that no letter, digit or `_` touches: no pattern for each name."""
    stop, size = len(text) if end is None else min(end, len(text)), len(word)
    at = text.find(word, start, stop)
    while at >= 0:
        behind = at + size
        if not ((at and text[at - 1] in _OF_NAMES) or (behind < len(text) and text[behind] in _OF_NAMES)):
            yield at
        at = text.find(word, behind, stop)


def save_patterns() -> None:
    """Keep the patterns that this process had to compile; called once, when the work is done."""
    _STORE.save()


def translated(source: str, translate: Callable[[str], str]) -> re.Pattern[str]:
    """The pattern that a text in another notation stands for; it is translated once a machine."""
    found: re.Pattern[str] = _STORE.translated(source, translate)
    return found


if TYPE_CHECKING:

    def lazy(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]: ...

    def compiled(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]: ...

else:

    def lazy(pattern, flags=0):
        """A regular expression that is compiled at its first use."""
        return _Lazy(pattern, int(flags))

    def compiled(pattern, flags=0):
        """`re.compile` for the patterns of rules: of a closed set, so that keeping their code is worth it."""
        return _STORE.compiled(pattern, int(flags))
