"""The engine `series`: what can only be seen across the patches of a series, and across its versions.

    series:
      check: symbol-too-early   a question of `series_order`, `series_mail` or `series_docs`
      message: "..."            with what the check tells: $NAME, ...

A finding's key starts with the index of the patch that it is about. The runner remembers, within bounds, what reviewers
asked about earlier versions that went through the same run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from linter.detect.model import Context, Finding, Label, Scope, finding
from linter.detect.series_docs import DOCS
from linter.detect.series_mail import MAILS
from linter.detect.series_order import ORDERS, Found
from linter.detect.series_review import Memory
from linter.patch.model import Series
from linter.pattern import lazy
from linter.record import field, record
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Rule, Tables

CHECKS = {**DOCS, **MAILS, **ORDERS}
_KEYS = ("check", "message")
_NAME = lazy(r"\$([A-Z]+)")
_REVIEW = "review-remark"


@record(frozen=False)
class _Runner:
    """The series rules of a run."""

    rules: dict[str, Rule]
    memory: Memory = field(default_factory=Memory)

    def run(self, target: Any, context: Context, enabled: frozenset[str]) -> Iterator[Finding]:
        series: Series = target
        self.memory.note(series)
        for id in sorted(enabled):
            rule = self.rules.get(id)
            if rule is None:
                continue
            check = rule.block["check"]
            found = self.memory.unaddressed(series) if check == _REVIEW else CHECKS[check](series, context)
            for one in found:
                yield _report(rule, one)


def _report(rule: Rule, found: Found) -> Finding:
    message = _NAME.sub(lambda match: found.texts.get(match[1], ""), rule.block["message"])
    labels = [Label(location, text) for location, text in found.others]
    labels.append(Label(found.location, message, primary=True))
    return finding(rule, message, labels, key=f"{found.index}:{found.key}")


class SeriesEngine:
    """Patches that belong together."""

    name = "series"
    scope = Scope.SERIES

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        for key in rule.block:
            if key not in _KEYS:
                raise BlockError((self.name, key), "unknown key", "one of " + ", ".join(_KEYS))
        known = [*CHECKS, _REVIEW]
        if rule.block.get("check") not in known:
            name = rule.block.get("check")
            raise BlockError((self.name, "check"), f"unknown check `{name}`", "one of " + ", ".join(sorted(known)))
        if not isinstance(rule.block.get("message"), str):
            raise BlockError((self.name,), "the key `message` is missing", "`message:`")
        return None

    def prepare(self, rules: Sequence[Rule], tables: Tables) -> _Runner:
        return _Runner({rule.id: rule for rule in rules})


ENGINE = SeriesEngine()
