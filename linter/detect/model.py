"""The types that leave the detect stage, and what every engine provides.

An engine is one module of this folder with a module-level object `ENGINE`. It is found by being there.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from linter.patch.model import FilePatch, Location, Patch, Series
from linter.record import field, record
from linter.rulebook.model import Confidence, KernelVersion, Rule, Severity, Tables
from linter.syntax.model import Unit


class Scope(enum.Enum):
    """What an engine is given at a time."""

    UNIT = "unit"  # one parsed image (`Unit`); run on both sides, the pre-image's findings are subtracted
    FUNCTION = "function"  # the same, where it is kernel code and there are functions in it
    FILE = "file"  # one `FilePatch`: added and removed lines as text
    PATCH = "patch"  # one `Patch`: subject, message, trailers
    SERIES = "series"  # one `Series`


@record
class Label:
    """A place with its own words. The primary one is where the defect sits; the others tell the path in order."""

    location: Location
    text: str
    primary: bool = False


@record
class Grid:
    """Rows of words that show what a finding speaks of, such as the members of a structure with their offsets.

    `marked`: the rows (from 0) that the finding is about. `groups`: names that stand over so many columns each.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()
    groups: tuple[tuple[str, int], ...] = ()


@record
class Finding:
    """One result of one rule. `labels` holds exactly one primary label; the list is in the order of the path."""

    rule: str
    category: str
    severity: Severity
    confidence: Confidence
    message: str
    help: str
    labels: tuple[Label, ...]
    function: str | None = None
    limits: tuple[str, ...] = ()  # why the confidence is lower than the rule's
    fingerprint: str = ""  # filled by the review stage where the engine leaves it empty
    key: str = (
        ""  # what the finding is about (variable, callee, name): tells apart findings of one rule in one function
    )
    grids: tuple[Grid, ...] = ()  # for outputs that have room for them

    @property
    def primary(self) -> Label:
        """The label where the defect sits."""
        return next(label for label in self.labels if label.primary)


@record(eq=False)
class Context:
    """What an engine may know besides the thing that it looks at."""

    tables: Tables
    patch: Patch | None = None
    series: Series | None = None
    file: FilePatch | None = None
    kernel: KernelVersion | None = None  # the target kernel, None where unknown
    userspace: bool = False  # tools/, samples/, user-space selftests, or not a kernel patch
    defined: frozenset[bytes] = frozenset()  # names of functions and macros that the patch or series defines
    extra: Mapping[str, Any] = field(default_factory=dict)


class Runner(Protocol):
    """The compiled rules of one engine. One runner serves a whole run; engines share work between rules inside it."""

    def run(self, target: Any, context: Context, enabled: frozenset[str]) -> Iterable[Finding]:
        """Findings of the rules named in `enabled` (ids) on a Unit, FilePatch, Patch or Series, as `scope` says."""


class Engine(Protocol):
    """One way of deciding a rule."""

    name: str  # the value of `engine:` in a rule, and the key of its block
    scope: Scope

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        """Check the rule's block and return its triggers (see `Rule.triggers`; None: run always).

        Raises linter.rulebook.errors.BlockError with the path of keys to the bad value and what was expected.
        """

    def prepare(self, rules: Sequence[Rule], tables: Tables) -> Runner:
        """Compile rules of this engine; called once a process with every enabled rule, must be cheap."""


def finding(
    rule: Rule,
    message: str,
    labels: Sequence[Label],
    *,
    function: str | None = None,
    confidence: Confidence | None = None,
    severity: Severity | None = None,
    help: str | None = None,
    limits: Sequence[str] = (),
    key: str = "",
    grids: Sequence[Grid] = (),
) -> Finding:
    """A finding of `rule`; the confidence given can lower the rule's own, never raise it."""
    return Finding(
        rule.id,
        rule.category,
        rule.severity if severity is None else severity,
        rule.confidence if confidence is None else min(confidence, rule.confidence),
        message,
        (help if help is not None else rule.help).strip(),
        tuple(labels),
        function,
        tuple(limits),
        "",
        key,
        tuple(grids),
    )


__all__ = ["Context", "Engine", "Finding", "Grid", "Label", "Runner", "Scope", "Unit", "finding"]
