"""The record: counts replace counts, readings stay while they can be true, and the file keeps its head."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from linter.cli._record import count_findings, merge
from linter.cli.main import run
from linter.errors import UsageError
from linter.rulebook.document import read_document

HEAD = "# About.\n\ncorpora:\n  dev: {about: patches, digest: x}\n  none: {about: nothing, digest: none}\n"


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A rule folder with two rules and an empty record."""
    monkeypatch.setattr("linter.rulebook.load.rules_dir", lambda: str(tmp_path))
    monkeypatch.setattr("linter.cli.rule.rules_dir", lambda: str(tmp_path))
    (tmp_path / "data").mkdir()
    (tmp_path / "api").mkdir()
    for name in ("one", "two"):
        (tmp_path / "api" / f"{name}.yaml").write_text("")
    path = tmp_path / "data" / "record.yaml"
    path.write_text(HEAD + "\nrules: {}\n")
    return path


def report(tmp_path: Path, **counts: int) -> str:
    lines = [json.dumps({"type": "summary", "findings": {"error": 3}})]
    for rule, count in counts.items():
        lines += [json.dumps({"type": "finding", "rule": rule})] * count
    path = tmp_path / "report.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def rows(path: Path) -> Any:
    return read_document(path).data["rules"]


def test_counts_and_readings(record: Path, tmp_path: Path) -> None:
    arguments = ["rule", "record", report(tmp_path, one=12), "--corpus", "dev", "--date", "2026-01-02"]
    assert run([*arguments, "--read", "one=11/12", "--note", 'one=the "twelfth": a macro']) == 0
    assert record.read_text().startswith(HEAD + "\nrules:\n  one:\n    - {corpus: dev, findings: 12, read: 12, ")
    first = {"corpus": "dev", "findings": 12, "read": 12, "right": 11, "date": "2026-01-02"}
    silent = {"corpus": "dev", "findings": 0, "read": 0, "right": 0, "date": "2026-01-02"}
    assert rows(record) == {"one": [{**first, "note": 'the "twelfth": a macro'}], "two": [silent]}
    before = record.read_text()
    assert run(arguments) == 0
    assert record.read_text() == before


def test_a_reading_falls_with_its_findings(record: Path, tmp_path: Path) -> None:
    run(["rule", "record", report(tmp_path, one=12), "--corpus", "dev", "--read", "one=11/12"])
    run(["rule", "record", report(tmp_path, one=14), "--corpus", "dev"])
    assert [rows(record)["one"][0][key] for key in ("findings", "read", "right")] == [14, 12, 11]
    run(["rule", "record", report(tmp_path, one=5), "--corpus", "dev"])
    assert [rows(record)["one"][0][key] for key in ("findings", "read", "right")] == [5, 0, 0]


def test_a_note_without_a_measurement(record: Path) -> None:
    assert run(["rule", "record", "--corpus", "none", "--note", "two=follows from the C standard"]) == 0
    assert list(rows(record)) == ["two"]
    assert rows(record)["two"][0]["note"] == "follows from the C standard"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--corpus", "dve"], "no corpus is named `dve`"),
        (["--corpus", "dev", "--read", "on=1/2"], "`on=1/2` names no rule"),
        (["--corpus", "dev", "--read", "one=1"], "`1` is no reading"),
        (["--corpus", "dev", "--read", "one=x/y"], "`x/y` is no reading"),
    ],
)
def test_refused(record: Path, capsys: Any, arguments: list[str], said: str) -> None:
    before = record.read_text()
    assert run(["rule", "record", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert record.read_text() == before


def test_pairs(record: Path, tmp_path: Path) -> None:
    found = [
        ("one", "a.bad"),
        ("one", "a.bad"),
        ("one", "a.good"),
        ("one", "b.bad"),
        ("two", "b.bad"),
        ("two", "b.good"),
    ]
    lines = [json.dumps({"type": "finding", "rule": rule, "message_id": f"{name}@pairs"}) for rule, name in found]
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(lines))
    assert run(["rule", "record", str(path), "--pairs", "--corpus", "dev"]) == 0
    kept = {rule: [row[key] for key in ("findings", "read", "right")] for rule, (row,) in rows(record).items()}
    assert kept == {"one": [3, 3, 2], "two": [1, 1, 0]}


def test_more_right_than_read() -> None:
    with pytest.raises(UsageError, match="3 right of 2 read"):
        merge({}, "dev", {"one": 5}, {"one": (3, 2)}, {}, "2026-01-02")


def test_only_findings_are_counted() -> None:
    lines = ['{"type":"finding","rule":"a"}', '{"type":"skipped","reason":"\\"finding\\""}', '{"type":"summary"}', ""]
    assert count_findings(lines) == {"a": 1}
