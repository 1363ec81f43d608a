"""The engine `message`: subject, commit message, trailers, headers, and what the transport did to the patch.

    message:
      check: author-signoff              a question of `message_people`, `message_trailers`, `message_parts`, …
      message: "$NAME did not sign off"  with what the check tells about its finding
    message:
      in: log                            subject, title, log (no trailers), notes, body, headers or trailers
      look: [Change-Id]                  texts of which one has to be there, where `line` is slow to search for
      line: '^Change-Id: (I[0-9a-f]+)'   a line of it; $1 is the first group
      unless: ok                         a line that is fine
      absent: ok                         nothing when some line of the message has this
      first: true                        one finding a patch
      message: "`$1` means nothing upstream"

Both forms are silent on quoted patches and on diffs within a discussion (the one who replies submits nothing) unless
`quoted: true`, on a bare diff (there is no message), and, unless `userspace: true`, on patches to other projects.
`rfc: false` keeps a rule off patches that are not meant for merging.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from linter.detect.match_where import limited_regex
from linter.detect.message_claims import CLAIMS
from linter.detect.message_parts import MAX_LINE, PARTS, Problem, is_discussion, message_lines, message_text, place
from linter.detect.message_people import PEOPLE
from linter.detect.message_trailers import TRAILERS
from linter.detect.model import Context, Finding, Label, Scope, finding
from linter.patch.model import Patch
from linter.pattern import compiled, lazy
from linter.record import record
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Confidence, Rule, Severity, Tables

CHECKS = {**CLAIMS, **PEOPLE, **TRAILERS, **PARTS}
SECTIONS = ("subject", "title", "log", "notes", "body", "headers", "trailers")
_KEYS = ("check", "in", "look", "line", "unless", "absent", "first", "message", "quoted", "userspace", "rfc")
_NAME = lazy(r"\$([A-Z]+|[1-9])")


@record(frozen=False)
class _Runner:
    """The message rules of a run."""

    rules: dict[str, Rule]

    def run(self, target: Any, context: Context, enabled: frozenset[str]) -> Iterator[Finding]:
        patch: Patch = target
        discussion = is_discussion(patch)
        for id in sorted(enabled):
            rule = self.rules.get(id)
            if rule is None or not _is_about(rule, patch, context, discussion):
                continue
            check = rule.block.get("check")
            problems = CHECKS[check](patch, context) if check else _lines(rule, patch)
            for problem in problems:
                yield _report(rule, problem)


def _is_about(rule: Rule, patch: Patch, context: Context, discussion: bool) -> bool:
    block = rule.block
    if discussion and not block.get("quoted"):
        return False
    if not patch.subject and not patch.author and not block.get("quoted"):
        return False  # a bare diff
    if context.userspace and not block.get("userspace"):
        return False
    return block.get("rfc", True) or not {"RFC", "RFT", "WIP"} & set("/".join(patch.prefixes).upper().split("/"))


def _lines(rule: Rule, patch: Patch) -> Iterator[Problem]:
    block = rule.block
    wanted = compiled(block["line"], re.MULTILINE)
    text = message_text(patch, block["in"])
    if ("look" in block and not any(each in text for each in block["look"])) or wanted.search(text) is None:
        return
    unless = compiled(block["unless"]) if "unless" in block else None
    if "absent" in block:
        absent = compiled(block["absent"])
        if any(absent.search(line[:MAX_LINE]) for _, line in message_lines(patch, "body")):
            return
    for lineno, line in message_lines(patch, block["in"]):
        match = wanted.search(line[:MAX_LINE])
        if match is None or (unless is not None and unless.search(line[:MAX_LINE])):
            continue
        texts = {str(number): value or "" for number, value in enumerate(match.groups(), 1)}
        yield Problem(lineno, {**texts, "LINE": line.strip()[:60]}, texts.get("1", ""))
        if block.get("first"):
            return


def _report(rule: Rule, problem: Problem) -> Finding:
    message = _NAME.sub(lambda match: problem.texts.get(match[1], ""), rule.block["message"])
    labels = [Label(place(lineno), text) for lineno, text in problem.others]
    labels.append(Label(place(problem.patch_lineno), message, primary=True))
    severity = Severity[problem.severity.upper()] if problem.severity else None
    confidence = Confidence[problem.confidence.upper()] if problem.confidence else None
    return finding(rule, message, labels, severity=severity, confidence=confidence, key=problem.key)


class MessageEngine:
    """What is said about a patch, and how it came."""

    name = "message"
    scope = Scope.PATCH

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        block = rule.block
        for key in block:
            if key not in _KEYS:
                raise BlockError((self.name, key), "unknown key", "one of " + ", ".join(_KEYS))
        if ("check" in block) == ("line" in block):
            raise BlockError((self.name,), "nothing to look for", "`check:`, or `in:` and `line:`")
        if "check" in block and block["check"] not in CHECKS:
            raise BlockError(
                (self.name, "check"), f"unknown check `{block['check']}`", "one of " + ", ".join(sorted(CHECKS))
            )
        if "line" in block and block.get("in") not in SECTIONS:
            raise BlockError((self.name, "in"), "unknown part of a message", "one of " + ", ".join(SECTIONS))
        for key in ("line", "unless", "absent"):
            if key in block:
                limited_regex(block[key], (self.name, key))
        if not isinstance(block.get("message"), str):
            raise BlockError((self.name,), "the key `message` is missing", "`message:`")
        return None

    def prepare(self, rules: Sequence[Rule], tables: Tables) -> _Runner:
        return _Runner({rule.id: rule for rule in rules})


ENGINE = MessageEngine()
