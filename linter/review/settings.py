"""What a run is asked for: which rules, which thresholds, which kernel."""

from __future__ import annotations

from linter.record import record
from linter.rulebook.model import Confidence, KernelVersion, Rule, Rulebook, Severity, Status


@record
class Settings:
    """The choices of a run, from the command line and the configuration."""

    only: frozenset[str] = frozenset()  # rule ids; empty: all
    disabled: frozenset[str] = frozenset()
    preview: bool = False
    severity: Severity = Severity.INFO  # findings below are counted, not shown
    confidence: Confidence = Confidence.MEDIUM
    fail_on: Severity = Severity.ERROR
    target: KernelVersion | None = None
    profile: tuple[str, ...] | None = None  # None: chosen by paths and subject; (): none
    strict: bool = False  # a bug inside a rule stops the run

    def enabled(self, rulebook: Rulebook) -> list[Rule]:
        """The rules that run: stable ones, preview ones on request or by name, deprecated ones by name only."""
        chosen = []
        for rule in rulebook.rules.values():
            if rule.id in self.disabled:
                continue
            if self.only:
                wanted = rule.id in self.only
            else:
                wanted = rule.status is Status.STABLE or (self.preview and rule.status is Status.PREVIEW)
            if wanted:
                chosen.append(rule)
        return chosen
