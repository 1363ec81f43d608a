"""Conditions on what a pattern bound: `where: [{word-of: $NAME, in: vendors}, {matches: $X, regex: ^u64$}, ...]`.

`BASIC` maps the first key of a condition to a function that checks and compiles it; `match_context` has more of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tree_sitter import Node

from linter.detect.match_find import Site
from linter.detect.match_pattern import SKIPPED, strip
from linter.detect.match_tree import Bound, same_code
from linter.detect.match_types import declared_type
from linter.detect.model import Context
from linter.pattern import compiled, lazy
from linter.record import record
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Tables
from linter.syntax.model import Unit

Env = dict[str, Bound | str]
KeyPath = tuple[str | int, ...]
Test = Callable[[Site, Env, Context], "Env | None"]
"""Says whether a node fits, and with which bindings; None: it does not."""

MAX_TEXT = 2000
"""Characters of bound code that a regular expression sees: the last ones for one that only ends with `$`."""

_WORDS = lazy(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[A-Z]")
_NESTED = lazy(r"[+*}][)]*[+*{]|\\[1-9]|\(\?[=!<P]")
_CONSTANT = lazy(rb"(?:[A-Z_][A-Z0-9_]*+|[0-9]\w*+|'[^']*+'|sizeof|[\s()+*/<>|&~-])++\Z")


def variable(value: Any, at: KeyPath) -> str:
    """The name in `$NAME`."""
    match = compiled(r"\$([A-Z_][A-Z0-9_]*)").fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise BlockError(at, f"`{value}` is no metavariable", "`$NAME`, in capitals")
    return match[1]


def limited_regex(text: Any, at: KeyPath, *, back: bool = False) -> re.Pattern[str]:
    """A regular expression that cannot take long: no repeat of a repeat, no look-around, no back reference."""
    if not isinstance(text, str) or not text or len(text) > 1000:
        raise BlockError(at, "no regular expression", "text of at most 1000 characters")
    if _NESTED.search(re.sub(r"\\[^1-9]|\[[^]]*\]" + (r"|\\[1-9]" if back else ""), "x", text)):
        raise BlockError(at, f"`{text}` could take for ever", "no repeat of a repeat, no look-around, no \\1")
    try:
        return compiled(text)
    except re.error as error:
        raise BlockError(at, f"`{text}`: {error}", "a regular expression") from error


def table_value(name: Any, tables: Tables, at: KeyPath) -> Any:
    """What stands in a table: `vendors`, `vendors.words` or `data/vendors.yaml`."""
    if not isinstance(name, str):
        raise BlockError(at, "no table", "the name of a table, such as `vendors.words`")
    stem, _, key = name.removeprefix("data/").removesuffix(".yaml").partition(".")
    try:
        value = tables[stem]
    except KeyError:
        raise BlockError(at, f"no table `{stem}` in rules/data", "one of " + ", ".join(sorted(tables.data))) from None
    for part in key.split(".") if key else ():
        if not isinstance(value, Mapping) or part not in value:
            raise BlockError(at, f"the table `{stem}` has no `{key}`", "a key of the table")
        value = value[part]
    return value


def text_of(value: Bound | str | None) -> str:
    """The code that is bound to a name, without superfluous white space."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    nodes = value if isinstance(value, tuple) else (value,)
    return ", ".join(" ".join((node.text or b"").decode("utf-8", "replace").split()) for node in nodes)


def split_words(name: str) -> list[str]:
    """The words of an identifier or path, in lower case: `DRM_FORMAT_intelTiled` gives drm, format, intel, tiled."""
    return [word.lower() for word in _WORDS.findall(name)]


def subject(name: str, env: Env, context: Context, site: Site) -> str:
    if name == "FILE":
        return site.unit.image.path or ""
    if name == "FUNCTION":
        return site.function.name if site.function else ""
    return text_of(env.get(name))


def _word_of(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    name = variable(data["word-of"], (*at, "word-of"))
    words = words_of(data.get("in"), tables, (*at, "in"))
    bind = variable(data["as"], (*at, "as")) if "as" in data else "WORD"

    def test(site: Site, env: Env, context: Context) -> Env | None:
        for word in split_words(subject(name, env, context, site)):
            if word in words:
                return {**env, bind: word}
        return None

    return test


def words_of(value: Any, tables: Tables, at: KeyPath) -> frozenset[str]:
    """A list of words: written out, or a table of them (a list, a mapping's keys, or its key `words`)."""
    if isinstance(value, list):
        return frozenset(map(str, value))
    found = table_value(value, tables, at)
    if isinstance(found, Mapping) and "words" in found:
        found = found["words"]
    if not isinstance(found, (list, Mapping)):
        raise BlockError(at, f"`{value}` is no list of words", "a list or a mapping")
    return frozenset(map(str, found))


def _matches(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    name = variable(data["matches"], (*at, "matches"))
    pattern = limited_regex(data.get("regex"), (*at, "regex"))
    text = pattern.pattern
    part = slice(-MAX_TEXT, None) if text.endswith("$") and not text.startswith("^") else slice(MAX_TEXT)

    def test(site: Site, env: Env, context: Context) -> Env | None:
        return env if pattern.search(subject(name, env, context, site)[part]) else None

    return test


def _one_of(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    name = variable(data["one-of"], (*at, "one-of"))
    words = words_of(data.get("in"), tables, (*at, "in"))

    def test(site: Site, env: Env, context: Context) -> Env | None:
        return env if subject(name, env, context, site) in words else None

    return test


def _equal(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    pair = data["equal"]
    if not isinstance(pair, list) or len(pair) != 2:
        raise BlockError((*at, "equal"), "not two metavariables", "`[$X, $Y]`")
    one, other = (variable(value, (*at, "equal", index)) for index, value in enumerate(pair))

    def test(site: Site, env: Env, context: Context) -> Env | None:
        left, right = env.get(one), env.get(other)
        if left is None or right is None or isinstance(left, str) or isinstance(right, str):
            return None
        return env if same_code(left, right) else None

    return test


def _kind_of(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    name = variable(data["kind-of"], (*at, "kind-of"))
    kinds = words_of(data.get("in"), tables, (*at, "in"))

    def test(site: Site, env: Env, context: Context) -> Env | None:
        value = env.get(name)
        return env if isinstance(value, Node) and strip(value).type in kinds else None

    return test


def _constant(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    name = variable(data["constant"], (*at, "constant"))

    def test(site: Site, env: Env, context: Context) -> Env | None:
        return env if is_constant(text_of(env.get(name)).encode()) else None

    return test


def is_constant(text: bytes) -> bool:
    """Whether an expression is built of numbers, names in capitals and sizeof."""
    text = compiled(rb"\bsizeof\s*+(?:\((?:[^()]|\([^()]*+\)){0,200}+\)|\w++)").sub(b"sizeof", text[:400])
    text = compiled(rb"\b[A-Z][A-Z0-9_]*+\([^()]{0,100}+\)").sub(b"M", text)
    return bool(text) and _CONSTANT.match(text) is not None


def _declared(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    name = variable(data["declared"], (*at, "declared"))
    wanted = {key: bool(data[key]) for key in ("pointer", "array") if key in data}
    pattern = limited_regex(data["type"], (*at, "type")) if "type" in data else None

    def test(site: Site, env: Env, context: Context) -> Env | None:
        value = env.get(name)
        if not isinstance(value, Node):
            return None
        found = declared_type(site.unit, site.function, strip(value))
        if found is None or any(getattr(found, key) != value for key, value in wanted.items()):
            return None
        return env if pattern is None or pattern.search(found.name) else None

    return test


def _count(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Test:
    name = variable(data["count"], (*at, "count"))
    least, most = int(data.get("min", 0)), int(data.get("max", 1 << 30))

    def test(site: Site, env: Env, context: Context) -> Env | None:
        value = env.get(name)
        if not isinstance(value, tuple):
            return None
        return env if least <= sum(node.type not in SKIPPED for node in value) <= most else None

    return test


_DEFINES = lazy(rb"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.M)
_DECLARES = lazy(rb"^(?:[A-Za-z_]\w*[ \t*]+){1,6}(\w+)\(", re.M)


def defined_in(unit: Unit) -> frozenset[bytes]:
    """Names of functions and macros that a file defines or declares itself."""
    known: frozenset[bytes] | None = unit.cache.get("match.defined")
    if known is None:
        names = {function.name.encode() for function in unit.functions}
        names.update(_DEFINES.findall(unit.text))
        names.update(_DECLARES.findall(unit.text))
        known = unit.cache["match.defined"] = frozenset(names)
    return known


@record
class Condition:
    """How one condition is written."""

    keys: frozenset[str]  # that may stand beside the first
    compile: Callable[[Mapping[str, Any], KeyPath, Tables], Test]


BASIC: Mapping[str, Condition] = {
    "word-of": Condition(frozenset({"in", "as"}), _word_of),
    "matches": Condition(frozenset({"regex"}), _matches),
    "one-of": Condition(frozenset({"in"}), _one_of),
    "equal": Condition(frozenset(), _equal),
    "kind-of": Condition(frozenset({"in"}), _kind_of),
    "constant": Condition(frozenset(), _constant),
    "declared": Condition(frozenset({"pointer", "array", "type"}), _declared),
    "count": Condition(frozenset({"min", "max"}), _count),
}
