"""The commands as a person types them, with the real review: audit run, report, query, schema, and backtest."""

from __future__ import annotations

import json
import lzma
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from linter.cli.main import run
from tests.audit.archive import mail, many, patch_body, write_mbox
from tests.audit.driver import dump
from tests.audit.test_run import ask
from tests.audit.test_sources import git

RULE = """
id: tick-hack
title: tick_hack() is called
category: api
severity: warning
confidence: high
status: preview
since: 0.1.0
rationale: |
  The function does not exist outside the tests of this project, where it stands for one that must not be called.
citations:
  - path: Documentation/process/coding-style.rst
    says: nothing of this function
engine: text
text:
  added: '(tick_hack)\\('
  message: "`$1()` is called"
help: Do not call it.
examples:
  - name: called
    post: |
      int probe(void) { return tick_hack(); }  //~ tick-hack
  - name: called twice
    post: |
      int probe(void) { return tick_hack(); }  //~ tick-hack
  - name: not called
    post: |
      int probe(void) { return tick_fine(); }
  - name: another that sounds like it
    post: |
      int probe(void) { return tick_hacked(); }
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder with one rule of our own."""
    (tmp_path / "rules" / "api").mkdir(parents=True)
    (tmp_path / "rules" / "api" / "tick-hack.yaml").write_text(RULE)
    return tmp_path / "rules"


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """An archive with calls that the rule is about: one that goes away in v2, and one that stays."""
    gone, stays = ["\ttick_hack(1);"], ["\ttick_hack(2);"]
    return write_mbox(tmp_path / "linux-tick.mbox", [
        mail("a", "[PATCH] tick: call it here", patch_body("kernel/a.c", gone)),
        mail("b", "[PATCH v2] tick: call it here", patch_body("kernel/a.c", ["\ttick_fine(1);"]), day=3),
        mail("c", "[PATCH] tick: call it there", patch_body("kernel/c.c", stays)),
        mail("d", "[PATCH v2] tick: call it there", patch_body("kernel/c.c", stays), day=3),
        mail("e", "Re: weather", "It rains.\n"),
    ])  # fmt: skip


def audit(db: Path, rules: Path, *more: str) -> int:
    """`hunklint audit run` with our rule alone."""
    options = ("--db", str(db), "-q", "--rules", str(rules), "--rule", "tick-hack", "--no-config", "--jobs", "1")
    return run(["audit", "run", *more, *options])


def test_an_archive_from_end_to_end(tmp_path: Path, box: Path, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = tmp_path / "a.sqlite"
    assert audit(db, rules, str(box)) == 0
    assert capsys.readouterr() == ("", "")
    found = ask(db, "SELECT rule, path, version, fate FROM judged_findings ORDER BY patch")
    assert found == [
        ("tick-hack", "kernel/a.c", 1, "fixed"),
        ("tick-hack", "kernel/c.c", 1, "persists"),
        ("tick-hack", "kernel/c.c", 2, "last"),
    ]
    assert run(["audit", "report", str(db)]) == 0
    assert re.search(r"tick-hack +3 +1 +1 +0", capsys.readouterr().out)
    assert run(["audit", "query", str(db), "SELECT count(*) AS n FROM messages", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"n": 5}
    assert run(["audit", "query", str(db), "SELECT path FROM vanished"]) == 0
    assert capsys.readouterr().out == "path\nkernel/a.c\n"
    assert run(["audit", "report", str(db), "--html", str(tmp_path / "a.html"), "--csv", str(tmp_path / "a.csv")]) == 0
    assert "tick_hack" in (tmp_path / "a.html").read_text() and "tick-hack" in (tmp_path / "a.csv").read_text()


def test_a_run_says_what_it_counted(tmp_path: Path, box: Path, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--rules", str(rules), "--rule", "tick-hack", "--no-config", "--jobs", "1")
    assert run(["audit", "run", str(box), "--db", str(tmp_path / "a.sqlite"), *options]) == 0
    assert (
        "5 messages (0 copies, 0 reviews that quote a patch, 0 skipped), 4 patches in 4 series of 2 works, 3 findings"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["audit", "run", "missing", "--db", "x.sqlite"], 3, "cannot read"),
        (["audit", "run", "missing"], 2, "--db"),
        (["audit", "report", "missing.sqlite"], 3, "no database"),
        (["audit", "query", "missing.sqlite", "SELECT 1"], 3, "no database"),
        (["backtest", "fd-leak"], 2, "missing"),
        (["audit", "run", "x", "--db", "x.sqlite", "--dask", "local:x"], 3, "cannot read"),
    ],
)
def test_mistakes_are_told(
    words: list[str], code: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert run(words) == code
    assert says in capsys.readouterr().err
    assert not Path("x.sqlite").exists(), "a run that cannot begin leaves nothing behind"


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "schema"]) == 0
    assert "CREATE TABLE findings" in capsys.readouterr().out


def test_an_edited_rule_is_judged_again(tmp_path: Path, box: Path, rules: Path) -> None:
    db = tmp_path / "a.sqlite"
    audit(db, rules, str(box))
    file = rules / "api" / "tick-hack.yaml"
    file.write_text(RULE.replace("(tick_hack)\\(", "(tick_hack)\\(1").replace("tick_hack();", "tick_hack(1);"))
    assert audit(db, rules, str(box)) == 0
    assert ask(db, "SELECT path FROM judged_findings") == [("kernel/a.c",)]
    assert ask(db, "SELECT count(*) FROM rulebooks") == [(2,)]


def test_packed_archives_are_judged_again_too(tmp_path: Path, box: Path, rules: Path) -> None:
    packed = tmp_path / "linux-tick.mbox.xz"
    packed.write_bytes(lzma.compress(box.read_bytes()))
    db = tmp_path / "a.sqlite"
    audit(db, rules, str(packed))
    file = rules / "api" / "tick-hack.yaml"
    file.write_text(RULE.replace('is called"', 'is called, alas"'))
    assert audit(db, rules, str(packed)) == 0
    assert {row[0] for row in ask(db, "SELECT message FROM judged_findings")} == {"`tick_hack()` is called, alas"}


def test_backtest_of_a_rule_that_the_audit_did_not_run(
    tmp_path: Path, box: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = tmp_path / "a.sqlite"
    assert run(["audit", "run", str(box), "--db", str(db), "-q", "--no-config", "--jobs", "1"]) == 0
    before = dump(db)
    words = ["backtest", str(rules / "api" / "tick-hack.yaml"), str(db), "--no-config", "--jobs", "1", "--sample", "2"]
    assert run(words) == 0
    out = capsys.readouterr().out
    assert "tick-hack: 3 findings in 4 patches of linux-tick" in out
    assert "next version: 1 fixed, 1 persists, 0 dropped, 1 last" in out
    assert out.count("tick: call it") == 2
    (row,) = yaml.safe_load(out[out.index("tick-hack:\n") :])["tick-hack"]
    assert (row["corpus"], row["findings"], row["fixed"], row["read"]) == ("linux-tick", 3, 1, 0)
    assert dump(db) == before, "the database is only read"


RECORD = """# about this file

corpora:
  linux-tick: {about: the archive of this test, digest: none}
  other: {about: another, digest: none}

rules:
  another:
    - {corpus: other, findings: 2, read: 2, right: 1, date: 2026-01-01, note: "why"}
  tick-hack:
    - {corpus: linux-tick, findings: 9, read: 3, right: 2, date: 2026-01-01, note: "one is odd"}
    - {corpus: other, findings: 4, read: 0, right: 0, date: 2026-01-01}
"""


def test_backtest_uses_what_the_audit_recorded_and_writes_one_row(
    tmp_path: Path, box: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = tmp_path / "a.sqlite"
    audit(db, rules, str(box))
    box.unlink()  # nothing to judge again with
    record = tmp_path / "record.yaml"
    record.write_text(RECORD)
    words = ["backtest", "tick-hack", str(db), "--rules", str(rules), "--no-config", "--record", str(record)]
    assert run(words) == 0
    assert "3 findings in 4 patches" in capsys.readouterr().out
    before, after = RECORD.splitlines(), record.read_text().splitlines()
    assert [line for line in after if line not in before] == [line for line in after if "corpus: linux-tick" in line]
    (row,) = (row for row in yaml.safe_load(record.read_text())["rules"]["tick-hack"] if row["corpus"] == "linux-tick")
    assert (row["findings"], row["persists"], row["patches"]) == (3, 1, 4)
    assert (row["read"], row["right"], row["note"]) == (3, 2, "one is odd"), "what a reader found is kept"


def test_a_corpus_that_the_record_does_not_describe_is_refused(
    tmp_path: Path, box: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db, record = tmp_path / "a.sqlite", tmp_path / "record.yaml"
    audit(db, rules, str(box))
    record.write_text(RECORD)
    words = ["backtest", "tick-hack", str(db), "--rules", str(rules), "--no-config", "--record", str(record)]
    assert run([*words, "--corpus", "unheard-of"]) == 2
    assert "knows no corpus `unheard-of`" in capsys.readouterr().err
    assert record.read_text() == RECORD


def test_an_interrupt_says_how_to_go_on(tmp_path: Path) -> None:
    box = write_mbox(tmp_path / "box", many(4000))
    db = tmp_path / "a.sqlite"
    command = [sys.executable, "-m", "linter.cli.main", "audit", "run", str(box), "--db", str(db), "--jobs", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    while process.poll() is None and not db.with_name("a.sqlite-wal").exists():
        time.sleep(0.01)
    time.sleep(1.0)
    os.kill(process.pid, signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert re.search(r"stopped, all kept: \d+ messages read, \d+ patches judged, \d+ findings\n", said)
    assert "the same command goes on from here" in said and "series" not in said


def test_commits_of_a_history_are_judged_with_their_whole_files(tmp_path: Path) -> None:
    """The defect shows only where the head of the function is known, far above the changed line."""
    repo = tmp_path / "repo"
    (repo / "drivers").mkdir(parents=True)
    filler = "".join(f"\tstep({number});\n" for number in range(30))
    before = f"int probe(void)\n{{\n\tstruct ops *p = kmalloc(sizeof(*p), GFP_KERNEL);\n\n{filler}\treturn 0;\n}}\n"
    after = before.replace("\treturn 0;", "\tp->count = 1;\n\treturn 0;")
    git(repo, "init", "-q", "-b", "master", ".")
    for text in (before, after):
        (repo / "drivers" / "a.c").write_text(text)
        git(repo, "add", ".")
        git(repo, "commit", "-q", "-m", "drivers: do a thing")
    found = {}
    for name, more in (("whole", ()), ("patch", ("--no-git",))):
        db = tmp_path / f"{name}.sqlite"
        words = ["audit", "run", str(repo), "--git-range", "HEAD~1..HEAD", "--db", str(db), "-q", "--no-config", "-j1"]
        assert run([*words, "--rule", "unchecked-allocation", *more]) == 0
        found[name] = ask(db, "SELECT rule, line FROM judged_findings")
    assert found == {"whole": [("unchecked-allocation", 35)], "patch": []}
