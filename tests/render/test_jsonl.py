"""The JSON Lines contract: exactly these fields, in exactly these types."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from linter.patch.model import Side
from linter.render.options import RenderOptions
from linter.render.registry import renderer
from linter.review.model import PatchReport
from tests.render import sample
from tests.render.build import at, finding, judge, report_of
from tests.render.golden import check_golden

TEXT = {"type": "string"}
MAYBE = {"type": ["string", "null"]}
NUMBER = {"type": "integer", "minimum": 0}
LINE = {"type": ["integer", "null"], "minimum": 1}
SIDE = {"enum": ["post", "pre", None]}
LABEL = {"path": MAYBE, "line": LINE, "side": SIDE, "patch_line": NUMBER, "text": TEXT}
FINDING = {
    "type": {"const": "finding"},
    "message_id": MAYBE,
    "in_reply_to": MAYBE,
    "quoted": {"type": "boolean"},
    "subject": TEXT,
    "patch": {"type": ["array", "null"], "items": {"type": ["integer", "null"]}, "minItems": 2, "maxItems": 2},
    "version": NUMBER,
    "path": MAYBE,
    "line": LINE,
    "column": LINE,
    "side": SIDE,
    "patch_line": NUMBER,
    "function": MAYBE,
    "rule": TEXT,
    "category": TEXT,
    "severity": {"enum": ["error", "warning", "info"]},
    "confidence": {"enum": ["high", "medium", "low"]},
    "message": TEXT,
    "help": TEXT,
    "fingerprint": TEXT,
    "labels": {
        "type": "array",
        "items": {"type": "object", "properties": LABEL, "required": list(LABEL)},
        "minItems": 1,
    },
    "limits": {"type": "array", "items": TEXT},
}
SKIPPED = {"type": {"const": "skipped"}, "message_id": MAYBE, "path": MAYBE, "stage": TEXT, "reason": TEXT}
COUNTS = {"error": NUMBER, "warning": NUMBER, "info": NUMBER}
SUMMARY = {
    "type": {"const": "summary"},
    **dict.fromkeys(("messages", "without_patch", "patches", "files", "suppressed", "baselined", "skipped"), NUMBER),
    "findings": {"type": "object", "properties": COUNTS, "required": list(COUNTS), "additionalProperties": False},
}


def shape(properties: dict) -> dict:
    return {"type": "object", "properties": properties, "required": list(properties)}


CONTRACT = Draft202012Validator({"oneOf": [shape(FINDING), shape(SKIPPED), shape(SUMMARY)]})


def lines(report, **options) -> list[dict]:
    return [json.loads(line) for line in "".join(renderer("jsonl")(report, RenderOptions(**options))).splitlines()]


def test_golden():
    check_golden("sample.jsonl", "".join(renderer("jsonl")(sample.sample(), RenderOptions())))


def test_every_line_keeps_the_contract():
    records = lines(sample.sample(), show_suppressed=True)
    for record in records:
        CONTRACT.validate(record)
    assert [record["type"] for record in records] == ["finding"] * 6 + ["skipped"] * 2 + ["summary"]


def test_contract_can_fail():
    record = lines(sample.sample())[0]
    del record["side"]
    assert not CONTRACT.is_valid(record)


def test_the_place_is_the_anchor():
    unlocked = next(r for r in lines(sample.sample()) if r["rule"] == "unlocked-write")
    assert (unlocked["line"], unlocked["side"]) == (165, "pre")
    assert unlocked["labels"][0]["line"] == 184


def test_mail_findings_have_no_place_in_a_file():
    message = lines(sample.sample())[0]
    assert (message["path"], message["line"], message["side"], message["patch_line"]) == (None, None, None, 12)


def test_suppressed_findings_only_when_asked_for():
    assert sum(r["type"] == "finding" for r in lines(sample.sample())) == 4
    aside = [r for r in lines(sample.sample(), show_suppressed=True) if "verdict" in r]
    assert [(r["verdict"], r["reason"]) for r in aside] == [("suppressed", "checked by the caller"), ("baselined", "")]


def test_output_is_ascii_whatever_the_patch_holds():
    patch = sample.heap_patch()
    bad = finding([(at(patch, "return -EFAULT;"), "esc \x1b[31m \u202e \udcff")], message="naïve\x1b")
    text = "".join(renderer("jsonl")(report_of(PatchReport(patch, (judge(bad),))), RenderOptions()))
    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(text.splitlines()[0])["message"] == "naïve\x1b"


def test_findings_stream():
    consumed = []

    def patches():
        for _ in range(3):
            consumed.append(1)
            yield sample.heap_report(sample.heap_patch())

    report = report_of()
    report.patches = patches()
    pieces = renderer("jsonl")(report, RenderOptions())
    next(pieces)
    assert len(consumed) == 1


def test_json_holds_the_same_records():
    whole = json.loads("".join(renderer("json")(sample.sample(), RenderOptions())))
    flat = lines(sample.sample())
    untyped = [{k: v for k, v in record.items() if k != "type"} for record in flat]
    assert whole["findings"] == untyped[:4]
    assert whole["skipped"] == untyped[4:6]
    assert whole["summary"] == untyped[6]
    assert json.loads("".join(renderer("json")(sample.empty(), RenderOptions())))["findings"] == []


def test_json_golden():
    check_golden("sample.json", "".join(renderer("json")(sample.sample(), RenderOptions())))


def test_side_is_pre_for_a_removed_line():
    assert at(sample.heap_patch(), "mutex_unlock(&heap->lock);").side is Side.PRE
