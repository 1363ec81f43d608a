"""Looking up one name in a large table: rows that are made when they are first asked for, and sorted text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from linter.memory import Memo
from linter.rulebook.model import Tables

T = TypeVar("T")


class HarvestedPairs:
    """Releases by acquisition, as a tree showed them: `get(acquire)` gives {release: handle}.

    The table is sorted lines `acquire handle release ...`; they are searched by halving where they stand.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._text: str | None = None
        self._known: Memo[str, dict[str, str]] = Memo()

    def get(self, acquire: str, default: dict[str, str]) -> dict[str, str]:
        """The releases of a function with the handle that both take; `default` where it has none."""
        found = self._known.get(acquire)
        if found is None:
            found = self._known[acquire] = self._find(acquire)
        return found or default

    def __contains__(self, acquire: str) -> bool:
        return bool(self.get(acquire, {}))

    def _find(self, acquire: str) -> dict[str, str]:
        if self._text is None:
            self._text = str((self._tables.data.get("pairs") or {}).get("pairs", ""))
        found: dict[str, str] = {}
        for line in lines_of(self._text, acquire):
            _, handle, *releases = line.split()
            found.update(dict.fromkeys(releases, handle.replace("-", " ")))
        return found


def lines_of(text: str, word: str) -> Iterator[str]:
    """The lines that start with a word and a space, of a text of sorted lines."""
    start, low, high = word + " ", 0, len(text)
    while low < high:  # the first line that is not before them
        middle = text.rfind("\n", low, (low + high) // 2) + 1 or low
        end = text.find("\n", middle, high)
        end = high if end < 0 else end
        if text[middle:end] < start:
            low = end + 1
        else:
            high = max(middle - 1, low)
    while text.startswith(start, low):
        end = text.find("\n", low)
        end = len(text) if end < 0 else end
        yield text[low:end]
        low = end + 1


class ByName(Generic[T]):
    """What a table says of a name, made when it is first asked for."""

    def __init__(self, rows: Mapping[str, Any], make: Callable[[str, Any], T]) -> None:
        self._rows = rows
        self._make = make
        self._made: dict[str, T] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __getitem__(self, name: str) -> T:
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = self._make(name, self._rows[name])
        return found

    def get(self, name: str, default: Any = None) -> Any:
        """As `dict.get`."""
        return self[name] if name in self._rows else default
