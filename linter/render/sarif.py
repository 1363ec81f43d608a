"""SARIF 2.1.0, made so that GitHub code scanning, Azure and editors take every result.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning
A result stands on a line that the patch changed, its path is a code flow. What has no line in a file (the commit
message, what was not analysed) is a notification: a result without a file would be refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from linter.patch.model import Patch
from linter.render.escape import prose, visible
from linter.render.options import RenderOptions
from linter.render.position import Position, Unique, by_severity, headline, position, sentence
from linter.render.sarif_rules import Rules
from linter.render.source import Source
from linter.render.words import heading, shown, skip_line
from linter.review.model import Judged, Report, Skip, Verdict

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_LOCATIONS = 100
MOST_RESULTS = 25_000  # GitHub refuses a run with more

Json = dict[str, Any]


def message(text: str) -> Json:
    """A message; what SARIF would read as a link or a placeholder is broken up."""
    plain = re.sub(r"\{(\d+)\}", r"{ \1 }", prose(text)).replace("](", "] (")
    return {"text": plain}


def physical(place: Position) -> Json:
    """A physical location; columns count characters, as `columnKind` says."""
    region: Json = {"startLine": place.line}
    if place.column is not None:
        region["startColumn"] = place.character(place.column)
        if place.end_column is not None and place.end_column > place.column:
            region["endLine"] = place.line
            region["endColumn"] = place.character(place.end_column)
    uri = quote(place.path.encode("utf-8", "surrogateescape"), safe="/+~!$&'()*,;=@")
    return {"physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}, "region": region}}


def _steps(judged: Judged, source: Source) -> tuple[list[Json], int]:
    """A location for each label, and how many of them are the path: what stands behind the defect is beside it."""
    steps: list[Json] = []
    path = MOST_LOCATIONS
    for label in judged.finding.labels:
        place = position(label.location, source)
        if place is not None:
            steps.append({**physical(place), "message": message(label.text or judged.finding.message)})
            path = len(steps) if label.primary else path
    return steps[:MOST_LOCATIONS], path


def _suppressions(judged: Judged) -> list[Json]:
    if judged.verdict is Verdict.REPORTED:
        return []
    words = judged.reason or judged.verdict.value
    return [{"kind": "external", "status": "accepted", "justification": prose(words)}]


def result(judged: Judged, source: Source, place: Position, index: int, fingerprint: str) -> Json:
    """One result: where, why it is one, and how to know it again."""
    finding = judged.finding
    where = physical(place)
    if finding.function:
        where["logicalLocations"] = [{"name": visible(finding.function), "kind": "function"}]
    steps, path = _steps(judged, source)
    record: Json = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": by_severity(finding.severity, "error", "warning", "note"),
        "message": message(f"{sentence(headline(finding))}\n{finding.help}".rstrip()),
        "locations": [where],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint, "hunklint/v1": fingerprint},
        "properties": {"confidence": finding.confidence.label, "patch": heading(source.patch)},
    }
    beside = [step for step in steps if step["physicalLocation"] != where["physicalLocation"]]
    if beside:
        record["relatedLocations"] = [{"id": at, **step} for at, step in enumerate(beside, 1)]
    if min(path, len(steps)) > 1:
        flow = [{"location": step} for step in steps[:path]]
        record["codeFlows"] = [{"threadFlows": [{"locations": flow}]}]
    suppressions = _suppressions(judged)
    if suppressions:
        record["suppressions"] = suppressions
    return record


def _notification(judged: Judged, patch: Patch, index: int) -> Json:
    """A finding that no line of a file can carry."""
    finding = judged.finding
    return {
        "level": by_severity(finding.severity, "error", "warning", "note"),
        "message": message(f"{heading(patch)}: {headline(finding)}"),
        "associatedRule": {"id": finding.rule, "index": index},
    }


def _skip_notification(skip: Skip) -> Json:
    return {"level": "note", "message": message(f"not analysed: {skip_line(skip)}")}


def _tail(report: Report, rules: Rules, notifications: list[Json], options: RenderOptions) -> str:
    """What follows the results of the run."""
    rest = {
        "tool": {
            "driver": {
                "name": options.tool_name,
                "semanticVersion": report.version,
                "rules": rules.descriptors,
            }
        },
        "invocations": [
            {"executionSuccessful": not report.counts.unreadable, "toolExecutionNotifications": notifications}
        ],
        "automationDetails": {"id": f"{options.tool_name}/"},
        "columnKind": "unicodeCodePoints",
        "properties": {"rulebook": report.rulebook.digest, "patches": report.counts.patches},
    }
    return json.dumps(rest, indent=1)[1:]


def render(report: Report, options: RenderOptions) -> Iterator[str]:
    """One run; results stream out, the rules that they name and the notifications follow."""
    rules = Rules(report.rulebook)
    unique = Unique()
    notifications: list[Json] = []
    count = 0
    yield f'{{"$schema": "{SCHEMA}", "version": "2.1.0", "runs": [{{"results": ['
    for patch_report in report.patches:
        source = Source(patch_report)
        for judged in shown(patch_report, options):
            place = position(judged.anchor, source)
            index = rules.index(judged.finding)
            if place is None or count >= MOST_RESULTS:
                notifications.append(_notification(judged, source.patch, index))
                continue
            record = result(judged, source, place, index, unique(judged))
            yield ("," if count else "") + "\n" + json.dumps(record, indent=1)
            count += 1
        notifications += map(_skip_notification, patch_report.skipped)
    notifications += map(_skip_notification, report.skipped)
    if not report.counts.patches:
        notifications.append({"level": "warning", "message": message("no patch was reviewed")})
    yield "\n]," + _tail(report, rules, notifications, options) + "]}\n"
