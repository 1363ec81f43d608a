"""Regular expressions that are compiled when they are first used: one small patch needs few of them.

`lazy(pattern, flags)` has the methods of a compiled pattern. After the first use each is an attribute of the object
that leads straight to the compiled pattern, so a hot loop pays nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, AnyStr

_METHODS = ("match", "search", "fullmatch", "finditer", "findall", "sub", "subn", "split", "pattern", "flags", "groups")


class _Lazy:
    """A pattern and its flags until it is used, then the compiled pattern's own methods."""

    def __init__(self, pattern: Any, flags: int) -> None:
        self._source = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        compiled = re.compile(*self._source)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


if TYPE_CHECKING:

    def lazy(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]: ...

else:

    def lazy(pattern, flags=0):
        """A regular expression that is compiled at its first use."""
        return _Lazy(pattern, int(flags))
