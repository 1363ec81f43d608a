"""The resource and lock tables, and what the name of a function tells, ready for the typestate engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from linter.detect.typestate_lookup import ByName, HarvestedPairs
from linter.flow.facts import ANY, NEGATIVE, POSITIVE, ZERO
from linter.memory import Memo
from linter.pattern import compiled, lazy
from linter.record import record
from linter.rulebook.model import Tables

RETURN, ARGUMENT, OUT, ADDRESS, NONE = "return", "argument", "out", "address", "none"
AGAIN, USED = LATE = "double-release", "use-after-release"
"""What may happen after a release."""
_WORD = lazy(r"[a-z]+|[0-9]+|[A-Z]+(?![a-z])|[A-Z][a-z]+")
_MADE = lazy(rb"\b(\w+)\s*=\s*\w*(?:alloc|new|create|dup|clone|copy)\w*\s*\(")
_GIVEN_ON = lazy(rb"\breturn[ \t]+(\w+)[ \t]*;")
_CALLED = lazy(rb"\b([A-Za-z_]\w*)\s*\(")
FREES = frozenset({"free", "put", "release", "destroy", "unref", "unpin", "kfree", "kvfree", "vfree", "fput"})
"""Words of calls after which nothing is left of what a local variable held."""
MAKES = frozenset(
    {"alloc", "kzalloc", "kmalloc", "kcalloc", "zalloc", "new", "create", "kmemdup", "vzalloc", "dup", "clone", "copy"}
)
"""Words of callees whose result nobody else knows yet."""
MANAGED = ("devm_", "drmm_", "pcim_", "dmam_", "__devm_", "__drmm_", "snd_devm_", "dmaenginem_")

_HELD = {
    "null": POSITIVE | NEGATIVE, "errptr": POSITIVE | NEGATIVE, "null-or-errptr": POSITIVE | NEGATIVE, "zero": POSITIVE,
    "nonzero": ZERO, "never": ANY, "mapping": POSITIVE | NEGATIVE,
}  # fmt: skip


@record(eq=False)
class Family:
    """One row of resources.yaml or locks.yaml."""

    name: str
    release: frozenset[str]
    where: str  # RETURN, ARGUMENT, OUT, ADDRESS, NONE
    argument: int
    fails: str
    kind: str
    raised: bool = False
    lock: bool = False
    atomic: bool = False
    recursive: bool = False
    shared: bool = False
    preferred: str = ""  # the release to name in a message
    member: str = ""  # of the structure that an OUT argument fills: what is owed is held there
    least: int = -1  # the argument that says how many are wanted: with fewer the call has failed
    elsewhere: bool = False  # the release is not given the handle, but what it was made from, or what it holds
    filled: int = -1  # the argument through which the call stores 0 where it fails

    @property
    def held(self) -> int:
        """What the result of the call may be where it did acquire."""
        if self.raised:
            return ANY
        if self.fails == "failed":
            return NEGATIVE
        if self.fails == "negative":
            return ZERO | POSITIVE if self.where == RETURN else ZERO
        return _HELD[self.fails]


_Row = tuple[Mapping[str, Any], bool]
"""A row of a table, and whether it is that of the locks."""


def _failed_family(name: str, place: _Row) -> Family:
    """What a call leaves to be undone where it fails."""
    row, _ = place
    _, argument, _ = _handle(str(row["handle"]))
    return Family(
        name, frozenset(row["failure"]), ARGUMENT, argument, "failed", "failed", False, False, False, False, False,
        row["failure"][0],
    )  # fmt: skip


class Knowledge:
    """Everything the tables say, by name."""

    def __init__(self, tables: Tables) -> None:
        resources, locks = tables["resources"], tables["locks"]
        acquire: dict[str, _Row] = {}
        release: dict[str, list[_Row]] = {}
        self._rows: list[_Row] = []
        for rows, lock in ((resources["families"], False), (locks["families"], True)):
            for row in rows:
                place: _Row = (row, lock)
                self._rows.append(place)
                for name in row["acquire"]:
                    acquire[name] = place
                for name in row["release"]:
                    release.setdefault(name, []).append(place)
        self._families: dict[int, Family] = {}
        self.acquire = ByName(acquire, self._family)
        # what is owed where the call fails
        self.on_failure = ByName({name: row for name, row in acquire.items() if "failure" in row[0]}, _failed_family)
        self.begun = {name: frozenset(row[0]["begun"]) for name, row in acquire.items() if "begun" in row[0]}
        self.release = ByName(release, lambda _, places: [self._family("", place) for place in places])
        self.teardown = frozenset(resources["teardown"])
        self.take = frozenset(resources["take"])
        self.borrow = frozenset(resources["borrow"])
        self.noise = frozenset(resources["noise"])
        self.borrow_calls = frozenset(resources["borrow-calls"])
        self.borrow_prefixes = tuple(resources["borrow-prefixes"])
        self.not_pairs = frozenset(resources["not-pairs"])
        self.take_calls = frozenset(resources["take-calls"])
        self.handover = frozenset(locks["handover"])
        self.undone_by: dict[str, set[str]] = {}
        for left, right in resources["verbs"]:
            for word in left:
                self.undone_by.setdefault(word, set()).update(right)
        self.mirrors = {frozenset(pair) for pair in resources["mirrors"]}
        self.undoing = frozenset(word for words in self.undone_by.values() for word in words)
        self.pairs = HarvestedPairs(tables)
        self._words: Memo[str, tuple[str, ...]] = Memo()
        self._speaks: Memo[bytes, bool] = Memo()
        self._flags: Memo[bytes, int] = Memo()
        self._related: Memo[tuple[str, str], int] = Memo()

    def _family(self, _: str, place: _Row) -> Family:
        """The family of a row; a table has hundreds, a patch meets a few."""
        row, lock = place
        found = self._families.get(id(row))
        if found is None:
            where, argument, member = _handle(str(row["handle"]))
            found = self._families[id(row)] = Family(
                row["acquire"][0], frozenset(row["release"]), where, argument, row["fails"],
                "lock" if lock else row["kind"], bool(row.get("raised")), lock, row.get("context") == "atomic",
                bool(row.get("recursive")), bool(row.get("shared")),
                row["release"][0], member, row.get("least", -1), bool(row.get("elsewhere")),
                row.get("filled", -1),
            )  # fmt: skip
        return found

    @property
    def families(self) -> list[Family]:
        """Every family, in the order of the tables."""
        return [self._family("", place) for place in self._rows]

    def speaks_of(self, identifiers: Iterable[bytes]) -> bool:
        """Whether any of these names could be an acquisition: one of the tables', or half of a pair by its words."""
        seen = self._speaks
        for name in identifiers:
            known = seen.get(name)
            if known is None:
                text = name.decode("utf-8", "replace")
                known = seen[name] = text in self.acquire or (
                    "_" in text and not self.undoing.isdisjoint(self.words(text))
                )
            if known:
                return True
        return False

    def may_owe(self, text: bytes) -> bool:
        """Whether a function's text calls something that may have to be undone: a cheap answer before any graph."""
        names = set(_CALLED.findall(text))
        ends: list[str] = []
        others: list[str] = []
        for raw in names:
            flag = self._flags.get(raw)
            if flag is None:
                flag = self._flags[raw] = self._flag(raw.decode("latin-1"))
            if flag == 2:
                return True
            (ends if flag == 1 else others).append(raw.decode("latin-1"))
        if any(not MAKES.isdisjoint(self.words(name)) for name in others):
            given = {match[1] for match in _GIVEN_ON.finditer(text)}
            if any(match[1] in given for match in _MADE.finditer(text)):
                return True
        if not ends:
            return False
        if any(name in self.release or not FREES.isdisjoint(self.words(name)) for name in ends) and len(names) > 1:
            return True
        return any(self.related(name, end) == 2 for end in ends for name in (*others, *ends))

    def _flag(self, name: str) -> int:
        """2 for a call that the tables know to acquire, 1 for one that ends something, else 0."""
        if name in self.acquire or name in self.pairs:
            return 2
        return 0 if self.undoing.isdisjoint(self.words(name)) else 1

    def words(self, name: str) -> tuple[str, ...]:
        """The words that a callee's name is made of, in lower case; of `ops->free` those of the member."""
        found = self._words.get(name)
        if found is None:
            last = compiled(r"->|\.").split(name)[-1]
            found = self._words[name] = tuple(_singular(word.lower()) for word in _WORD.findall(last))
        return found

    def is_teardown(self, name: str) -> bool:
        """Whether a callee's name says that it ends what it is given."""
        if name in self.release:
            return True
        return not self.teardown.isdisjoint(self.words(name)) and not name.startswith(self.borrow_prefixes)

    def is_counterpart(self, acquire: str, release: str) -> bool:
        """Whether a callee's name alone says that it undoes another: not one that is known to look on."""
        return self.related(acquire, release) > 0 and not release.startswith(self.borrow_prefixes)

    def is_borrower(self, name: str) -> bool:
        """Whether a callee looks at what it is given and does not keep it."""
        if name in self.borrow_calls or name.startswith(self.borrow_prefixes):
            return True
        if name in self.take_calls:
            return False
        words = self.words(name)
        return not self.borrow.isdisjoint(words) and self.take.isdisjoint(words)

    def is_taker(self, name: str) -> bool:
        """Whether a callee keeps what it is given, whatever it returns."""
        return name in self.take_calls

    def is_memory_release(self, name: str) -> bool:
        """Whether a call frees plain memory and nothing that the memory points to."""
        return any(family.kind == "memory" for family in self.release.get(name, ()))

    def related(self, acquire: str, release: str) -> int:
        """How well one name is the counterpart of the other: 2 the same words but for the verb, 1 one has more, 0."""
        key = (acquire, release)
        found = self._related.get(key)
        if found is None:
            found = self._related[key] = self._relate(self.words(acquire), self.words(release))
        return found

    def _relate(self, one: tuple[str, ...], two: tuple[str, ...]) -> int:
        best = 0
        for verb in one:
            opposite = self.undone_by.get(verb)
            if opposite is None:
                continue
            for other in two:
                if other not in opposite:
                    continue
                first = self._rest(one, verb)
                second = self._rest(two, other)
                if not first or not second:
                    continue
                if first == second:
                    return 2
                if first[0] == second[0] and (set(first) <= set(second) or set(second) <= set(first)):
                    best = 1
        return best

    def reverses(self, one: str, two: str) -> bool:
        """Whether two names are the same word by word but for two verbs that mirror each other."""
        first, second = self.words(one), self.words(two)
        differ = [pair for pair in zip(first, second, strict=False) if pair[0] != pair[1]]
        if len(first) != len(second) or len(first) < 2 or len(differ) != 1:
            return False
        return frozenset(differ[0]) in self.mirrors

    def subject(self, name: str) -> list[str]:
        """The words of a callee's name that say what it is about: no verb of a pair, nothing general."""
        return [
            word
            for word in self.words(name)
            if word not in self.noise and word not in self.undone_by and word not in self.undoing
        ]

    def _rest(self, words: Iterable[str], verb: str) -> list[str]:
        return [word for word in words if word != verb and word not in self.noise]

    def covers(self, acquire: str, release: str) -> bool:
        """Whether a teardown's name is so general that it may undo the acquisition among other things."""
        general = [word for word in self.words(release) if word not in self.teardown and word not in self.noise]
        return set(general) <= set(self.words(acquire))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 4 and word[-1] == "s" and word[-2] not in "sui" else word


def _handle(text: str) -> tuple[str, int, str]:
    if text in (RETURN, NONE):
        return text, -1, ""
    word, _, place = text.partition(" ")
    number, _, member = place.partition(".")
    if number:
        return (OUT if word == "out" else ADDRESS), int(number), member
    return ARGUMENT, int(word), ""


def knowledge(tables: Tables) -> Knowledge:
    """What the tables say, made once a process."""
    return tables.derived("typestate", Knowledge)
