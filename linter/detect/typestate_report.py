"""A leak to a finding: which rule owns it, where it stands, and the path as labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from linter.detect.model import Finding, Label, finding
from linter.detect.typestate_after import Late
from linter.detect.typestate_dropped import Dropped
from linter.detect.typestate_leak import Leak
from linter.detect.typestate_model import COUNTED
from linter.detect.typestate_tables import Family
from linter.flow.model import Expr, StepKind
from linter.patch.model import FilePatch, Line, LineKind, Location, Side
from linter.record import field, record
from linter.rulebook.model import Confidence, Rule, Severity
from linter.syntax.model import Function

_TAKEN = {
    "memory": "allocated here", "lock": "locked here", "enable": "enabled here", "count": "reference taken here",
    "reference": "reference taken here", "registration": "registered here", "mapping": "mapped here",
    "fd": "reserved here",
}  # fmt: skip


@record(frozen=False)
class Group:
    """Leaks of one obligation that leave through one return statement."""

    leaks: list[Leak] = field(default_factory=list)

    @property
    def first(self) -> Leak:
        return self.leaks[0]


@record(eq=False)
class LeakRule:
    """A rule about leaks, with its filters."""

    rule: Rule
    block: Mapping[str, Any]

    @property
    def weight(self) -> tuple[int, int, str]:
        """What says more about the same line first, then more filters."""
        return (
            -len(self.rule.supersedes),
            -sum(key in self.block for key in ("kinds", "shape", "raised", "calls")),
            self.rule.id,
        )

    def accepts(self, group: Group) -> bool:
        """Whether the rule is about these leaks."""
        leak, block = group.first, self.block
        if (leak.owed.kind == "lock") != (block["table"] == "locks"):
            return False
        if "kinds" in block and leak.owed.kind not in block["kinds"]:
            return False
        if "calls" in block and leak.owed.name not in block["calls"]:
            return False
        if "raised" in block and block["raised"] != leak.failed:
            return False
        return "shape" not in block or shape_of(group) in block["shape"]


def shape_of(group: Group) -> str:
    """How the function leaves: `return` among gotos, `goto` to a label that does not release, or `exit`."""
    leak = group.first
    if leak.owed.evidence == "given":
        return "exit"
    if not leak.witness_label or not _is_named(leak):
        return "exit"
    if leak.exit.leave < 0:
        return "return"
    return "goto" if len(group.leaks) == 1 else "exit"


def _is_named(leak: Leak) -> bool:
    """Whether the release on another way out is one by its name, so that it can be named."""
    return leak.witness_relation > 0 or (
        leak.witness is not None and leak.witness.expr is not None and leak.witness.expr.text in leak.owed.release
    )


def group_leaks(leaks: Sequence[Leak]) -> list[Group]:
    """Leaks of one obligation through one return statement are one finding."""
    found: dict[tuple[int, int], Group] = {}
    for leak in leaks:
        key = (leak.owed.call.start, leak.exit.step.start)
        found.setdefault(key, Group()).leaks.append(leak)
    return list(found.values())


def report(owner: LeakRule, group: Group, function: Function) -> Finding:
    """The finding of a rule about a group of leaks."""
    leak, unit = group.first, function.unit
    owed = leak.owed
    goto = leak.exit.leave >= 0 and len(group.leaks) == 1
    at = unit.location(leak.exit.leave, leak.exit.leave + 4) if goto else None
    if at is None:
        at = unit.location(leak.exit.step.start, leak.exit.step.end)
    words = {"WHAT": _what(leak), "HANDLE": owed.shown, "CALL": owed.name, "RELEASE": _release(leak)}
    labels = [Label(unit.location(owed.call.start, owed.call.end), _TAKEN.get(owed.kind, "acquired here"))]
    if leak.reason is not None:
        expr, held = leak.reason
        if expr.start > owed.call.start:
            labels.append(Label(unit.location(expr.start, expr.end), _assumed(expr, held)))
    message, help_text = owner.block["message"], owner.rule.help
    for name, text in words.items():
        message, help_text = message.replace("$" + name, text), help_text.replace("$" + name, text)
    labels.append(Label(at, message, primary=True))
    if leak.witness is not None:
        told = "given to the caller" if leak.witness.kind is StepKind.RETURN else "released"
        labels.append(Label(unit.location(leak.witness.start, leak.witness.end), f"{told} here on another way out"))
    confidence, limits = leak.confidence, []
    if not function.head_known:
        confidence = min(confidence, Confidence.MEDIUM)
        limits.append("the head of the function is out of sight")
    severity = owner.rule.severity
    if leak.witness is None or (owed.evidence != "table" and leak.witness_relation < 2) or confidence < Confidence.HIGH:
        severity = min(severity, Severity.WARNING)
    return finding(
        owner.rule, message, labels, function=function.name or None, confidence=confidence, severity=severity,
        limits=limits, key=f"{owed.name}:{owed.shown}", help=help_text,
    )  # fmt: skip


def _what(leak: Leak) -> str:
    """What is owed, in the words of the source: an object by its name, a state by the call that entered it."""
    owed = leak.owed
    if owed.kind in COUNTED or not owed.shown or owed.shown == owed.name:
        return f"`{owed.name}({', '.join(arg.key for arg in owed.call.args)})`"
    return f"`{owed.shown}` from {owed.name}()"


def _assumed(expr: Expr, held: bool) -> str:
    if expr.key[:1] == "?" or len(expr.key) > 60:
        return "where this holds" if held else "where this does not hold"
    return f"where `{expr.key}`" if held else f"where not `{expr.key}`"


def _release(leak: Leak) -> str:
    """The call that was expected: the one seen on another path, else the first of the family's."""
    owed = leak.owed
    if leak.witness is not None and leak.witness.expr is not None and leak.witness.expr.text in owed.release:
        return leak.witness.expr.text
    family: Family | None = owed.family
    if family is not None and family.preferred:
        return family.preferred
    return min(owed.release) if owed.release else "its counterpart"


def report_late(rule: Rule, item: Late, function: Function) -> Finding:
    """The finding about something that is used or released after its release."""
    unit, owed = function.unit, item.owed
    message = rule.block["message"].replace("$HANDLE", owed.shown).replace("$CALL", owed.name)
    end = item.released + 4
    labels = [
        Label(unit.location(owed.call.start, owed.call.end), _TAKEN.get(owed.kind, "acquired here")),
        Label(unit.location(item.released, end), "released here"),
        Label(unit.location(item.step.start, item.step.end), message, primary=True),
    ]
    return finding(rule, message, labels, function=function.name or None, key=f"{owed.name}:{owed.shown}")


def report_dropped(rule: Rule, item: Dropped, file: FilePatch, function: str) -> Finding:
    """The finding about something that the patch takes away."""
    handle = f"({item.handle})" if item.kind != "goto" else ""
    message = rule.block["message"].replace("$RELEASE", item.name).replace("$WHAT", f"`{item.name}{handle}`")
    message = message.replace("$HANDLE", item.handle)
    gone = "the patch removes this" if item.kind != "goto" else "the patch removes this jump"
    labels = [Label(_place(file, item.removed), gone), Label(_place(file, item.exit), message, primary=True)]
    limits = ["read from the lines of the hunk"]
    return finding(
        rule, message, labels, function=function or None, confidence=Confidence.MEDIUM, limits=limits,
        key=f"{item.name}:{item.handle}",
    )  # fmt: skip


def _place(file: FilePatch, line: Line) -> Location:
    removed = line.kind is LineKind.REMOVED
    path = file.pre_path if removed else file.post_path
    number = line.pre_lineno if removed else line.post_lineno
    side = Side.PRE if removed else Side.POST
    column = len(line.text) - len(line.text.lstrip()) + 1
    changed = line.kind is not LineKind.CONTEXT
    return Location(path or file.path, side, number, column, line.patch_lineno, None, changed)
