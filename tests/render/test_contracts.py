"""Every format against its consumer's contract, and the contracts against broken output."""

from __future__ import annotations

import copy
import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from linter.render.options import RenderOptions
from linter.render.registry import renderer
from linter.review.model import PatchReport, Report
from tests.render import sample
from tests.render.build import at, finding, judge, report_of
from tests.render.contracts import (
    B4_REVIEW,
    CHECK,
    DIAGNOSTIC,
    GITLAB,
    SARIF,
    check_checkstyle,
    check_junit,
)


def twice() -> Report:
    patch = sample.heap_patch()
    one = judge(finding([(at(patch, "return -EFAULT;"), "here")]), fingerprint="same")
    return report_of(PatchReport(patch, (one, one)), PatchReport(patch, (one,)))


REPORTS: dict[str, Callable[[], Report]] = {
    "sample": sample.sample,
    "clean": sample.clean,
    "empty": sample.empty,
    "hostile": sample.hostile,
    "twice": twice,
}


def rendered(name: str, report: Report, **options: Any) -> str:
    return "".join(renderer(name)(report, RenderOptions(**options)))


def validator(schema: dict[str, Any]) -> Draft7Validator:
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema, format_checker=FormatChecker())


DOCUMENTS = {"sarif": SARIF, "gitlab": GITLAB, "b4-review": B4_REVIEW}
LINES = {"rdjsonl": DIAGNOSTIC, "patchwork": CHECK}


@pytest.mark.parametrize("case", REPORTS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents(name: str, case: str):
    validator(DOCUMENTS[name]).validate(json.loads(rendered(name, REPORTS[case](), show_suppressed=True)))


@pytest.mark.parametrize("case", REPORTS)
@pytest.mark.parametrize("name", LINES)
def test_lines(name: str, case: str):
    text = rendered(name, REPORTS[case](), show_suppressed=True)
    assert text == "" or text.endswith("\n")
    for line in text.split("\n")[:-1]:
        validator(LINES[name]).validate(json.loads(line))


@pytest.mark.parametrize("case", REPORTS)
def test_xml(case: str):
    assert check_checkstyle(rendered("checkstyle", REPORTS[case](), show_suppressed=True)) == []
    assert check_junit(rendered("junit", REPORTS[case](), show_suppressed=True)) == []


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("checkstyle", 'severity="error"', 'severity="fatal"'),
        ("checkstyle", "<error line=", "<error row="),
        ("checkstyle", 'line="128"', 'line="0"'),
        ("junit", 'failures="3"', 'failures="2"'),
        ("junit", "<failure ", '<skipped message=""/><failure '),
        ("junit", 'classname="hunklint.resource" ', ""),
    ],
)
def test_the_xml_checks_can_fail(name: str, good: str, bad: str):
    text = rendered(name, sample.sample())
    check = {"checkstyle": check_checkstyle, "junit": check_junit}[name]
    assert good in text
    assert check(text.replace(good, bad, 1))


# --- every way to break a valid document in one place


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def changed(document: Any, path: tuple[str | int, ...], change: Callable[[Any, str | int], None]) -> Any:
    fresh = copy.deepcopy(document)
    parent = fresh
    for key in path[:-1]:
        parent = parent[key]
    change(parent, path[-1])
    return fresh


def _remove(parent: Any, key: str | int) -> None:
    del parent[key]


def _retype(parent: Any, key: str | int) -> None:
    parent[key] = [parent[key]] if not isinstance(parent[key], list) else {"list": parent[key]}


def _lower(parent: Any, key: str | int) -> None:
    parent[key] = -7 if isinstance(parent[key], int) else 7 if isinstance(parent[key], str) else None


def _unknown(parent: Any, key: str | int) -> None:
    if isinstance(parent[key], dict):
        parent[key]["unheardOf"] = {}
    else:
        parent[key] = {"unheardOf": {}}


def _word(parent: Any, key: str | int) -> None:
    parent[key] = "unheard of"


CHANGES = (_remove, _retype, _lower, _unknown, _word)


def broken(document: Any) -> Iterator[tuple[str, Any]]:
    for path in places(document):
        for change in CHANGES if path else ():
            yield f"{change.__name__} {'.'.join(map(str, path))}", changed(document, path, change)


def full_log() -> Any:
    return json.loads(rendered("sarif", sample.sample(), show_suppressed=True))


OPEN = ("properties", "partialFingerprints")


def test_the_sarif_schema_can_fail():
    """A wrong type and an unknown property are refused everywhere but in the open bags, and so are wrong words."""
    check = validator(SARIF)
    kept = {name for name, document in broken(full_log()) if check.is_valid(document)}
    for name in kept:
        if name.startswith(("_retype", "_unknown")):
            assert "properties" in name.split("."), name
            assert "partialFingerprints." not in name
        if name.startswith("_word"):
            free = "logicalLocations" in name  # a kind of code element may have any name
            assert free or name.rpartition(".")[2] not in ("level", "version", "columnKind", "kind", "status"), name
    assert any(name.startswith("_remove") for name in kept), "most properties are optional"
    for needed in ("version", "runs", "runs.0.tool", "runs.0.results.0.message", "runs.0.results.0.message.text"):
        assert f"_remove {needed}" not in kept


def test_the_official_sarif_schema_refuses_nothing_more():
    path = os.environ.get("HUNKLINT_SARIF_SCHEMA")
    if not path:
        pytest.skip("HUNKLINT_SARIF_SCHEMA does not name a copy of sarif-schema-2.1.0.json")
    official = Draft7Validator(json.loads(Path(path).read_text()), format_checker=FormatChecker())
    for make in REPORTS.values():
        official.validate(json.loads(rendered("sarif", make(), show_suppressed=True)))
    own = validator(SARIF)
    missed = [
        name for name, document in broken(full_log()) if own.is_valid(document) and not official.is_valid(document)
    ]
    assert missed == []


# --- parsers of others, where they are installed: pip install 'hunklint[consumers]'


def needs(module: str) -> pytest.MarkDecorator:
    absent = importlib.util.find_spec(module) is None
    return pytest.mark.skipif(absent, reason=f"{module} is not installed: pip install 'hunklint[consumers]'")


def _model(document: Any, kind: Any, at: str = "") -> list[str]:
    """Properties that a class generated from the official schema does not have, and required ones that are missing."""
    names = {field.metadata["schema_property_name"]: field for field in kind.__attrs_attrs__}
    wrong = [f"{at}.{key}" for key in document if key not in names]
    required = [key for key, field in names.items() if field.default is not None and repr(field.default) == "NOTHING"]
    return wrong + [f"{at} without {key}" for key in required if key not in document]


@needs("sarif_om")
def test_sarif_fits_the_classes_made_from_its_schema():
    import sarif_om as om

    kinds = {
        "runs": om.Run, "tool": om.Tool, "driver": om.ToolComponent, "rules": om.ReportingDescriptor,
        "shortDescription": om.MultiformatMessageString, "fullDescription": om.MultiformatMessageString,
        "help": om.MultiformatMessageString, "defaultConfiguration": om.ReportingConfiguration,
        "invocations": om.Invocation, "toolExecutionNotifications": om.Notification, "message": om.Message,
        "associatedRule": om.ReportingDescriptorReference, "automationDetails": om.RunAutomationDetails,
        "results": om.Result, "locations": om.Location, "relatedLocations": om.Location, "location": om.Location,
        "physicalLocation": om.PhysicalLocation, "artifactLocation": om.ArtifactLocation, "region": om.Region,
        "logicalLocations": om.LogicalLocation, "codeFlows": om.CodeFlow, "threadFlows": om.ThreadFlow,
        "suppressions": om.Suppression,  # of a draft in which `status` was called `state`
    }  # fmt: skip
    log = full_log()
    wrong = _model(log, om.SarifLog, "log")
    seen = set()
    for path in places(log):
        names = [key for key in path if isinstance(key, str)]
        value = log
        for key in path:
            value = value[key]
        if not isinstance(value, dict) or not names or any(name in OPEN for name in names):
            continue
        kind = kinds[names[-1]]
        if names[-1] == "locations" and "threadFlows" in names:
            kind = om.ThreadFlowLocation
        seen.add(names[-1])
        wrong += _model(value, kind, ".".join(names))
    assert set(wrong) == {"runs.results.suppressions.status"}
    assert seen == set(kinds)


@needs("junitparser")
@pytest.mark.parametrize("case", REPORTS)
def test_junitparser_reads_it(case: str):
    from junitparser import Failure, JUnitXml, Skipped

    suites = list(JUnitXml.fromstring(rendered("junit", REPORTS[case]()).encode()))
    for suite in suites:
        results = [result for test in suite for result in test.result]
        assert suite.failures == sum(isinstance(result, Failure) for result in results)
        assert suite.skipped == sum(isinstance(result, Skipped) for result in results)
        assert suite.tests == len(list(suite))
    names = [test.name for suite in suites for test in suite]
    assert names
    assert (case in ("sample", "twice")) == any(
        name.startswith("fd-leak at drivers/dma-buf/dma-heap.c:128") for name in names
    )


@needs("diff_cover")
def test_diff_cover_reads_checkstyle():
    from diff_cover.violationsreporters.java_violations_reporter import CheckstyleXmlDriver

    found = CheckstyleXmlDriver().parse_reports([rendered("checkstyle", sample.sample())])
    lines = {(path, violation.line) for path, violations in found.items() for violation in violations}
    assert {(sample.HEAP, 123), (sample.HEAP, 128), (sample.HEAP, 180)} <= lines
    assert CheckstyleXmlDriver().parse_reports([rendered("checkstyle", sample.clean())]) == {}
