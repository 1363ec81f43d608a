"""Questions about releases that are of another family than what made the thing: in one function, or in one file.

Within a function values are followed. Between functions it is the member of a structure that is followed: every
assignment of it in the file has to come from calls that the release does not undo.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator

from linter.detect.calls import clean_text, named_calls, touched_functions
from linter.detect.family_words import FamilyWords, family_words
from linter.detect.questions import Answer, Query
from linter.detect.typestate_tables import RETURN
from linter.flow.facts import ZERO, Facts
from linter.flow.known import known_steps
from linter.flow.model import Expr, Kind, Step, StepKind
from linter.pattern import lazy
from linter.record import record
from linter.rulebook.harvest import closing
from linter.syntax.model import Function, Unit

_STORE = lazy(
    rb"(?<![\w.>*&])([A-Za-z_]\w*)((?:(?:->|\.)[A-Za-z_]\w*)+)\s*=(?!=)\s*(?:\([\w\s*]+\)\s*)?(?:([A-Za-z_]\w*)\s*([(;]))?"
)
_PLACE = lazy(rb"\s*([A-Za-z_]\w*)((?:(?:->|\.)[A-Za-z_]\w*)+)\s*\Z")
_NOTHING = frozenset({b"NULL", b"nullptr"})

Wrong = Callable[[str, str], bool | None]
"""Whether a release must not be given what a call made; None where the call is not known. (release, maker)"""


@record
class Made:
    """An assignment to a member: of which variable, by which call."""

    function: int  # offset of the function that it stands in
    root: str
    type: str
    maker: str | None  # None: something else than a call
    start: int
    end: int


def other_family(query: Query) -> Iterator[Answer]:
    """Memory that is freed by a call of another family than the one that made it."""
    words = family_words(query.tables)

    def wrong(release: str, maker: str) -> bool | None:
        if release not in words.frees:
            return None
        undone = words.undoes(release, maker)
        return None if undone is None else not undone

    if b"is_vmalloc_addr" in query.unit.identifiers or not _can_clash(query, "other", words.frees, wrong):
        return
    yield from _local(query, words.frees, wrong)
    yield from _across(query, words.frees, wrong)


def managed_released(query: Query) -> Iterator[Answer]:
    """What the device releases by itself, released by hand."""
    words = family_words(query.tables)
    releases = words.releases

    def wrong(release: str, maker: str) -> bool | None:
        row = words.managed.get(maker)
        if row is None:
            return False if maker in words.knowledge.acquire else None
        return release in row["release"]

    if not _can_clash(query, "managed", releases, wrong):
        return
    yield from _local(query, releases, wrong)
    yield from _registered(query, words)
    yield from _across(query, releases, wrong)


def _can_clash(query: Query, question: str, releases: frozenset[str], wrong: Wrong) -> bool:
    """Whether the words of the file have a release and a maker that do not belong together: nearly always they do."""
    cache, key = query.unit.cache, ("family.clash", question)
    if key not in cache:
        words = family_words(query.tables)
        names = [word.decode("utf-8", "replace") for word in query.unit.identifiers]
        used = [name for name in names if name in releases]
        makers = [name for name in names if words.is_maker(name)] if used else []
        cache[key] = any(wrong(release, maker) for maker in makers for release in used)
    found: bool = cache[key]
    return found


def _local(query: Query, releases: frozenset[str], wrong: Wrong) -> Iterator[Answer]:
    """Releases in the function that made the thing."""
    names = {name for name, _, _ in named_calls(query.function)}
    used = names & releases
    if not used or not any(wrong(release, maker) for release in used for maker in names - used):
        return
    argument = family_words(query.tables).argument
    calls = {
        step.expr.start: step.expr
        for block in query.cfg.blocks for step in block.steps
        if step.kind is StepKind.CALL and step.expr is not None
    }  # fmt: skip
    for _, _, step, facts in known_steps(query.cfg):
        if step.expr is not None and step.expr.text in releases:
            release = step.expr
            maker = _maker(step, argument.get(release.text, 0), facts, calls)
            if maker is not None and wrong(release.text, maker.text):
                yield _answer(query, release, argument.get(release.text, 0), maker)


def _maker(step: Step, index: int, facts: Facts, calls: dict[int, Expr]) -> Expr | None:
    """The call that made what a release is given."""
    if step.kind is not StepKind.CALL or step.expr is None:
        return None
    arg = step.expr.args[index] if index < len(step.expr.args) else None
    if arg is None or arg.kind not in (Kind.NAME, Kind.FIELD) or facts.mask(arg) == ZERO:
        return None
    value = facts.value(arg)
    return calls.get(int(value[1:-1])) if value[:1] == "<" and value[1:-1].isdigit() else None


def _registered(query: Query, words: FamilyWords) -> Iterator[Answer]:
    """Managed registrations that the same function takes back with the plain call."""
    names = {name for name, _, _ in named_calls(query.function)}
    wanted = {name for name in names if name in words.managed and words.managed[name]["handle"] != RETURN}
    if not any(not names.isdisjoint(words.managed[name]["release"]) for name in wanted):
        return
    steps = [
        step.expr
        for block in query.cfg.blocks for step in block.steps
        if step.kind is StepKind.CALL and step.expr is not None
    ]  # fmt: skip
    told: set[int] = set()
    for call in steps:
        if call.text not in wanted:
            continue
        given = {arg.key for arg in call.args[1:] if arg.kind not in (Kind.CONST, Kind.STRING)}
        for release in steps:
            index = words.argument.get(release.text, 0)
            undoes = release.start > call.start and release.text in words.managed[call.text]["release"]
            if not undoes or release.start in told or index >= len(release.args):
                continue
            if release.args[index].key in given:
                told.add(release.start)
                yield _answer(query, release, index, call)


def _answer(query: Query, release: Expr, index: int, maker: Expr) -> Answer:
    value = release.args[index]
    names = {"CALLEE": release.text, "MAKER": maker.text, "VALUE": query.text((value.start, value.end))}
    return Answer((release.start, release.end), names, [((maker.start, maker.end), "made here")], key=value.key)


def _across(query: Query, releases: frozenset[str], wrong: Wrong) -> Iterator[Answer]:
    """Releases of a member that another function of the file filled."""
    made = _members(query.unit)
    if not made:
        return
    own = query.function
    fills = any(one.function == own.span.start for rows in made.values() for one in rows)
    functions = [own]
    if fills:
        touched = {function.span.start for function in touched_functions(query.unit)}
        functions += [other for other in query.unit.functions if other.span.start not in touched]
    for function in functions:
        for name, start, opening in named_calls(function):
            if name in releases:
                yield from _of_member(query, function, name, start, opening, made, wrong)


def _of_member(
    query: Query, function: Function, name: str, start: int, opening: int, made: dict[bytes, list[Made]], wrong: Wrong
) -> Iterator[Answer]:
    text = clean_text(query.unit)
    end = closing(text, opening)
    index = family_words(query.tables).argument.get(name, 0)
    for argument in text[opening + 1 : end - 1].split(b",")[index : index + 1] if end > 0 else ():
        place = _PLACE.match(argument)
        rows = made.get(place[2]) if place is not None else None
        if place is None or not rows or any(row.function == function.span.start for row in rows):
            continue
        root = place[1].decode()
        kind = _type_of(function, root)
        same = [row for row in rows if (row.type == kind if row.type and kind else row.root == root)]
        if len(same) != len(rows) or not all(row.maker is not None and wrong(name, row.maker) for row in rows):
            continue
        if function is not query.function and all(row.function != query.function.span.start for row in rows):
            continue
        names = {"CALLEE": name, "MAKER": rows[0].maker or "", "VALUE": argument.strip().decode("utf-8", "replace")}
        label = ((rows[0].start, rows[0].end), "made here")
        yield Answer((start, end), names, [label], key=names["VALUE"])


def _members(unit: Unit) -> dict[bytes, list[Made]]:
    """Every assignment to a member in a file, by the members behind the variable."""
    known: dict[bytes, list[Made]] | None = unit.cache.get("family.members")
    if known is None:
        known = unit.cache["family.members"] = defaultdict(list)
        text = clean_text(unit)
        for function in unit.functions:
            for match in _STORE.finditer(text, function.body.start_byte, function.body.end_byte):
                if match[3] in _NOTHING and match[4] == b";":
                    continue
                maker = match[3].decode() if match[4] == b"(" else None
                root = match[1].decode()
                kind = _type_of(function, root)
                known[match[2]].append(Made(function.span.start, root, kind, maker, match.start(), match.end()))
    return known


def _type_of(function: Function, root: str) -> str:
    """The structure that a variable of a function points to; "" where it is out of sight."""
    key = ("family.type", function.span.start, root)
    cache = function.unit.cache
    if key not in cache:
        text = function.unit.text[function.span.start : function.span.end]
        found = re.search(rb"\bstruct\s+(\w+)\s*(?:\*|const\b|\s)*\b" + re.escape(root.encode()) + rb"\b", text)
        cache[key] = found[1].decode() if found is not None else ""
    kind: str = cache[key]
    return kind
