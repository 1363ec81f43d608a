"""Names in a role: calls of deprecated functions, members, types, headers; from a list or from the rows of a table.

    names: {table: deprecated.calls, as: call, gate: since}
    names: {in: [kmap, kunmap], as: call}

A row may say: `new` and other texts for the message, `since`/`removed` (kernel releases; `gate` names the one that the
target kernel must have reached), `except` (globs of files it is not about). With `grouped: true` the table has one text
of names for each release. A table costs one set intersection a unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tree_sitter import Node

from linter.detect.match_find import Site, sites_of
from linter.detect.match_types import is_local
from linter.detect.match_where import Env, KeyPath, defined_in, table_value
from linter.detect.model import Context
from linter.record import record
from linter.rulebook.errors import BlockError
from linter.rulebook.kernel import parse_version
from linter.rulebook.model import KernelVersion, Tables
from linter.rulebook.paths import matches
from linter.syntax.model import Unit

ROLES = ("call", "type", "field", "name", "macro")
"""`call`: what is called; `type`: a type's name; `field`: a member; `name`: a variable or constant that is read;
`macro`: a call or a bare name."""

_KEYS = ("table", "in", "as", "gate", "grouped", "unless-defined")
_DECLARING = frozenset(
    {
        "function_declarator",
        "init_declarator",
        "pointer_declarator",
        "array_declarator",
        "parameter_declaration",
        "preproc_def",
        "preproc_function_def",
        "preproc_params",
        "enumerator",
        "preproc_ifdef",
        "preproc_defined",
        "labeled_statement",
        "goto_statement",
    }
)


@record
class Row:
    """What a table says about a name."""

    texts: Mapping[str, str]
    gate: KernelVersion | None
    exempt: tuple[str, ...]


@record
class NamesDriver:
    """The places of many names in one role."""

    rows: Mapping[bytes, Row]
    words: frozenset[bytes]
    role: str
    unless_defined: bool
    binds: frozenset[str]

    @property
    def triggers(self) -> frozenset[str]:
        return frozenset(word.decode() for word in self.words)

    def find(self, unit: Unit, context: Context) -> Iterator[tuple[Site, Env]]:
        """Each place where a name stands in the role, and its row holds for the target kernel."""
        hits = (
            unit.identifiers & self.words if len(unit.identifiers) < len(self.words) else self.words & unit.identifiers
        )
        for word in sorted(hits):
            row = self.rows[word]
            if not self._holds(row, unit, context) or (self.unless_defined and _is_defined(word, unit, context)):
                continue
            for site in sites_of(unit, word):
                found = in_role(site, self.role)
                if found is not None and not (self.unless_defined and is_local(unit, site.function, word)):
                    yield found, {**row.texts, "NAME": word.decode()}

    def _holds(self, row: Row, unit: Unit, context: Context) -> bool:
        if row.gate is not None and (context.kernel is None or context.kernel < row.gate):
            return False
        return not row.exempt or not matches(row.exempt, unit.image.path)


def _is_defined(word: bytes, unit: Unit, context: Context) -> bool:
    return word in context.defined or word in defined_in(unit)


def in_role(site: Site, role: str) -> Site | None:
    """The site to report where a name plays a role: of the call, or of the name itself."""
    node, parent = site.node, site.parent
    if parent is None:
        return None
    if (
        role in ("call", "macro")
        and parent.type == "call_expression"
        and parent.child_by_field_name("function") == node
    ):
        return site.up(1)
    if role == "type":
        return site if node.type == "type_identifier" else None
    if role == "field":
        return site if node.type == "field_identifier" else None
    if role in ("name", "macro") and node.type == "identifier" and not _declares(site):
        return site
    return None


def _declares(site: Site) -> bool:
    parent: Node | None = site.parent
    if parent is None or parent.type not in _DECLARING:
        return parent is not None and parent.type == "declaration"
    return parent.type != "init_declarator" or parent.child_by_field_name("declarator") == site.node


def read_names(data: Any, at: KeyPath, tables: Tables) -> NamesDriver:
    """Check `names:` and make its driver."""
    if not isinstance(data, Mapping) or ("table" in data) == ("in" in data):
        raise BlockError(at, "no names", "`table:` or `in:`, and `as:`")
    for key in data:
        if key not in _KEYS:
            raise BlockError((*at, key), "unknown key", "one of " + ", ".join(_KEYS))
    role, gate = data.get("as", "call"), data.get("gate")
    if role not in ROLES:
        raise BlockError((*at, "as"), f"unknown role `{role}`", "one of " + ", ".join(ROLES))
    if gate not in (None, "since", "removed"):
        raise BlockError((*at, "gate"), f"unknown bound `{gate}`", "since or removed")
    source = data["in"] if "in" in data else table_value(data["table"], tables, (*at, "table"))
    if not isinstance(source, (list, Mapping)) or not source:
        raise BlockError(at, "the names are no list or mapping", "names, or rows by name")
    if isinstance(source, list):
        source = dict.fromkeys(source)
    elif data.get("grouped"):
        source = {name: str(release) for release, names in source.items() for name in str(names).split()}
    key = ("match.names", str(data.get("table") or data.get("in")), gate, bool(data.get("grouped")))
    rows = tables.derived(key, lambda _: {name.encode(): _row(row, gate, (*at, name)) for name, row in source.items()})
    binds = frozenset({"NAME"}).union(*(row.texts for row in rows.values()))
    return NamesDriver(rows, frozenset(rows), role, bool(data.get("unless-defined", True)), binds)


def _row(data: Any, gate: str | None, at: KeyPath) -> Row:
    if data is None:
        return Row({}, None, ())
    if isinstance(data, (str, int)):
        if gate is not None:
            return Row({gate.upper(): str(data)}, parse_version(data), ())
        return Row({"NEW": str(data)}, None, ())
    if not isinstance(data, Mapping):
        raise BlockError(at, "no row", "`new`, `since`, `removed`, …")
    texts = {key.upper().replace("-", "_"): str(value) for key, value in data.items() if key != "except"}
    bound = data.get(gate) if gate is not None else None
    return Row(texts, parse_version(bound) if bound is not None else None, tuple(data.get("except", ())))
