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
    "Add", "Allocate", "Annotate", "Avoid", "Call", "Check", "Clear", "Compare", "Convert", "Copy", "Cover",
    "Declare", "Define", "Delay", "Describe", "Document", "Drop", "Explain", "Fold", "Free", "Get", "Give",
    "Handle", "Hold", "Initialise", "Initialize", "Install", "Keep", "Let", "Limit", "Link", "Lock", "Make",
    "Mark", "Move", "Name", "Pass", "Propagate", "Publish", "Put", "Reject", "Release", "Remove", "Rename",
    "Replace", "Resend", "Reserve", "Restore", "Return", "Reword", "Say", "Send", "Set", "Sign", "Split",
    "Spell", "Store", "Take", "Test", "Undo", "Unlock", "Use", "Validate", "Wait", "Write", "Zero",
))  # fmt: skip
"""What advice starts with; a reviewer puts a please before it."""

MODALS = frozenset(("may", "can", "could", "might", "must", "cannot"))
"""A label that starts so says what its line does."""

_CODE = lazy(r"`([^`]+)`")
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
    code = visible(decode(row.text).strip()).rstrip("{").strip() if row is not None else ""
    quoted = f' ("{code}")' if 0 < len(code) <= LONGEST_CODE else ""
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
    if text.partition(" ")[0] in MODALS:
        return f"{name} {text.removesuffix(' here')}"
    if text.endswith(" here"):
        return f"{text.removesuffix(' here')} in {name}"
    if text.startswith("this "):
        return f"{name} {text.removeprefix('this ')}"
    return f"{text} in {name}" if text else name


def path_sentence(judged: Judged, source: Source) -> str:
    """How the code gets there; empty where the finding has no more than one place."""
    labels = judged.finding.labels
    steps = [step(label, judged, source) for label in labels if not label.primary]
    primary = judged.finding.primary
    known = unmarked(primary.text).rstrip(".")
    if known.lower() in unmarked(judged.finding.message).lower():
        known = ""
    if primary.location.patch_lineno == judged.anchor.patch_lineno:
        end = known
    elif known:
        end = step(primary, judged, source)
    else:
        name = line_name(primary, judged, source)
        end = f"comes {name}" if steps else f"this shows in {name}"
    if not steps:
        return capital(sentence(end), judged.finding) if end else ""
    if end:
        return capital(sentence(f"{', '.join(steps)}, and then {end}"), judged.finding)
    return capital(sentence(f"{', '.join(steps)}, and then this"), judged.finding)


def question(finding: Finding) -> str:
    """How sure it is, as a question where it is not."""
    limits = "; ".join(unmarked(limit) for limit in finding.limits)
    seen = f"I go by what the patch shows ({limits}). " if limits else ""
    if finding.confidence is Confidence.HIGH:
        return seen.strip()
    if finding.confidence is Confidence.MEDIUM:
        return f"{seen}Is that intended?"
    return f"{seen}Or is that taken care of elsewhere?"


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
    asked = question(finding) if not advised else ""
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
