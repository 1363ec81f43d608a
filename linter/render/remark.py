"""A finding to what a reviewer would write below the line: the fact, the path in a sentence, a way out, a question.

Plain text without markup, in sentences; no capitals, no rule names, and as sure as the finding is and no surer.
"""

from __future__ import annotations

import re

from linter.detect.model import Finding, Label
from linter.patch.model import Side
from linter.pattern import lazy
from linter.render.escape import decode, one_line, visible
from linter.render.position import sentence
from linter.render.source import Source
from linter.render.words import wrap
from linter.review.model import Judged
from linter.rulebook.model import Confidence

WIDTH = 72
LONGEST_CODE = 44

IMPERATIVES = frozenset((
    "Add", "Allocate", "Annotate", "Ask", "Assign", "Avoid", "Bound", "Call", "Cancel", "Cap", "Cast",
    "Certify", "Change", "Check", "Choose", "Clear", "Close", "Compare", "Convert", "Copy", "Correct", "Count",
    "Cover", "Cut", "Declare", "Define", "Delay", "Delete", "Describe", "Disable", "Document", "Drop", "Enable",
    "End", "Explain", "Flush", "Fold", "Free", "Get", "Give", "Group", "Handle", "Hold", "Initialise",
    "Initialize", "Install", "Jump", "Keep", "Leave", "Let", "Limit", "Link", "List", "Lock", "Log", "Make",
    "Mark", "Move", "Name", "Number", "Order", "Pass", "Print", "Propagate", "Protect", "Publish", "Put",
    "Quote", "Read", "Rebase", "Reject", "Release", "Remove", "Rename", "Replace", "Report", "Resend",
    "Reserve", "Resolve", "Restore", "Return", "Reverse", "Reword", "Run", "Save", "Say", "Send", "Set",
    "Shorten", "Show", "Sign", "Sort", "Spell", "Split", "Start", "Stop", "Store", "Swap", "Switch", "Tag",
    "Take", "Tell", "Test", "Think", "Translate", "Trim", "Try", "Turn", "Undo", "Unlock", "Update", "Use",
    "Validate", "Wait", "Wake", "Wrap", "Write", "Zero",
))  # fmt: skip
"""What advice starts with; a reviewer puts a please before it."""

VERBS = frozenset((
    "may", "can", "could", "might", "must", "cannot", "says", "fails", "returns", "takes", "drops", "frees",
    "releases", "holds", "writes", "reads", "calls", "sets", "tests", "goes", "jumps", "leaves", "makes",
    "gives", "puts", "gets", "stores", "uses", "locks", "unlocks", "sleeps", "needs", "keeps", "assigns",
    "clears",
))  # fmt: skip
"""A label that starts so says what its line does."""

QUESTIONS = ("Is that intended?", "Or do I miss something?", "What is the reason for it?")
DOUBTS = ("Or is that taken care of elsewhere?", "Could that happen, or do I miss something?")

_CODE = lazy(r"`([^`]+)`")
_DONE_HERE = lazy(r"(\w+ed|taken|put|got|held|set|made|known|written|read|sent|left) here( .*)?")
_NAME = lazy(r"[\w.>&*()-]+")


def unmarked(text: str) -> str:
    """Words without Markdown: a name stands as it is, other code in quotes."""
    return _CODE.sub(lambda m: m[1] if _NAME.fullmatch(m[1]) else f"'{m[1]}'", one_line(text))


def capital(text: str, finding: Finding) -> str:
    """A sentence with its first letter, unless it starts with a name from the code."""
    first = text.split(" ", 1)[0].rstrip(",.:;").removesuffix("'s")
    names = set(_CODE.findall(finding.message)).union(*(_CODE.findall(label.text) for label in finding.labels))
    return text if first in names or not re.fullmatch(r"[a-z]+(-[a-z]+)*", first) else text[:1].upper() + text[1:]


def line_name(label: Label, judged: Judged, source: Source) -> str:
    """How a reader finds the line of a label: its number, and the code where it is short."""
    location = label.location
    row = source.row(location)
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
    done = _DONE_HERE.fullmatch(text)
    if done:
        return f"{done[1]} in {name}{done[2] or ''}"
    if text == "where this holds":
        return f"{name} holds"
    if text.startswith("where "):
        return text if label.location.line is None else f"in line {label.location.line} {text}"
    if text.startswith("this "):
        return f"{name} {text.removeprefix('this ')}"
    if text.partition(" ")[0] in VERBS:
        return f"{name} {text.removesuffix(' here')}"
    return f"{name}: {text}" if text else name


def path_sentence(judged: Judged, source: Source) -> str:
    """How the code gets there; empty where the finding has no more than one place."""
    finding = judged.finding
    steps = [step(label, judged, source) for label in finding.labels if not label.primary and _quotable(label, source)]
    end = _end(judged, source, bool(steps))
    if steps and end:
        steps[-1] += f", and then {end}"
    elif end:
        steps = [end]
    joint = "; " if any(": " in one for one in steps) else ", "
    return capital(sentence(joint.join(steps)), finding)


def _quotable(label: Label, source: Source) -> bool:
    """Whether a place is one to speak of: a reply does not quote the headers."""
    line = label.location.patch_lineno
    return label.location.path is not None or line >= source.patch.body_lineno


def _end(judged: Judged, source: Source, after: bool) -> str:
    """What is said of the place of the defect itself; empty where the message says it and the remark stands there."""
    primary = judged.finding.primary
    known = unmarked(primary.text).rstrip(".")
    if known.lower() in unmarked(judged.finding.message).lower():
        known = ""
    if primary.location.patch_lineno == judged.anchor.patch_lineno:
        return known
    name = line_name(primary, judged, source)
    if known:
        told = step(primary, judged, source)
        return f"{known} in {name}" if told.startswith(f"{name}: ") else told
    return f"comes {name}" if after else f"this shows in {name}"


def question(finding: Finding, number: int) -> str:
    """How sure it is, as a question where it is not; not the same one each time."""
    limits = "; ".join(unmarked(limit) for limit in finding.limits)
    seen = f"I go by what the patch shows ({limits}). " if limits else ""
    if finding.confidence is Confidence.HIGH:
        return seen.strip()
    asked = QUESTIONS if finding.confidence is Confidence.MEDIUM else DOUBTS
    return seen + asked[number % len(asked)]


def polite(help: str) -> str:
    """Advice with a please before an imperative."""
    first = help.partition(" ")[0]
    return f"Please {first.lower()}{help[len(first) :]}" if first in IMPERATIVES else help


def paragraphs(judged: Judged, source: Source, said: dict[str, set[str]]) -> list[str]:
    """The remark. `said`: messages by the advice that was given with them, so that none is given twice."""
    finding = judged.finding
    path = path_sentence(judged, source)
    message = sentence(unmarked(finding.message))
    before = said.setdefault(finding.help, set())
    repeated, advised = message in before, bool(before)
    before.add(message)
    first = " ".join(filter(None, ("Same here." if repeated else capital(message, finding), path)))
    asked = question(finding, len(said) - 1) if not advised else ""
    if asked and not first.endswith("?"):
        first = f"{first} {asked}"
    if advised:
        return [first]
    return [first, *(polite(unmarked(part)) for part in finding.help.split("\n\n") if part.strip())]


def lay_out(text: str) -> list[str]:
    """A paragraph in lines of 72 columns, none of which a mail program would take for something else."""
    return [f" {line}" if re.match(r"From |>|-- $", line) else line for line in wrap(visible(text), WIDTH)]


def remark_lines(judged: Judged, source: Source, said: dict[str, set[str]]) -> list[str]:
    """The remark's lines, with an empty one between paragraphs."""
    lines: list[str] = []
    for text in paragraphs(judged, source, said):
        lines += ([""] if lines else []) + lay_out(text)
    return lines
