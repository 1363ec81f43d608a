"""Sizes of allocations that user space chooses: where they come from, and whether anything bounds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from linter.detect.calls import named_calls
from linter.detect.paths import mentions
from linter.detect.questions import Answer, Query
from linter.flow.expr import integer
from linter.flow.model import Cfg, Expr, Kind, Step, StepKind
from linter.pattern import lazy
from linter.record import record
from linter.rulebook.model import Tables

_SMALL = lazy(r"\b(?:u8|__u8|u16|__u16|s8|s16|char|short|bool|uint8_t|uint16_t)\b")
_SIZEOF = lazy(r"^sizeof\b")
_NOTED = lazy(r"NOWARN|ACCOUNT")
_OPTION = lazy(r"setsockopt$")
_CLIENT = lazy(r"\bstruct drm_file \*$")
_LIMITS = lazy(r"^(?:min|min_t|min3|clamp|clamp_t|clamp_val|umin|array_index_nospec|le16_to_cpu|be16_to_cpu|ntohs)$")
_HARMLESS = lazy(
    r"^(?:mem(?:set|cpy)|k?free|kv?free|vfree|_*copy_|access_ok|pr_|dev_|drm_dbg|u64_to_user_ptr|_*get_user|_*put_user)"
)
_ORDERS = frozenset({"<", ">", "<=", ">="})


@record
class AllocWords:
    """The lists of the table `overflow` about allocations."""

    fills: frozenset[str]
    gives: frozenset[str]
    sizes: Mapping[str, tuple[int, ...]]  # allocator -> arguments that make up the size
    contiguous: frozenset[str]


def alloc_words(tables: Tables) -> AllocWords:
    """The words, read once a process."""
    return tables.derived("overflow.alloc", _build)


def _build(tables: Tables) -> AllocWords:
    table = tables["overflow"]
    sizes = {
        name: tuple(map(int, str(arguments).split()))
        for kind in ("contiguous", "unlimited")
        for arguments, names in table[kind].items()
        for name in names.split()
    }
    contiguous = frozenset(name for names in table["contiguous"].values() for name in names.split())
    return AllocWords(frozenset(table["fills"].split()), frozenset(table["gives"].split()), sizes, contiguous)


def alloc_unbounded(query: Query) -> Iterator[Answer]:
    """An allocation as large as user space says, where nothing looks at the number first."""
    words = alloc_words(query.tables)
    called = {name for name, _, _ in named_calls(query.function)}
    if called.isdisjoint(words.sizes):
        return
    cfg = query.cfg
    outside = Outside(cfg, words, _OPTION.search(query.function.name) is not None)
    if not outside.structures and not outside.sources:
        return
    for block in cfg.blocks:
        for step in block.steps:
            call = step.expr
            if step.kind is not StepKind.CALL or call is None or call.text not in words.sizes:
                continue
            if any(_NOTED.search(arg.key) for arg in call.args):
                continue
            found = next(
                (each for index in words.sizes[call.text] if index < len(call.args)
                 for each in outside.numbers(call.args[index], step.start)),
                None,
            )  # fmt: skip
            if found is None or outside.is_bounded(found, step):
                continue
            source = outside.sources[found]
            names = {"SIZE": query.text(found_at(call, found)), "CALLEE": call.text}
            labels = [((source.start, source.end), "from user space")] if source is not None else []
            yield Answer((step.start, step.end), names, labels, key=found)


def user_sum_wraps(query: Query) -> Iterator[Answer]:
    """A header and an array whose length user space gave, added up and compared with the size of a buffer."""
    words = alloc_words(query.tables)
    called = {name for name, _, _ in named_calls(query.function)}
    if called.isdisjoint(words.fills) and called.isdisjoint(words.gives):
        return
    outside = Outside(query.cfg, words, False)
    told: set[str] = set()
    for block in query.cfg.blocks if outside.structures else ():
        for edge in block.edges:
            test = edge.assume[0] if edge.assume is not None else None
            if test is None or test.kind is not Kind.BINARY or test.text not in (*_ORDERS, "==", "!="):
                continue
            for side in test.args:
                found = _array_of(side, test, outside)
                if found is None or side.key in told or _looked_at(query.cfg, found, test):
                    continue
                told.add(side.key)
                names = {"SUM": query.text((side.start, side.end)), "VALUE": found}
                source = outside.sources[found]
                labels = [((source.start, source.end), "from user space")] if source is not None else []
                yield Answer((test.start, test.end), names, labels, key=side.key)


def _array_of(side: Expr, test: Expr, outside: Outside) -> str | None:
    """The number of entries in `sizeof(head) + n * sizeof(entry)`, where user space gave it."""
    if side.kind is not Kind.BINARY or side.text != "+" or not any(_SIZEOF.match(arg.key) for arg in side.args):
        return None
    for arg in side.args:
        is_product = arg.kind is Kind.BINARY and arg.text == "*"
        if is_product or (arg.kind is Kind.CALL and arg.text.isupper()):
            return next(outside.numbers(arg, test.start), None)
    return None


def _looked_at(cfg: Cfg, number: str, test: Expr) -> bool:
    """Whether another comparison bounds a number."""
    own = frozenset({number})
    return any(
        edge.assume is not None and edge.assume[0].start < test.start and _bounds(edge.assume[0], own)
        for block in cfg.blocks for edge in block.edges
    )  # fmt: skip


def found_at(call: Expr, key: str) -> tuple[int, int]:
    """Where a key stands within a call."""
    stack = list(call.args)
    while stack:
        top = stack.pop()
        if top.key == key:
            return top.start, top.end
        stack.extend(top.args)
    return call.start, call.end


class Outside:
    """What user space gave a function: the numbers and structures that it filled, and numbers made of them."""

    def __init__(self, cfg: Cfg, words: AllocWords, option: bool) -> None:
        self.cfg = cfg
        self.steps = sorted((step for block in cfg.blocks for step in block.steps), key=lambda step: step.start)
        self.structures: dict[str, Step] = {}
        self.sources: dict[str, Step | None] = {}
        self.made_of: dict[str, set[str]] = {}
        self.client = any(_CLIENT.search(kind) for kind in cfg.types.values())
        if option and "optlen" in cfg.types:
            self.sources["optlen"] = None
        for step in self.steps:
            self._fill(step, words)

    def _fill(self, step: Step, words: AllocWords) -> None:
        call, target = step.expr, step.target
        if step.kind is StepKind.CALL and call is not None and call.text in words.fills and call.args:
            place = call.args[0]
            place = place.args[0] if place.kind is Kind.ADDRESS else place
            if place.kind in (Kind.NAME, Kind.FIELD):
                self.structures.setdefault(place.key, step)
        elif step.kind is StepKind.CALL and call is not None and call.text in words.gives and target is not None:
            self.structures.setdefault(target.key, step)
        elif step.kind in (StepKind.ASSIGN, StepKind.DECLARE) and target is not None and call is not None:
            if target.kind is not Kind.NAME or _SMALL.search(self.cfg.locals.get(target.text, "")):
                return
            if self.client and call.kind is Kind.NAME and self.cfg.types.get(call.text) == "void *":
                self.structures.setdefault(target.key, step)
            used = set(self.numbers(call, step.start))
            if used:
                self.sources.setdefault(target.text, step)
                self.made_of.setdefault(target.text, set()).update(used)

    def numbers(self, expr: Expr, before: int) -> Iterator[str]:
        """The keys within an expression that user space chose, but for those that something keeps small."""
        stack = [expr]
        while stack:
            top = stack.pop()
            if top.kind is Kind.CALL and _LIMITS.match(top.text):
                continue
            if top.kind is Kind.BINARY and top.text in ("&", "%", ">>", "/", *_ORDERS, "==", "!=", "&&", "||"):
                continue
            if top.kind is Kind.NAME and top.text in self.sources:
                yield top.text
            elif (source := self._given(top)) is not None and source.start < before:
                self.sources.setdefault(top.key, source)
                yield top.key
            elif top.kind is not Kind.FIELD and top.text != "sizeof":
                stack.extend(top.args)

    def _given(self, expr: Expr) -> Step | None:
        """The copy that a number came in by: it is a member of a structure that was copied, or was copied itself."""
        if expr.kind is Kind.NAME:
            kind = self.cfg.locals.get(expr.text, "*")
            return None if "*" in kind or "struct" in kind or _SMALL.search(kind) else self.structures.get(expr.text)
        base = expr
        while base.kind is Kind.FIELD:
            base = base.args[0]
            if base.key in self.structures:
                return self.structures[base.key]
        return None

    def is_bounded(self, key: str, at: Step) -> bool:
        """Whether a condition or a call looks at a number, or at one that it was made of, before it is used."""
        keys, pending = {key}, [key]
        while pending:
            for inner in self.made_of.get(pending.pop(), ()):
                if inner not in keys:
                    keys.add(inner)
                    pending.append(inner)
        own = frozenset(keys | {name for name, made in self.made_of.items() if made & keys})
        for block in self.cfg.blocks:
            for edge in block.edges:
                if edge.assume is not None and edge.assume[0].start < at.start and _bounds(edge.assume[0], own):
                    return True
        return any(self._checks(step, own) for step in self.steps if step.start < at.start)

    def _checks(self, step: Step, own: frozenset[str]) -> bool:
        """Whether a step hands the number, or the structure that it is in, to somebody who may look at it."""
        call = step.expr
        if step.op not in ("", "=") and step.target is not None and step.target.key in own:
            return step.op in ("&=", "%=", ">>=")
        if step.kind is not StepKind.CALL or call is None or _HARMLESS.match(call.text) or call.text[:1].isupper():
            return False
        for arg in call.args:
            inner = arg.args[0] if arg.kind is Kind.ADDRESS else arg
            if inner.key in own or (inner.key in self.structures and any(_inside(key, inner.key) for key in own)):
                return self.structures.get(inner.key) is not step
        return False


def _inside(key: str, base: str) -> bool:
    return key.startswith((base + "->", base + "."))


def _bounds(test: Expr, own: frozenset[str]) -> bool:
    """Whether a condition says more of a number than that it is not zero."""
    if not mentions(test, own) or (test.kind is Kind.CALL and _HARMLESS.match(test.text)):
        return False
    if test.kind is Kind.BINARY and test.text in ("==", "!=", *_ORDERS):
        other = [arg for arg in test.args if not mentions(arg, own)]
        return not (len(other) == 1 and integer(other[0]) == 0 and test.text in ("==", "!=", ">", "<="))
    return test.key not in own
