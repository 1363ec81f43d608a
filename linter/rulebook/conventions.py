"""Counts over a kernel tree to the harvested part of `rules/data/returns.yaml`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from linter.pattern import lazy
from linter.rulebook.harvest import Tally

_PREDICATE = lazy(r"(?:^|_)(?:is|has|can|need|needs|should|enabled|supported|valid|empty|equal|eq|cmp|test)(?:_|$)")

CLASSES = {
    "may-be-null": "NULL on failure: callers test for NULL, none for an ERR_PTR; some use the result without a test",
    "null-always": "NULL on failure, and hardly any caller uses the result before a test",
    "errptr": "ERR_PTR on failure: callers use IS_ERR()",
    "must": "result dropped by at most one caller in twenty, of two or more",
    "must-strong": "result dropped by at most one caller in a hundred, of twenty or more",
    "fallible": "negative on failure, and dropped by many callers: it takes further evidence to call that wrong",
    "negative": "most callers test for a negative result: a success may be a positive number",
}
"""What each class of the harvested table says."""


def classify(name: str, tally: Tally) -> Iterator[str]:
    """The classes that a function belongs to."""
    types = {t for t in tally.types if t}
    if len(types) > 1 or (not tally.declared and tally.definitions > 2):
        return  # several functions share the name
    kind = next(iter(types), "macro")
    local = tally.definitions > 0 and not tally.declared
    if kind in {"pointer", "macro"}:
        yield from _pointer_classes(tally, kind, local)
    if kind in {"int", "bool", "macro"} and not tally.count("error-pointer"):
        yield from _must_classes(name, tally, local)


def _pointer_classes(tally: Tally, kind: str, local: bool) -> Iterator[str]:
    null, truth = tally.count("not"), tally.count("true")
    iserr, either, misuse = tally.count("error-pointer"), tally.count("either"), tally.count("dereference")
    if tally.count("drop") > null + truth + iserr:
        return
    enough = 3 if local else 2
    if null + truth >= enough and not iserr + either and (kind == "pointer" or (null >= 5 and null >= 3 * truth)):
        if (misuse + tally.count("use", "unread")) * 12 <= null + truth and null >= truth:
            yield "null-always"
        elif misuse * 19 <= null + truth:
            yield "may-be-null"
    elif iserr >= enough and null + truth + either <= 0.03 * iserr:
        yield "errptr"


def _must_classes(name: str, tally: Tally, local: bool) -> Iterator[str]:
    drop = tally.count("drop")
    tested = tally.count("not", "true", "negative", "compare", "return")
    negated_only = tally.count("not") == tested
    reports = tally.count("negative") > 0 or tally.errno or tally.assigned > 1 or negated_only
    if not reports or tally.count("dereference") or _PREDICATE.search(name):
        return
    if tested >= 20 and drop * 99 <= tested:
        yield "must-strong"
    elif (tested >= 3 and drop * 19 <= tested) or (tested == 2 and not drop and (tally.errno or not local)):
        yield "must"
    elif tested >= 3 and drop <= 2 * tested and (tally.errno or tally.assigned > 1):
        yield "fallible"
    if tally.count("negative") * 2 > tested and tested >= 3:
        yield "negative"


def classes(tallies: Mapping[bytes, Tally]) -> dict[str, list[str]]:
    """Function names by class, sorted."""
    found: dict[str, list[str]] = {name: [] for name in CLASSES}
    for raw, tally in sorted(tallies.items()):
        name = raw.decode("utf-8", "replace")
        for group in classify(name, tally):
            found[group].append(name)
    return found


def table_yaml(found: Mapping[str, list[str]], source: str) -> str:
    """The harvested table as YAML: one string of names a class, so that it loads in no time."""
    lines = [
        "# How functions fail, as their callers tell it. Made by `hunklint harvest`; do not edit by hand.",
        f"source: {source}",
        "",
    ]
    for group, meaning in CLASSES.items():
        lines += [f"# {meaning}", f"{group}: >-"]
        lines += textwrap.wrap(" ".join(found[group]), 118, initial_indent="  ", subsequent_indent="  ")
        lines.append("")
    return "\n".join(lines)
