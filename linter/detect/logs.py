"""Calls that print to the kernel log, told by the shape of their names; the words are in the table `logging`."""

from __future__ import annotations

from linter.detect.calls import clean_text, named_calls
from linter.detect.returns import typed_allocators
from linter.pattern import lazy
from linter.record import record
from linter.rulebook.harvest import closing
from linter.rulebook.model import Tables
from linter.syntax.model import Function

_LEVEL = lazy(rb"\bKERN_(\w+)")
_PRINTK_LEVELS = {
    **dict.fromkeys(("EMERG", "ALERT", "CRIT", "ERR"), "error"),
    **dict.fromkeys(("WARNING", "DEFAULT"), "warning"),
    **dict.fromkeys(("NOTICE", "INFO"), "notice"),
    **dict.fromkeys(("DEBUG", "CONT"), "silent"),
}


@record
class LogWords:
    """The words of the table, ready for use."""

    levels: dict[str, str]
    exact: dict[str, str]
    limited: frozenset[str]
    silent: frozenset[str]
    warns: frozenset[str]
    warns_limited: frozenset[str]
    verbose: frozenset[str]
    allocators: frozenset[str]


@record
class LogCall:
    """One call that prints."""

    name: str
    level: str  # error, warning, notice
    limited: bool
    start: int
    end: int


def log_words(tables: Tables) -> LogWords:
    """The words, read once a process."""
    return tables.derived("logs.words", _build)


def _build(tables: Tables) -> LogWords:
    table = tables["logging"]

    def words(name: str) -> frozenset[str]:
        return frozenset(table[name].split())

    return LogWords(
        levels={word: level for level, each in table["levels"].items() for word in each.split()},
        exact={word: level for level, each in table["exact"].items() for word in each.split()},
        limited=words("limited"),
        silent=words("silent"),
        warns=words("warns"),
        warns_limited=words("warns-limited"),
        verbose=words("verbose"),
        allocators=words("allocators") | typed_allocators(tables),
    )


def log_level(name: str, words: LogWords) -> tuple[str, bool] | None:
    """Level of a logging function by its name, and whether it is rate-limited; None for what does not print."""
    if name in words.exact:
        return words.exact[name], False
    parts = name.split("_")
    limited = False
    while parts and parts[-1] in words.limited:
        limited = True
        parts.pop()
    if len(parts) < 2 or any(part in words.silent for part in parts[-2:]):
        return None
    level = words.levels.get(parts[-1])
    return (level, limited) if level is not None else None


def log_calls(function: Function, tables: Tables) -> list[LogCall]:
    """The calls in a function that print at notice or above, found once."""
    cache, key = function.unit.cache, ("logs.calls", function.span.start)
    if key not in cache:
        cache[key] = list(_find(function, log_words(tables)))
    found: list[LogCall] = cache[key]
    return found


def _find(function: Function, words: LogWords) -> list[LogCall]:
    text, source = clean_text(function.unit), function.unit.source
    found = []
    for name, start, opening in named_calls(function):
        printk = name.startswith("printk")
        known = ("warning", name != "printk") if printk else log_level(name, words)
        if known is None:
            continue
        end = closing(text, opening)
        if end < 0 or b'"' not in source[opening:end]:
            continue
        level, limited = known
        if printk:
            named = _LEVEL.search(source, opening, end)
            level = _PRINTK_LEVELS.get(named[1].decode(), "warning") if named else "warning"
            if level == "silent":
                continue
        found.append(LogCall(name, level, limited, start, end))
    return found
