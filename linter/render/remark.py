"""A finding to what a reviewer would write below the line: the fact, the path in a sentence, a way out, a question.

Plain text without markup, in sentences; no capitals, no rule names, and as sure as the finding is and no surer.
"""

from __future__ import annotations

import re

from linter.detect.model import Finding, Label
from linter.patch.model import Side
from linter.pattern import lazy
from linter.record import field, record
from linter.render.escape import decode, one_line, visible
from linter.render.position import sentence
from linter.render.source import Source
from linter.render.words import plural, wrap
from linter.review.model import Judged
from linter.review.overlap import AGAIN, MORE
from linter.rulebook.model import Confidence

WIDTH = 72
LONGEST_CODE = 44

NO_ORDERS = frozenset((
    "A", "After", "All", "An", "And", "Any", "As", "At", "Before", "Both", "But", "By", "Each", "Either", "Every",
    "For", "From", "Here", "How", "I", "If", "In", "It", "Its", "Neither", "No", "Nobody", "None", "Not", "Nothing",
    "Of", "On", "One", "Only", "Or", "Otherwise", "Such", "That", "The", "Then", "There", "These", "They", "This",
    "Those", "To", "Under", "What", "When", "Where", "Which", "While", "Who", "Why", "With", "Without", "You",
))  # fmt: skip
"""What a sentence of advice starts with when it is no order; before an order a reviewer puts a please."""

VERBS = frozenset((
    "adds", "allocates", "assigns", "calls", "can", "cannot", "checks", "clears", "closes", "copies", "could",
    "decrements", "disables", "drops", "enables", "ends", "fails", "finds", "frees", "gets", "gives", "goes",
    "holds", "increments", "jumps", "keeps", "leaves", "lets", "locks", "makes", "may", "might", "must", "needs",
    "opens", "overwrites", "passes", "prints", "publishes", "puts", "reads", "registers", "releases", "removes",
    "returns", "says", "sets", "sleeps", "starts", "stops", "stores", "takes", "tests", "unlocks", "unregisters",
    "uses", "wakes", "writes",
))  # fmt: skip
"""A label that starts so says what its line does."""

DEFECTS = frozenset(("error", "lifetime", "locking", "memory", "null", "order", "resource", "user"))
"""Categories in which a reviewer who is not sure asks; of style and messages one has an opinion or has none."""

QUESTIONS = (
    "Or am I missing something?", "Is that handled somewhere that I do not see?", "Could you check?",
)  # fmt: skip
DOUBTS = ("Or is that taken care of elsewhere?", "Could that happen here?")
NEAR = 4
"""A line so few lines above a remark stands in the quotation right above it: its code need not be told again."""

_CODE = lazy(r"`([^`]+)`")
_NAME = lazy(r"[\w.>&*()-]+")
_WHERE = lazy(r"where (not )?(.+)")
_HERE = lazy(r"\bhere\b")
_THIS = lazy(r"\bthis (test|call|check|jump|label|loop|line|member)\b")
_ORDER = lazy(r"[A-Z][a-z]+,?")
_PLAIN = lazy(r"[\w.>()-]+")


@record(frozen=False)
class Said:
    """What the remarks of one mail have said: messages by the advice that went with them, and places by rule."""

    messages: dict[str, set[str]] = field(default_factory=dict)
    places: set[tuple[str, int]] = field(default_factory=set)


def unmarked(text: str) -> str:
    """Words without Markdown: a name stands as it is, other code in quotes."""
    return _CODE.sub(lambda m: m[1] if _NAME.fullmatch(m[1]) else f"'{m[1]}'", one_line(text))


def capital(text: str, finding: Finding) -> str:
    """A sentence with its first letter, unless it starts with a name from the code."""
    first = text.split(" ", 1)[0].rstrip(",.:;").removesuffix("'s")
    names = set(_CODE.findall(finding.message)).union(*(_CODE.findall(label.text) for label in finding.labels))
    return text if first in names or not re.fullmatch(r"[a-z]+(-[a-z]+)*", first) else text[:1].upper() + text[1:]


def in_sight(label: Label, judged: Judged, source: Source) -> bool:
    """Whether a line is among those that a reply quotes right above the remark."""
    line, anchor = label.location.patch_lineno, judged.anchor.patch_lineno
    here, there = source.place(line), source.place(anchor)
    return here is not None and there is not None and here.hunk is there.hunk and anchor - NEAR <= line <= anchor


def line_name(label: Label, judged: Judged, source: Source, bare: bool = False) -> str:
    """How a reader finds the line of a label: its number, and the code where it is short (`bare`: the number only)."""
    location = label.location
    row = source.row(location) if not bare or location.line is None else None
    code = visible(decode(row.text[:500]).strip()).rstrip("{").strip() if row is not None else ""
    telling = sum(map(str.isalnum, code)) >= 4  # a lone brace tells nothing
    quoted = f' ("{code}")' if telling and len(code) <= LONGEST_CODE else ""
    if location.line is None:
        return f'the line "{code}"' if quoted else "a line above"
    removed = "removed " if location.side is Side.PRE and location.changed else ""
    other = location.path is not None and location.path != judged.anchor.path
    where = f" of {visible(location.path or '')}" if other else ""
    return f"{removed}line {location.line}{where}{quoted}"


def step(label: Label, judged: Judged, source: Source) -> str:
    """One step of a path: `reserved here` becomes `reserved in line 115`, `this fails` becomes `line 127 fails`."""
    text = unmarked(label.text).rstrip(".")
    name = line_name(label, judged, source)
    if not text:
        return name
    if text in ("where this holds", "where this does not hold"):
        return f"{name} {text.removeprefix('where this ')}"
    condition = _WHERE.fullmatch(text)
    if condition:
        return _condition(condition[2], bool(condition[1]), line_name(label, judged, source, bare=True))
    does = text.partition(" ")[0] in VERBS
    if does and text.endswith(" here"):
        return f"{name} {text.removesuffix(' here')}"
    if _HERE.search(text):
        told = text.replace("from here on", f"from {name} on")
        return _HERE.sub(lambda _: f"in {name}", told, count=1)
    if _THIS.search(text):
        return _THIS.sub(lambda match: f"the {match[1]} in {name}", text, count=1)
    if text.endswith(" this"):
        return f"{text.removesuffix('this')}{name.removeprefix('removed ')}"
    if text.startswith("this "):
        return f"{name} {text.removeprefix('this ')}"
    if does:
        return f"{name} {text}"
    if label.primary:
        return f"{text} in {name}"
    return f"{text} ({name.replace(' (', ', ', 1).removesuffix(')')})" if name.endswith('")') else f"{text} ({name})"


def _condition(code: str, denied: bool, name: str) -> str:
    """What a branch found out: `with 'ret < 0' in line 12`, `with !ret in line 12`."""
    if not denied:
        return f"with {code} in {name}"
    return f"with !{code} in {name}" if _PLAIN.fullmatch(code) else f"with {code} false in {name}"


def path_sentence(judged: Judged, source: Source, quoted: bool = False) -> str:
    """How the code gets there; empty where the finding has no more than one place.

    `quoted`: the lines right above stand before the reader's eyes, and say themselves what they do.
    """
    finding = judged.finding
    told = [
        label
        for label in finding.labels
        if not label.primary and label.text != AGAIN and _quotable(label, source)
        if not (quoted and in_sight(label, judged, source))
    ]
    steps = [step(label, judged, source) for label in told]
    end = _end(judged, source, max((label.location.patch_lineno for label in told), default=0), quoted)
    if steps and end:
        steps[-1] += f", and then {end}"
    elif end:
        steps = [end]
    return capital(sentence(", ".join(steps)), finding)


def again_sentence(judged: Judged, source: Source) -> str:
    """Where else the same is to be seen; empty where it is said of one place only."""
    places = [label.location for label in judged.finding.labels if label.text == AGAIN]
    more = MORE.search(judged.finding.message)
    count = int(more[1]) if more else len(places)
    lines = list(dict.fromkeys(str(place.line) for place in places if place.line is not None))
    if not count:
        return ""
    if not lines:
        times = "once more" if count == 1 else f"{count} more times"
        return f"The same {times} {more[2] if more else 'below'}."
    rest = [plural(count - len(places), "more place")] if count > len(places) else []
    return f"The same in line{'s' if len(lines) > 1 else ''} {listed([*lines, *rest])}."


def listed(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _quotable(label: Label, source: Source) -> bool:
    """Whether a place is one to speak of: a reply does not quote the headers."""
    line = label.location.patch_lineno
    return label.location.path is not None or line >= source.patch.body_lineno


def _end(judged: Judged, source: Source, after: int, quoted: bool) -> str:
    """What is said of the place of the defect itself; empty where the message says it and the remark stands there."""
    primary = judged.finding.primary
    known = unmarked(primary.text).rstrip(".")
    if known.lower() in unmarked(judged.finding.message).lower():
        known = ""
    if primary.location.patch_lineno == judged.anchor.patch_lineno:
        return known
    if known:
        return step(primary, judged, source)
    if quoted and in_sight(primary, judged, source):
        return ""
    name = line_name(primary, judged, source)
    if not after:
        return f"this shows in {name}"
    return f"comes {name}" if primary.location.patch_lineno >= after else ""


def question(finding: Finding, number: int) -> str:
    """How sure it is, as a question where it is not; not the same one each time."""
    limits = "; ".join(unmarked(limit) for limit in finding.limits)
    seen = f"I go by what the patch shows ({limits}). " if limits else ""
    if finding.confidence is Confidence.HIGH or finding.category not in DEFECTS:
        return seen.strip()
    asked = QUESTIONS if finding.confidence is Confidence.MEDIUM else DOUBTS
    return seen + asked[number % len(asked)]


def polite(help: str) -> str:
    """Advice with a please before an order: a capital letter, and a word that starts no statement."""
    first = help.partition(" ")[0]
    order = _ORDER.fullmatch(first) is not None and first not in NO_ORDERS
    return f"Please {first.lower()}{help[len(first) :]}" if order else help


def paragraphs(judged: Judged, source: Source, said: Said) -> list[str]:
    """The remark; advice that was given before is not given again, nor a way that another remark here has told."""
    finding = judged.finding
    place = (finding.rule, judged.anchor.patch_lineno)
    path = path_sentence(judged, source, quoted=True) if place not in said.places else ""
    message = sentence(unmarked(MORE.sub("", finding.message)))
    before = said.messages.setdefault(finding.help, set())
    repeated, advised = message in before, bool(before)
    before.add(message)
    said.places.add(place)
    start, again = capital(message, finding), again_sentence(judged, source)
    if repeated:
        start, again = f"Same here{again.replace('The same', ', and', 1).removesuffix('.')}.", ""
    first = " ".join(filter(None, (start, path, again)))
    asked = question(finding, len(said.messages) - 1) if not advised else ""
    if asked and not first.endswith("?"):
        first = f"{first} {asked}"
    if advised:
        return [first]
    return [first, *(unmarked(polite(part.strip())) for part in finding.help.split("\n\n") if part.strip())]


def lay_out(text: str) -> list[str]:
    """A paragraph in lines of 72 columns, none of which a mail program would take for something else."""
    return [f" {line}" if re.match(r"From |>|-- $", line) else line for line in wrap(visible(text), WIDTH)]


def remark_lines(judged: Judged, source: Source, said: Said) -> list[str]:
    """The remark's lines, with an empty one between paragraphs."""
    lines: list[str] = []
    for text in paragraphs(judged, source, said):
        lines += ([""] if lines else []) + lay_out(text)
    return lines
