"""What the consumers of the formats demand, as closed schemas of the parts that are used here.

The SARIF schema is written from the specification (sections in brackets) and closed like the official one: a property
that it does not name is an error. `test_contracts.py` breaks a valid log in every place; where the official schema is
at hand (HUNKLINT_SARIF_SCHEMA), it must not refuse anything that this one accepts.
https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
SOME_TEXT: Schema = {"type": "string", "minLength": 1}
INDEX: Schema = {"type": "integer", "minimum": -1}
ONE_UP: Schema = {"type": "integer", "minimum": 1}
LEVEL: Schema = {"enum": ["none", "note", "warning", "error"]}
URI: Schema = {"type": "string", "format": "uri"}
BAG: Schema = {
    "type": "object",
    "properties": {"tags": {"type": "array", "items": TEXT, "uniqueItems": True}},
}  # [3.8] property bags are the one open place
TEXTS_BY_NAME: Schema = {"type": "object", "additionalProperties": TEXT}


def closed(required: str = "", **properties: Schema) -> Schema:
    """An object with these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def array(items: Schema, least: int = 0, unique: bool = False) -> Schema:
    return {"type": "array", "items": items, "minItems": least, **({"uniqueItems": True} if unique else {})}


def ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


SARIF: Schema = {
    **closed("version runs", **{"$schema": URI, "version": {"const": "2.1.0"}, "runs": array(ref("run"))}),  # [3.13]
    "definitions": {
        "run": closed(  # [3.14]
            "tool",
            tool=closed("driver", driver=ref("toolComponent")),  # [3.18]
            invocations=array(ref("invocation")),
            automationDetails=closed(id=TEXT),  # [3.17]
            results=array(ref("result")),
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            properties=BAG,
        ),
        "toolComponent": closed(  # [3.19]
            "name", name=TEXT, semanticVersion=TEXT, rules=array(ref("reportingDescriptor"), unique=True)
        ),
        "reportingDescriptor": closed(  # [3.49]
            "id",
            id=TEXT,
            name=TEXT,
            shortDescription=ref("words"),
            fullDescription=ref("words"),
            help=ref("words"),
            helpUri=URI,
            defaultConfiguration=closed(level=LEVEL),  # [3.50]
            properties=BAG,
        ),
        "words": closed("text", text=TEXT, markdown=TEXT),  # [3.12] multiformatMessageString
        "invocation": closed(  # [3.20]
            "executionSuccessful",
            executionSuccessful={"type": "boolean"},
            toolExecutionNotifications=array(ref("notification")),
        ),
        "notification": closed(  # [3.58]
            "message", message=ref("message"), level=LEVEL, associatedRule=closed("id index", id=TEXT, index=INDEX)
        ),
        "result": closed(  # [3.27]
            "message",
            ruleId=TEXT,
            ruleIndex=INDEX,
            level=LEVEL,
            message=ref("message"),
            locations=array(ref("location")),
            relatedLocations=array(ref("location"), unique=True),
            codeFlows=array(ref("codeFlow")),
            partialFingerprints=TEXTS_BY_NAME,
            suppressions=array(ref("suppression"), unique=True),
            properties=BAG,
        ),
        "message": closed("text", text=TEXT),  # [3.11]
        "location": closed(  # [3.28]
            id=INDEX,
            physicalLocation=ref("physicalLocation"),
            logicalLocations=array(closed(name=TEXT, kind=TEXT), unique=True),  # [3.33]
            message=ref("message"),
        ),
        "physicalLocation": closed(  # [3.29]
            "artifactLocation",
            artifactLocation=closed(uri={"type": "string", "format": "uri-reference"}, uriBaseId=TEXT),  # [3.4]
            region=closed(startLine=ONE_UP, startColumn=ONE_UP, endLine=ONE_UP, endColumn=ONE_UP),  # [3.30]
        ),
        "codeFlow": closed("threadFlows", threadFlows=array(ref("threadFlow"), 1)),  # [3.36]
        "threadFlow": closed("locations", locations=array(closed(location=ref("location")), 1)),  # [3.37, 3.38]
        "suppression": closed(  # [3.35]
            "kind",
            kind={"enum": ["inSource", "external"]},
            status={"enum": ["accepted", "underReview", "rejected"]},
            justification=TEXT,
        ),
    },
}

# https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
GITLAB: Schema = array(
    closed(
        "description check_name fingerprint severity location",
        description=SOME_TEXT,
        check_name=SOME_TEXT,
        fingerprint=SOME_TEXT,
        severity={"enum": ["info", "minor", "major", "critical", "blocker"]},
        location=closed(
            "path lines",
            path={"type": "string", "pattern": r"^(?!\./)[^/]"},
            lines=closed("begin", begin=ONE_UP),
        ),
    )
)

# https://github.com/reviewdog/reviewdog/blob/master/proto/rdf/reviewdog.proto
_POSITION = closed(line=ONE_UP, column=ONE_UP)
_PLACE = closed("path", path=SOME_TEXT, range=closed("start", start=_POSITION, end=_POSITION))
DIAGNOSTIC: Schema = closed(
    "message location severity",
    message=SOME_TEXT,
    location=_PLACE,
    severity={"enum": ["UNKNOWN_SEVERITY", "ERROR", "WARNING", "INFO"]},
    source=closed(name=TEXT, url=URI),
    code=closed(value=TEXT, url=URI),
    related_locations=array(closed("location", message=TEXT, location=_PLACE)),
)

# https://patchwork.readthedocs.io/en/latest/api/rest/ (POST /patches/{id}/checks/); message_id is our own
CHECK: Schema = closed(
    "state context description target_url message_id",
    state={"enum": ["pending", "success", "warning", "fail"]},
    context={"type": "string", "pattern": "^[-a-zA-Z0-9_]{1,255}$"},
    description={"type": "string", "pattern": "^[^\\n]*$"},
    target_url={"type": ["string", "null"], "maxLength": 200},
    message_id={"type": ["string", "null"]},
)

# https://b4.docs.kernel.org: review checks; values are bound into a database as strings
B4_REVIEW: Schema = array(
    closed(
        "tool status summary url details",
        tool=SOME_TEXT,
        status={"enum": ["pass", "warn", "fail"]},
        summary=TEXT,
        url=TEXT,
        details=TEXT,
    )
)

_SEVERITIES = ("ignore", "info", "warning", "error")


def check_checkstyle(text: str) -> list[str]:
    """What is wrong with a report, by the elements and attributes that Checkstyle's own XML logger writes.

    https://github.com/checkstyle/checkstyle/blob/master/src/main/java/com/puppycrawl/tools/checkstyle/XMLLogger.java
    """
    root = ET.fromstring(text)
    wrong = _element(root, "checkstyle", {"version"}, set())
    for file in root:
        wrong += _element(file, "file", {"name"}, set())
        for error in file:
            wrong += _element(error, "error", {"line", "severity", "message", "source"}, {"column"})
            wrong += [f"severity {error.get('severity')}"] * (error.get("severity") not in _SEVERITIES)
            numbers = [error.get("line"), error.get("column", "1")]
            wrong += [f"number {number}" for number in numbers if not (number or "").isdigit() or int(number or 0) < 1]
            wrong += [f"child <{child.tag}>" for child in error]
    return wrong


def check_junit(text: str) -> list[str]:
    """What is wrong with a report, by what CI servers agree on (https://github.com/testmoapp/junitxml)."""
    root = ET.fromstring(text)
    wrong = _element(root, "testsuites", set(), {"name", "tests", "failures", "errors", "skipped", "time"})
    for suite in root:
        counts = {"tests", "failures", "errors", "skipped"}
        wrong += _element(suite, "testsuite", {"name", *counts}, {"time", "timestamp", "file"})
        found = {"tests": len(suite), "failures": 0, "errors": 0, "skipped": 0}
        for case in suite:
            wrong += _element(case, "testcase", {"name", "classname"}, {"time", "file", "line"})
            results = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
            wrong += [f"{len(results)} results in {case.get('name')}"] * (len(results) > 1)
            wrong += [f"child <{c.tag}>" for c in case if c.tag not in (*results, "system-out", "system-err")]
            for tag in results:
                found[{"failure": "failures", "error": "errors", "skipped": "skipped"}[tag]] += 1
        wrong += [f"{key} is {suite.get(key)}" for key, count in found.items() if suite.get(key) != str(count)]
    return wrong


def _element(element: ET.Element, tag: str, required: set[str], allowed: set[str]) -> list[str]:
    names = set(element.keys())
    wrong = [f"<{element.tag}>"] * (element.tag != tag)
    wrong += [f"{tag} without {name}" for name in sorted(required - names)]
    return wrong + [f"{tag} with {name}" for name in sorted(names - required - allowed)]
