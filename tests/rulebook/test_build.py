"""Rule files: what a good one becomes, and what is said about each way to get one wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from linter.errors import RuleError
from linter.rulebook.build import is_bad, split_markers
from linter.rulebook.document import parse_document
from linter.rulebook.load import read_rule
from linter.rulebook.model import AppliesTo, Citation, Confidence, Example, KernelRange, Severity, Status
from linter.rulebook.schema import rule_schema

from .conftest import RULE

Write = Callable[..., Path]


def test_a_good_file(write: Write) -> None:
    path = write("error/bad-call.yaml")
    rule = read_rule(path)
    assert (rule.id, rule.title, rule.category, rule.since) == ("bad-call", "a bad call", "error", "0.1.0")
    assert (rule.severity, rule.confidence, rule.status) == (Severity.ERROR, Confidence.HIGH, Status.STABLE)
    assert rule.rationale == "A bad call is bad."
    assert rule.block == {"call": "bad"}
    assert rule.citations == (
        Citation("bad calls are bad", path="Documentation/bad.rst"),
        Citation("so do others", url="https://example.org/bad"),
    )
    assert rule.applies_to == AppliesTo(("**/*.c",), ("drivers/staging/**",))
    assert rule.kernel == KernelRange((4, 15), (6, 10))
    assert (rule.aliases, rule.cwe, rule.report) == (("BAD_CALL",), "CWE-1", "introduced")
    assert rule.source == str(path)
    bad, good = rule.examples
    assert (is_bad(bad), is_bad(good)) == (True, False)
    assert good.files[0].post == bad.files[0].pre
    assert bad.lineno == 23 and good.lineno == 34


WRONG = [
    ({"severity: error": "severity: eror"}, ":4: severity: unknown value `eror`; did you mean `error`?"),
    ({"severity: error\n": "severty: error\n"}, ":4: severty: unknown key; did you mean `severity`?"),
    ({"confidence: high\n": ""}, ":1: the key `confidence` is missing"),
    ({"title: a bad call": f"title: {'x' * 73}"}, ":2: title: 73 characters are too many"),
    ({"title: a bad call": "title: 12"}, ":2: title: text was expected, here is the value `12`"),
    ({"id: bad-call": "id: Bad_Call"}, ":1: id: `Bad_Call` has not the right form"),
    ({"id: bad-call": "id: worse-call"}, ":1: id: the id `worse-call` is not the file's name"),
    ({"category: error": "category: errors"}, ":3: category: unknown value `errors`; did you mean `error`?"),
    ({"category: error": "category: order"}, ":3: category: the category `order` is not the folder `error`"),
    ({"since: 0.1.0": "since: 6.12-rc1"}, ":7: since: `6.12-rc1` has not the right form"),
    ({"cwe: CWE-1": "cwe: 775"}, ":8: cwe: text was expected, here is the value `775`"),
    ({"since: 4.15": "since: linus"}, ":17: kernel.since: `linus` is no kernel release"),
    ({"since: 4.15": "since: 6.12"}, ":17: kernel: `removed` is not after `since`"),
    ({"removed:": "until:"}, ":17: kernel.until: unknown key"),
    ({"path: Documentation/bad.rst\n": "paht: 3\n"}, ":13: citations[0].paht: unknown key; did you mean `path`?"),
    ({"- path: Documentation/bad.rst\n    says": "- says"}, ":13: citations[0]: a citation without a place"),
    ({"https://": "ftp://"}, ":15: citations[1].url: `ftp://example.org/bad` has not the right form"),
    ({"paths: [": "path: ["}, ":16: applies-to.path: unknown key; did you mean `paths`?"),
    ({'paths: ["**/*.c"]': "paths: drivers"}, ":16: applies-to.paths: a list was expected, here is `drivers`"),
    ({"silent:": "off:"}, ":18: profiles.off: unknown key"),
    ({"netdev: info": "netdev: none"}, ":18: profiles.severity.netdev: unknown value `none`"),
    ({"toy: {call: bad}": "toi: {call: bad}"}, ":20: toi: unknown key; did you mean `toy`?"),
    ({"toy: {call: bad}\n": ""}, ":19: engine: the block of the engine `toy` is missing"),
    ({"toy: {call: bad}": "toy: [bad]"}, ":20: toy: a mapping was expected, here is a list"),
    ({"name: a good call\n    ": ""}, ":34: examples[1]: the key `name` is missing"),
    ({"post: *clean": "pots: *clean"}, ":35: examples[1].pots: unknown key; did you mean `post`?"),
    ({"post: *clean": "context: hunk"}, ":34: examples[1]: nothing to look at"),
    ({"post: *clean": "mail: x\n    post: x"}, ":34: examples[1]: `post` and `mail` in one example"),
    ({"post: *clean": "mail: x\n    file: x"}, ":36: examples[1].file: `file` beside `mail`"),
    ({"post: *clean": "files: [{file: a.c}]"}, ":35: examples[1].files[0]: a file without an image"),
    ({"post: *clean": "post: *clean\n    context: some"}, ":36: examples[1].context: unknown value `some`"),
    ({"post: *clean": "post: *clean\n    target: x"}, ":36: examples[1].target: `x` is no kernel release"),
    ({"post: *clean": "post: *clean\n    date: May"}, ":36: examples[1].date: `May` has not the right form"),
    ({"//~ bad-call": "//~ bad-cal"}, ":23: examples[0]: line 3 of the text is marked `bad-cal`"),
    ({"//~ bad-call": "//~"}, ":23: examples[0]: line 3 of the text has a marker without an id"),
    ({"examples:\n": "examples: []\nhelps:\n"}, ":23: helps: unknown key; did you mean `help`?"),
]


@pytest.mark.parametrize(("changes", "said"), WRONG, ids=[said[:60] for _, said in WRONG])
def test_a_wrong_file(write: Write, changes: dict[str, str], said: str) -> None:
    path = write("error/bad-call.yaml", changes=changes)
    with pytest.raises(RuleError) as caught:
        read_rule(path)
    shown = caught.value.title.split("bad-call.yaml", 1)[1]
    assert shown.startswith(said)
    assert caught.value.exit_code == 4


def test_what_was_expected_is_said(write: Write) -> None:
    with pytest.raises(RuleError) as caught:
        read_rule(write("error/bad-call.yaml", changes={"severity: error": "severity: bad"}))
    assert caught.value.help == "expected one of info, warning, error"
    with pytest.raises(RuleError) as caught:
        read_rule(write("error/bad-call.yaml", changes={"since: 0.1.0": "since: new"}))
    assert caught.value.help == "expected the version of hunklint that brought the rule, such as 0.1.0"


def test_the_schema_agrees_with_the_loader(write: Write) -> None:
    validator = jsonschema.Draft202012Validator(rule_schema({"toy": {"type": "object", "required": ["call"]}}))
    jsonschema.Draft202012Validator.check_schema(validator.schema)
    assert list(validator.iter_errors(parse_document("x", RULE.encode()).data)) == []
    semantic = ("is not the", "marked", "marker", "no kernel release", "not after", "nothing to look", "in one example")
    for changes, said in WRONG:
        if any(part in said for part in semantic) or "beside" in said or "without" in said:
            continue
        text = RULE
        for old, new in changes.items():
            text = text.replace(old, new)
        assert list(validator.iter_errors(parse_document("x", text.encode()).data)), said


def test_markers() -> None:
    text = "a;  //~ x-y\nb; /*~ x-y */\nc\nd #~ x-y, x-y\ne;   //~ x-y"
    assert split_markers(text) == ("a;\nb;\nc\nd\ne; ", {1: 1, 2: 1, 4: 2, 5: 1})
    assert split_markers("x = ~y; // note\n") == ("x = ~y; // note\n", {})
    assert not is_bad(Example("x", mail="body #~b\n"[:4]))
