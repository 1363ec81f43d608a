"""What the engines `return-check`, `reach` and `order` share: a rule asks one question of a closed list.

    return-check:
      report: unchecked-pointer      # the question
      message: "`$VALUE` is used although $CALLEE() may have failed"

A question is a function from a `Query` to `Answer`s; its names in `$CAPITALS` fill the message and the labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from linter.detect.calls import touched_functions
from linter.detect.model import Context, Finding, Label, Scope, finding
from linter.flow.build import build_cfg
from linter.flow.model import Cfg
from linter.patch.model import Location
from linter.pattern import lazy
from linter.record import field, record
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Confidence, Rule, Severity, Tables
from linter.syntax.model import Function, Unit

_NAME = lazy(r"\$([A-Z_]+)")
_KEYS = ("report", "message", "help")
_TYPES = {"array": list, "boolean": bool}
_TRIGGERS = {"triggers": {"type": "array", "items": {"type": "string"}}}
Place = tuple[int, int]
"""Byte offsets in the unit's text."""


@record(eq=False)
class Query:
    """One function of one unit, and what a question may look up."""

    function: Function
    unit: Unit
    context: Context
    block: Mapping[str, Any]

    @property
    def tables(self) -> Tables:
        """The rulebook's tables."""
        return self.context.tables

    @property
    def cfg(self) -> Cfg:
        """The function's control-flow graph, built once for all rules."""
        return build_cfg(self.function)

    def text(self, place: Place) -> str:
        """The source at a place, on one line."""
        return " ".join(self.unit.source[place[0] : place[1]].decode("utf-8", "replace").split())


@record
class Answer:
    """A defect: where it is, what to call the things in it, and what led to it."""

    place: Place
    names: Mapping[str, str] = field(default_factory=dict)
    labels: Sequence[tuple[Place, str]] = ()
    key: str = ""
    confidence: Confidence | None = None
    severity: Severity | None = None
    limits: Sequence[str] = ()
    help: str | None = None


Question = Callable[[Query], Iterable[Answer]]


class Later:
    """The functions of a module of this folder, such as its questions; it is imported when one of them is called."""

    def __init__(self, module: str) -> None:
        self._module = f"linter.detect.{module}"

    def __getattr__(self, name: str) -> Any:
        known: list[Callable[..., Any]] = []

        def call(*arguments: Any) -> Any:
            if not known:
                known.append(getattr(import_module(self._module), name))
            return known[0](*arguments)

        return call


def listed(entry: Any) -> Iterator[str]:
    """The words of a table's entry: those of a text, or of all texts of a mapping."""
    for words in entry.values() if isinstance(entry, Mapping) else [entry]:
        yield from words.split()


def fill(text: str, names: Mapping[str, str]) -> str:
    """Put names into a message."""
    return _NAME.sub(lambda match: names.get(match[1], match[0]), text)


def check_block(
    rule: Rule, engine: str, questions: Mapping[str, Question], extra: Mapping[str, Mapping[str, Any]]
) -> None:
    """Check a rule's block: a known question, a message, no unknown key, values as the schemas of `extra` have them."""
    from linter.rulebook.validate import did_you_mean

    block = rule.block
    if not isinstance(block, Mapping):
        raise BlockError((engine,), "not a mapping", "keys `report` and `message`")
    for key, value in block.items():
        if key in extra:
            wanted = extra[key].get("enum") or [extra[key]["type"]]
            if value not in wanted and not isinstance(value, _TYPES.get(wanted[0], ())):
                raise BlockError((engine, key), f"`{key}` is {value!r}", " or ".join(wanted))
        elif key not in _KEYS:
            known = [*_KEYS, *extra]
            hint = did_you_mean(str(key), known)
            raise BlockError(
                (engine, key), f"no key is named `{key}`" + (f"; {hint}" if hint else ""), ", ".join(known)
            )
    report = block.get("report")
    if report not in questions:
        hint = did_you_mean(str(report), list(questions))
        problem = f"nothing is reported as `{report}`" + (f"; {hint}" if hint else "")
        raise BlockError((engine, "report"), problem, "one of " + ", ".join(sorted(questions)))
    if not isinstance(block.get("message"), str):
        raise BlockError((engine, "message"), "no message", "a sentence with names such as $VALUE")


class QuestionRunner:
    """The rules of an engine, asked of every function that the patch touched."""

    def __init__(self, rules: Sequence[Rule], questions: Mapping[str, Question]) -> None:
        self.rules = [(rule, questions[rule.block["report"]]) for rule in rules]

    def run(self, target: Any, context: Context, enabled: frozenset[str]) -> Iterator[Finding]:
        """Findings in the functions of a unit."""
        unit: Unit = target
        asked = [(rule, question) for rule, question in self.rules if rule.id in enabled]
        for function in touched_functions(unit):
            for rule, question in asked:
                for answer in question(Query(function, unit, context, rule.block)):
                    yield report(rule, function, unit, answer)


def report(rule: Rule, function: Function | None, unit: Unit, answer: Answer) -> Finding:
    """An answer as a finding of its rule."""

    def at(place: Place) -> Location:
        return unit.location(place[0], place[1])

    message = fill(rule.block["message"], answer.names)
    labels = [Label(at(place), fill(text, answer.names)) for place, text in answer.labels]
    labels.append(Label(at(answer.place), message, primary=True))
    return finding(
        rule,
        message,
        labels,
        function=(function.name or None) if function is not None else None,
        confidence=answer.confidence,
        severity=answer.severity,
        help=fill(answer.help or rule.block.get("help") or rule.help, answer.names),
        limits=answer.limits,
        key=answer.key,
    )


class QuestionEngine:
    """An engine whose rules ask one of its questions, and may name the words of which one has to be there.

    `keys` are what its rules may say besides, each with its JSON Schema; `words` gives the words without which the
    question of a block has no answer.
    """

    scope = Scope.FUNCTION

    def __init__(
        self,
        name: str,
        questions: Mapping[str, Question],
        keys: Mapping[str, Mapping[str, Any]] | None = None,
        words: Callable[[Mapping[str, Any], Tables], Iterable[str]] = lambda block, tables: (),
    ) -> None:
        self.name = name
        self.questions = questions
        self.keys = {**(keys or {}), **_TRIGGERS}
        self.words = words
        self.schema: Mapping[str, Any] = {
            "type": "object",
            "additionalProperties": False,
            "required": ["report", "message"],
            "properties": {
                "report": {"enum": sorted(questions)},
                "message": {"type": "string"},
                "help": {"type": "string"},
                **self.keys,
            },
        }

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        """Check a rule's block."""
        check_block(rule, self.name, self.questions, self.keys)
        return frozenset(rule.block.get("triggers") or self.words(rule.block, tables)) or None

    def prepare(self, rules: Sequence[Rule], tables: Tables) -> QuestionRunner:
        """Nothing to compile: the questions are functions."""
        return QuestionRunner(rules, self.questions)


__all__ = [
    "Answer",
    "Later",
    "Place",
    "Query",
    "Question",
    "QuestionEngine",
    "QuestionRunner",
    "Scope",
    "check_block",
    "fill",
    "listed",
]
