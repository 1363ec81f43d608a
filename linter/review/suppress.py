"""Reasoned decisions of people: suppressions in the mail, in a reply, in the configuration; and the baseline file.

In the mail, below the `---` line:       hunklint: ignore[rule-id, other-rule] why it is right as it is
In a reply to the patch, as a trailer:   hunklint: rule-id false-positive why
In `.hunklint.toml`:                     [[suppress]] with rule, reason, and path, function, fingerprint or until
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from linter.detect.model import Finding
from linter.errors import ConfigError
from linter.patch.model import Message, Patch
from linter.pattern import lazy
from linter.record import field, record, replace
from linter.rulebook.model import Rulebook

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

_IGNORE = lazy(rb"^[ \t#*/>]{0,8}hunklint:[ \t]{0,4}ignore\[([\w ,*-]{1,400})\][ \t]{0,4}(.{0,400})$", re.M)
_VERDICT = lazy(rb"^hunklint:[ \t]{1,4}([\w-]{1,80})[ \t]{1,4}false-positive(?:[ \t]{1,4}(.{0,400}))?$", re.M)


@record
class Suppression:
    """One decision: findings of `rule` at the given place are accepted because of `reason`."""

    rule: str  # id, or "*"
    reason: str
    source: str  # where the decision stands
    path: str | None = None  # glob
    function: str | None = None
    fingerprint: str | None = None
    until: datetime.date | None = None
    message_id: str | None = None  # only in this mail

    def covers(self, finding: Finding, path: str | None, fingerprint: str, message_id: str | None) -> bool:
        """Whether the decision is about this finding."""
        if self.rule not in ("*", finding.rule):
            return False
        if self.path is not None and not (path and _fits(path, self.path)):
            return False
        if self.function is not None and finding.function != self.function:
            return False
        if self.fingerprint is not None and fingerprint != self.fingerprint:
            return False
        return self.message_id is None or self.message_id == message_id


def _fits(path: str, glob: str) -> bool:
    from fnmatch import fnmatchcase

    return fnmatchcase(path, glob)


def in_mail(patch: Patch, *, whatever: bool = False) -> list[Suppression]:
    """Suppressions that the author wrote into the mail; without a reason they do not count (but with `whatever`)."""
    if b"hunklint:" not in patch.notes and b"hunklint:" not in patch.body:
        return []
    found = []
    for text in (patch.body, patch.notes):
        for match in _IGNORE.finditer(text):
            reason = match[2].decode("utf-8", "replace").strip()
            if reason or whatever:
                for rule in match[1].decode("ascii", "replace").split(","):
                    found.append(Suppression(rule.strip(), reason, "the mail"))
    return found


def in_reply(message: Message) -> list[Suppression]:
    """Decisions that a reply states as trailers about the patch it answers."""
    if message.in_reply_to is None or b"false-positive" not in message.body:
        return []
    who = message.sender.name or message.sender.address if message.sender else "a reply"
    return [
        Suppression(
            match[1].decode("ascii", "replace"),
            (match[2] or b"").decode("utf-8", "replace").strip() or "false positive",
            f"reply by {who}",
            message_id=message.in_reply_to,
        )
        for match in _VERDICT.finditer(message.body)
    ]


def from_config(entries: Sequence[Mapping[str, Any]], source: str, rulebook: Rulebook) -> list[Suppression]:
    """Suppressions of a configuration file. Raises ConfigError for an entry without rule or reason."""
    if not entries:
        return []
    import datetime  # costs start-up time

    known = {"rule", "reason", "path", "function", "fingerprint", "until"}
    found = []
    for number, entry in enumerate(entries, 1):
        where = f"{source}: suppress entry {number}"
        if not isinstance(entry, Mapping) or set(entry) - known:
            raise ConfigError(f"{where}: unknown key", f"keys are {', '.join(sorted(known))}")
        rule, reason, until = entry.get("rule"), entry.get("reason"), entry.get("until")
        if not isinstance(rule, str) or (rule != "*" and rule not in rulebook.rules):
            raise ConfigError(f"{where}: `rule` names no rule: {rule!r}", "`hunklint rules` lists them")
        if not isinstance(reason, str) or not reason.strip():
            raise ConfigError(f"{where}: a suppression needs a reason", 'add reason = "why the code is right"')
        if until is not None and not isinstance(until, datetime.date):
            raise ConfigError(f"{where}: `until` is no date", "write it as until = 2027-01-31")
        for key in ("path", "function", "fingerprint"):
            if not isinstance(entry.get(key, ""), str):
                raise ConfigError(f"{where}: `{key}` must be text", "put it in quotes")
        found.append(
            Suppression(
                rule, reason.strip(), source, entry.get("path"), entry.get("function"), entry.get("fingerprint"), until
            )
        )
    return found


@record(frozen=False)
class Decisions:
    """All suppressions of a run, and which of them met a finding."""

    suppressions: list[Suppression]
    used: set[int]
    today: datetime.date | None = None  # None: nothing expires (replay of an archive)
    idle: list[tuple[Suppression, str]] = field(default_factory=list)  # of mails: what did nothing, and why
    _met: set[tuple[str, str]] = field(default_factory=set)
    _reviewed: set[str] = field(default_factory=set)

    def verdict(self, finding: Finding, path: str | None, fingerprint: str, patch: Patch) -> Suppression | None:
        """The decision that covers a finding, if one is in force."""
        for index, decision in enumerate(self.suppressions):
            if not decision.covers(finding, path, fingerprint, patch.message_id):
                continue
            self.used.add(index)
            if decision.until is None or self.today is None or decision.until >= self.today:
                return decision
        for decision in in_mail(patch):
            if decision.covers(finding, path, fingerprint, patch.message_id):
                self._met.add((_mail_name(patch), decision.rule))
                return decision
        return None

    def close(self, patch: Patch, enabled: Container[str], known: Container[str]) -> None:
        """A patch has been reviewed: note what stands in its mail and did nothing."""
        if patch.message_id is not None and self.suppressions:
            self._reviewed.add(patch.message_id)
        for decision in in_mail(patch, whatever=True):
            why = self._idle(decision, patch, enabled, known)
            if why:
                self.idle.append((replace(decision, source=_mail_name(patch)), why))

    def _idle(self, decision: Suppression, patch: Patch, enabled: Container[str], known: Container[str]) -> str:
        if decision.rule != "*" and decision.rule not in known:
            return "there is no such rule"
        if not decision.reason:
            return "it gives no reason, and does not count without one"
        met = (_mail_name(patch), decision.rule) in self._met
        return "" if met or (decision.rule != "*" and decision.rule not in enabled) else UNMET

    def stale(self) -> list[tuple[Suppression, str]]:
        """Decisions that are out of date or met no finding in this run, and which of the two; replies to patches of
        other runs are none of its business."""
        found = []
        for index, decision in enumerate(self.suppressions):
            if decision.message_id is not None and decision.message_id not in self._reviewed:
                continue
            if decision.until is not None and self.today is not None and decision.until < self.today:
                found.append((decision, f"its date, {decision.until}, has passed"))
            elif index not in self.used:
                found.append((decision, UNMET))
        return found


UNMET = "it met no finding"


def _mail_name(patch: Patch) -> str:
    return f"in <{patch.message_id}>" if patch.message_id else f"in {patch.source}"


BASELINE_FORMAT = 1


def read_baseline(path: Path) -> frozenset[str]:
    """The fingerprints of a baseline file. Raises ConfigError where it cannot be used."""
    import json

    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such baseline", "write one with `hunklint baseline write`") from None
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path}: not a baseline file: {error}", "write it anew with `hunklint baseline write`"
        ) from error
    if (
        not isinstance(data, dict)
        or data.get("format") != BASELINE_FORMAT
        or not isinstance(data.get("findings"), list)
    ):
        raise ConfigError(f"{path}: not a baseline of this format", "write it anew with `hunklint baseline write`")
    return frozenset(
        entry["fingerprint"] for entry in data["findings"] if isinstance(entry, dict) and "fingerprint" in entry
    )


def write_baseline(path: Path, findings: Iterable[tuple[str, str, str | None, str | None, str]]) -> int:
    """Write (fingerprint, rule, path, function, message) rows as a baseline, sorted; returns how many."""
    import json

    rows = sorted(set(findings), key=lambda row: tuple(part or "" for part in row))
    keys = ("fingerprint", "rule", "path", "function", "message")
    data = {"format": BASELINE_FORMAT, "findings": [dict(zip(keys, row, strict=True)) for row in rows]}
    path.write_text(json.dumps(data, indent=1, ensure_ascii=True) + "\n", "utf-8")
    return len(rows)
