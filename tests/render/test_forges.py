"""What CI servers and forges read: golden files, and each consumer's own rules."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest

from linter.detect.model import Label
from linter.record import replace
from linter.render.options import RenderOptions
from linter.render.patchwork import check as patchwork_check
from linter.render.registry import renderer
from linter.review.model import PatchReport, Report, Verdict
from linter.rulebook.model import Severity
from tests.render import sample
from tests.render.build import at, finding, in_mail, judge, report_of
from tests.render.golden import check_golden
from tests.render.test_contracts import twice

GOLDEN = {
    "github": "sample.github.txt",
    "gitlab": "sample.gitlab.json",
    "rdjsonl": "sample.rdjsonl",
    "checkstyle": "sample.checkstyle.xml",
    "junit": "sample.junit.xml",
    "patchwork": "sample.patchwork.jsonl",
    "nipa": "sample.nipa.txt",
    "terse": "sample.terse.txt",
    "sarif": "sample.sarif",
    "b4": "sample.b4.txt",
    "b4-review": "sample.b4-review.json",
    "markdown": "sample.md",
}


def rendered(name: str, report: Report | None = None, **options) -> str:
    return "".join(renderer(name)(report or sample.sample(), RenderOptions(**options)))


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name: str):
    check_golden(GOLDEN[name], rendered(name))


# --- GitHub workflow commands, read as the runner reads them


def _command(line: str) -> tuple[str, dict[str, str], str]:
    match = re.fullmatch(r"::(\w+)(?: (.*?))?::(.*)", line)
    assert match, line
    properties = dict(part.split("=", 1) for part in (match[2] or "").split(",") if part)

    def plain(text: str) -> str:
        for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            text = text.replace(code, char)
        return text

    return match[1], {key: plain(value) for key, value in properties.items()}, plain(match[3])


def test_github_annotations():
    *lines, summary = rendered("github").splitlines()
    kinds = [_command(line)[0] for line in lines]
    assert kinds == ["notice", "warning", "error", "warning"]
    _, properties, text = _command(lines[2])
    assert properties["file"] == sample.HEAP
    assert (properties["line"], properties["col"], properties["endColumn"]) == ("128", "3", "18")
    assert text.startswith("file descriptor leaks on an error path: `fd` is still reserved")
    assert "file" not in _command(lines[0])[1], "a finding about the mail has no file"
    assert not summary.startswith("::")


def test_a_removed_line_is_shown_at_the_line_that_took_its_place():
    _, properties, _ = _command(rendered("github").splitlines()[3])
    assert properties["line"] == "180"


def test_gitlab_is_an_empty_array_when_clean():
    assert json.loads(rendered("gitlab", sample.clean())) == []


def test_fingerprints_never_repeat():
    prints = [entry["fingerprint"] for entry in json.loads(rendered("gitlab", twice()))]
    assert prints == ["same", "same-2", "same-3"]


# --- reviewdog reads with a scanner of 64 KiB a line


def test_rdjsonl_has_no_empty_line():
    assert all(rendered("rdjsonl").removesuffix("\n").split("\n")), "an empty line is an error to reviewdog"
    assert rendered("rdjsonl", sample.clean()) == ""


def test_rdjsonl_lines_stay_below_64_kib():
    patch = sample.heap_patch()
    labels = [(at(patch, "return -EFAULT;"), "漢" * 100_000)] * 50
    long = finding(labels, message="漢" * 100_000, help="\x1b" * 100_000)
    report = report_of(PatchReport(patch, (judge(long, at(patch, "fd_install")),)))
    assert max(map(len, rendered("rdjsonl", report).encode().split(b"\n"))) < 64 * 1024


# --- XML


def test_checkstyle_is_read_back():
    root = ET.fromstring(rendered("checkstyle"))
    found = [
        (file.get("name"), error.get("line"), error.get("severity"), error.get("source"))
        for file in root.iter("file")
        for error in file
    ]
    assert (sample.HEAP, "128", "error", "hunklint.resource.fd-leak") in found
    assert [severity for _, _, severity, _ in found] == ["info", "warning", "error", "warning"]


def test_junit_says_that_nothing_was_found():
    root = ET.fromstring(rendered("junit"))
    assert sum(len(suite.findall("testcase/failure")) for suite in root.iter("testsuite")) == 3
    assert any(case.get("name") == "no findings" for case in root.iter("testcase"))


def test_junit_without_a_patch_is_no_pass():
    root = ET.fromstring(rendered("junit", sample.empty()))
    assert [case.find("skipped") is not None for case in root.iter("testcase")] == [True]


# --- Patchwork and NIPA


def test_patchwork_checks():
    checks = [json.loads(line) for line in rendered("patchwork").splitlines()]
    assert [check["state"] for check in checks] == ["fail", "success"]
    for check in checks:
        assert check["state"] in ("pending", "success", "warning", "fail")
        assert re.fullmatch(r"[-a-zA-Z0-9_]{1,255}", check["context"])
        assert "\n" not in check["description"]
        assert len(check["description"]) <= 255
        assert check["target_url"] is None
    odd = json.loads(rendered("patchwork", tool_name="hunklint v1.0/x").splitlines()[0])
    assert odd["context"] == "hunklint-v1-0-x"


def test_info_alone_is_success():
    patch = sample.heap_patch()
    note = judge(finding([(at(patch, "return -EFAULT;"), "here")], severity=Severity.INFO))
    assert json.loads(rendered("patchwork", report_of(PatchReport(patch, (note,)))))["state"] == "success"


def test_what_is_said_of_the_series_counts_for_each_patch():
    patch = sample.heap_patch()
    wide = judge(finding([(in_mail(patch, "Subject:"), "")], severity=Severity.WARNING, rule="series-odd"))
    made = patchwork_check(PatchReport(patch, ()), RenderOptions(), [wide, wide])
    assert (made["state"], made["description"]) == ("warning", "no findings; on the series: series-odd")
    assert patchwork_check(PatchReport(patch, ()), RenderOptions())["description"] == "no findings"


def test_nipa_description_is_the_first_line():
    first, *rest = rendered("nipa").splitlines()
    assert first.startswith("1 error, 2 warnings, 1 info in 2 patches")
    assert len(rest) == 4


# --- SARIF


def sarif(report: Report | None = None, **options) -> dict:
    return json.loads(rendered("sarif", report, **options))


def test_sarif_has_what_github_requires():
    run = sarif()["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    for rule in rules:
        for key in ("shortDescription", "fullDescription", "help"):
            assert 0 < len(rule[key]["text"]) <= 1024 or key == "help"
        assert len(rule["properties"]["tags"]) <= 10
        assert all(isinstance(tag, str) for tag in rule["properties"]["tags"])
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("note", "warning", "error")
        assert result["message"]["text"]
        location = result["locations"][0]["physicalLocation"]
        assert not location["artifactLocation"]["uri"].startswith(("/", "./"))
        assert location["region"]["startLine"] >= 1
        assert result["partialFingerprints"]["primaryLocationLineHash"]
    assert len(run["results"]) == 3


def test_sarif_path_ends_at_the_defect():
    patch = sample.heap_patch()
    labels = [(at(patch, "get_unused_fd_flags"), "reserved here"), (at(patch, "return -EFAULT;"), "still reserved")]
    one = finding(labels)
    beside = Label(at(patch, "fd_install"), "released here on another way out")
    judged = judge(replace(one, labels=(*one.labels, beside)))
    log = json.loads("".join(renderer("sarif")(report_of(PatchReport(patch, (judged,))), RenderOptions())))
    found = log["runs"][0]["results"][0]
    steps = found["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["message"]["text"] for step in steps] == ["reserved here", "still reserved"]
    assert found["relatedLocations"][-1]["message"]["text"] == "released here on another way out"


def test_sarif_path_is_a_code_flow():
    leak = next(r for r in sarif()["runs"][0]["results"] if r["ruleId"] == "fd-leak")
    steps = leak["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["message"]["text"] for step in steps] == [
        "reserved here",
        "this fails",
        "`fd` is still reserved when the function returns",
    ]
    assert [related["physicalLocation"]["region"]["startLine"] for related in leak["relatedLocations"]] == [115, 127]


def test_sarif_stands_on_a_changed_line():
    patch = sample.heap_patch()
    added = {line.post_lineno for h in patch.files[0].hunks for line in h.lines if line.kind.value == "+"}
    for result in sarif()["runs"][0]["results"]:
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] in added


def test_sarif_says_what_has_no_line():
    notes = sarif()["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    texts = [note["message"]["text"] for note in notes]
    assert any("the commit message does not say who" in text for text in texts)
    assert sum("not analysed" in text for text in texts) == 2
    nothing = sarif(sample.empty())["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert [note["message"]["text"] for note in nothing] == ["no patch was reviewed"]


def test_sarif_suppressions():
    results = sarif(show_suppressed=True)["runs"][0]["results"]
    kept = [r["suppressions"][0]["justification"] for r in results if "suppressions" in r]
    assert kept == ["checked by the caller", Verdict.BASELINED.value]


def test_sarif_columns_count_characters():
    patch = sample.heap_patch()
    file = patch.files[0]
    line = next(line for h in file.hunks for line in h.lines if line.text == b"\t\treturn -EFAULT;")
    other = replace(line, text="/* 漢字 */ return -EFAULT;".encode())
    hunk = replace(file.hunks[0], lines=tuple(other if x is line else x for x in file.hunks[0].lines))
    patch = replace(patch, files=(replace(file, hunks=(hunk, file.hunks[1])),))
    report = report_of(PatchReport(patch, (judge(finding([(at(patch, "-EFAULT"), "here")])),)))
    region = sarif(report)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert (region["startColumn"], region["endColumn"]) == (17, 24)


def test_sarif_paths_are_uris():
    results = sarif(sample.hostile())["runs"][0]["results"]
    for result in results:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9/._~%+!$&'()*,;=@-]+", uri)
    assert len({result["partialFingerprints"]["primaryLocationLineHash"] for result in results}) == len(results)
