"""The types that leave the review stage: judged findings, what was skipped, and the report over all of it."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from linter.detect.model import Finding
from linter.patch.model import Image, Location, Message, Patch
from linter.record import field, record
from linter.rulebook.model import Rulebook, Severity


class Verdict(enum.Enum):
    """What became of a finding."""

    REPORTED = "reported"
    PREEXISTING = "pre-existing"  # the pre-image has it too
    SUPPRESSED = "suppressed"  # a person decided so, with a reason
    BASELINED = "baselined"  # part of the accepted past
    BELOW_THRESHOLD = "below threshold"  # severity or confidence under what was asked for


@record
class Judged:
    """A finding, where it is shown, and what became of it. `anchor` lies on a changed line wherever there is one."""

    finding: Finding
    verdict: Verdict
    anchor: Location
    fingerprint: str
    reason: str = ""  # of a suppression, or why the verdict


@record
class Skip:
    """Something that was not analysed, and why."""

    path: str | None
    stage: str  # patch, syntax, flow, detect
    reason: str
    message_id: str | None = None


@record
class PatchReport:
    """All that was said about one patch. `images` gives the text around a location, by (path, side)."""

    patch: Patch
    judged: tuple[Judged, ...]
    skipped: tuple[Skip, ...] = ()
    images: dict[tuple[str | None, str], Image] = field(default_factory=dict)

    @property
    def reported(self) -> tuple[Judged, ...]:
        """Findings to show, in the order of the patch."""
        return tuple(j for j in self.judged if j.verdict is Verdict.REPORTED)


@record(frozen=False)
class Counts:
    """Totals of a run; complete when the report's patches have been consumed."""

    messages: int = 0
    without_patch: int = 0
    patches: int = 0
    files: int = 0
    error: int = 0
    warning: int = 0
    info: int = 0
    suppressed: int = 0
    baselined: int = 0
    preexisting: int = 0
    hidden: int = 0  # below threshold
    skipped: int = 0
    unreadable: int = 0  # inputs that could not be read at all
    failed: bool = False  # something at or above --fail-on was reported

    def by_severity(self, severity: Severity) -> int:
        """Reported findings of one severity."""
        return int(getattr(self, severity.label))


@record(frozen=False)
class Report:
    """The result of a run. `patches` may be lazy: consume it once, then read `counts`, `messages` and `skipped`."""

    version: str  # of hunklint
    rulebook: Rulebook
    patches: Iterable[PatchReport]
    counts: Counts = field(default_factory=Counts)
    skipped: list[Skip] = field(default_factory=list)  # messages and inputs, not parts of a patch
    discussion: list[Message] = field(default_factory=list)  # messages without a patch (the first 100)
