"""`verify`, `explain`, `rules`, `rule`, `match`: what they print, and with which code they end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from linter.cli.main import run
from linter.rulebook.document import read_document
from linter.rulebook.load import find_rules, rules_dir

RULE = """\
id: toy-kmap
title: kmap() maps a page with a lock that all share
category: api
severity: warning
confidence: medium
status: preview
since: 0.1.0
cwe: CWE-667
aliases: [TOY_KMAP]
rationale: |
  kmap() takes a lock that all CPUs share, and may sleep until a slot is free.

  kmap_local_page() does neither.
citations:
  - {path: "Documentation/mm/highmem.rst", says: kmap() is deprecated}
  - {url: "https://example.org/kmap", says: it always was}
applies-to: {paths: ["**/*.c"], exclude: ["drivers/old/**"]}
kernel: {since: 5.11}
profiles: {silent: [staging], severity: {netdev: info}}
engine: match
match:
  pattern: toy_kmap($PAGE)
  not: {inside: {pattern: "toy_wrap(...)"}}
  message: "`$PAGE` is mapped with a lock"
help: Use toy_kmap_local_page(), and unmap in reverse order.
examples:
  - name: mapped
    pre: &clean |
      void *f(struct page *page)
      {
          return toy_kmap_local_page(page);
      }
    post: |
      void *f(struct page *page)
      {
          return toy_kmap(page);  //~ toy-kmap
      }
  - name: mapped | with a bar
    context: hunk
    target: 6.1
    post: |
      void *g(struct page *page)
      {
          return toy_kmap(page);  //~ toy-kmap
      }
  - name: wrapped
    post: |
      void *f(struct page *page)
      {
          return toy_wrap(toy_kmap(page));
      }
  - name: an old driver
    file: drivers/old/a.c
    post: |
      void *f(struct page *page)
      {
          return toy_kmap(page);
      }
  - name: an old kernel
    target: 5.10
    post: |
      void *f(struct page *page)
      {
          return toy_kmap(page);
      }
  - name: mapped locally
    post: *clean
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A rule folder with the rule above in it, beside a rulebook of two tables and no rule."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    bundled = tmp_path / "bundled"
    (bundled / "data").mkdir(parents=True)
    for table in ("kernels", "profiles"):
        shutil.copy(Path(rules_dir(), "data", f"{table}.yaml"), bundled / "data")
    monkeypatch.setattr("linter.rulebook.load.rules_dir", lambda: str(bundled))
    folder = tmp_path / "own"
    (folder / "api").mkdir(parents=True)
    (folder / "api" / "toy-kmap.yaml").write_text(RULE)
    return folder


def change(own: Path, old: str, new: str) -> None:
    assert old in RULE
    (own / "api" / "toy-kmap.yaml").write_text(RULE.replace(old, new))


def test_verify(own: Path, capsys: Any) -> None:
    assert run(["verify", "toy-kmap", "--rules", str(own)]) == 0
    out = capsys.readouterr().out
    assert " reported  toy-kmap: mapped\n" in out and "validated  toy-kmap: wrapped\n" in out
    assert out.endswith("1 rules, 6 examples: 4 validated, 2 reported, 0 noisy, 0 missing\n")


def test_verify_fails(own: Path, capsys: Any) -> None:
    change(own, '  not: {inside: {pattern: "toy_wrap(...)"}}\n', "")
    assert run(["verify", "TOY_KMAP", "--rules", str(own), "--quiet"]) == 1
    out = capsys.readouterr().out
    assert "    noisy  toy-kmap: wrapped" in out and "toy-kmap.yaml:" in out
    assert "finding at drivers/misc/example.c:3: return toy_wrap(toy_kmap(page));\n" in out
    assert "medium confidence: `page` is mapped with a lock\n" in out
    assert "toy-kmap: mapped\n" not in out


def test_verify_missing(own: Path, capsys: Any) -> None:
    change(own, "pattern: toy_kmap($PAGE)", "pattern: toy_map($PAGE)")
    assert run(["verify", "toy-kmap", "--rules", str(own)]) == 1
    out = capsys.readouterr().out
    assert "  missing  toy-kmap: mapped" in out
    assert "no finding at drivers/misc/example.c:3: return toy_kmap(page);\n" in out


def test_mutate(own: Path, capsys: Any) -> None:
    assert run(["verify", "toy-kmap", "--rules", str(own), "--mutate"]) == 0
    assert ", 0 survived\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("lost", "part"),
    [
        ("          return toy_wrap(toy_kmap(page));", "match.not"),
        ("    file: drivers/old/a.c\n", "applies-to.exclude[0]"),
        ("    target: 5.10\n", "kernel.since"),
    ],
)
def test_a_part_that_no_example_needs_survives(own: Path, capsys: Any, lost: str, part: str) -> None:
    text = RULE
    if "toy_wrap" in lost:
        text = text.replace(lost, "          return NULL;")
    else:
        text = text.replace(lost, "").replace("an old", "another")
        index = text.index("- name: another driver" if "drivers" in lost else "- name: another kernel")
        text = text[:index] + text[index:].replace("return toy_kmap(page);", "return NULL;", 1)
    (own / "api" / "toy-kmap.yaml").write_text(text)
    assert run(["verify", "toy-kmap", "--rules", str(own), "--mutate"]) == 1
    assert f" survives  toy-kmap: without `{part}` all examples still pass" in capsys.readouterr().out


def test_what_other_rules_say(own: Path, capsys: Any) -> None:
    assert run(["verify", "toy-kmap", "--rules", str(own), "--others"]) == 0
    assert "twice" not in capsys.readouterr().out
    other = RULE.replace("toy-kmap", "toy-other").replace("TOY_KMAP", "TOY_OTHER")
    (own / "api" / "toy-other.yaml").write_text(other.replace('  not: {inside: {pattern: "toy_wrap(...)"}}\n', ""))
    assert run(["verify", "toy-kmap", "--rules", str(own), "--others", "-q"]) == 0
    out = capsys.readouterr().out
    assert "    twice  toy-kmap: mapped: return toy_kmap(page);\n           warning[toy-other] `page` is" in out
    assert "    other  toy-kmap: wrapped: return toy_wrap(toy_kmap(page));\n           warning[toy-other]" in out
    (own / "api" / "toy-kmap.yaml").write_text(RULE.replace("cwe:", "supersedes: [toy-other]\ncwe:"))
    assert run(["verify", "toy-kmap", "--rules", str(own), "--others", "-q"]) == 0
    out = capsys.readouterr().out
    assert "twice" not in out and "    other  toy-kmap: wrapped: " in out


def test_verify_a_bad_file(own: Path, capsys: Any) -> None:
    change(own, "severity: warning", "severity: warn")
    assert run(["verify", "toy-kmap", "--rules", str(own)]) == 4
    err = capsys.readouterr().err
    assert "toy-kmap.yaml:4: severity: unknown value `warn`; did you mean `warning`?" in err
    assert "help: expected one of info, warning, error" in err


def test_an_engines_own_error_names_the_line(own: Path, capsys: Any) -> None:
    change(own, "  message: ", "  mesage: ")
    assert run(["verify", "toy-kmap", "--rules", str(own)]) == 4
    assert "toy-kmap.yaml:2" in capsys.readouterr().err


def test_unknown_rule(own: Path, capsys: Any) -> None:
    assert run(["explain", "toy-kmp", "--rules", str(own)]) == 2
    err = capsys.readouterr().err
    assert "no rule is named `toy-kmp`" in err and "did you mean `toy-kmap`?" in err


def test_explain(own: Path, capsys: Any) -> None:
    assert run(["explain", "TOY_KMAP", "--rules", str(own)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("toy-kmap: kmap() maps a page with a lock that all share\n")
    for part in (
        "severity warning, confidence medium, status preview, category api, engine match, since 0.1.0, CWE-667\n",
        "also known as TOY_KMAP\n",
        "  kmap() takes a lock that all CPUs share, and may sleep until a slot is free.\n\n  kmap_local_page()",
        "What to do\n  Use toy_kmap_local_page(), and unmap in reverse order.\n",
        "  not in: drivers/old/**\n",
        "  kernels from 5.11\n",
        "  silent in: staging\n",
        "  severity info in netdev\n",
        "  Documentation/mm/highmem.rst (kernel tree): kmap() is deprecated\n",
        "  https://example.org/kmap: it always was\n",
        "Bad: mapped\n",
        "  -    return toy_kmap_local_page(page);\n  +    return toy_kmap(page);    <-- toy-kmap\n",
        "  (target 6.1, as three lines of context show it)\n",
        "Good: mapped locally\n",
    ):
        assert part in out, part
    assert "\x1b" not in out


def test_explain_in_colour_and_without_escapes_of_the_rule(own: Path, capsys: Any) -> None:
    change(own, "help: Use toy_kmap_local_page(), and", 'help: "Use \\e[31m, and"\n#')
    assert run(["explain", "toy-kmap", "--rules", str(own), "--color", "always"]) == 0
    out = capsys.readouterr().out
    assert "\x1b[1m" in out and "\x1b[31m, and" not in out and "␛[31m, and" in out


def test_list(own: Path, capsys: Any) -> None:
    assert run(["rules", "--rules", str(own), "toy-kmap"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:6] == ["rule", "category", "status", "severity", "confidence", "engine"]
    assert lines[1].split()[:6] == ["toy-kmap", "api", "preview", "warning", "medium", "match"]
    assert lines[2] == "1 rules, 0 stable"
    assert run(["rules", "--rules", str(own), "--category", "api", "--status", "stable"]) == 0
    assert "toy-kmap" not in capsys.readouterr().out


def test_list_as_json(own: Path, capsys: Any) -> None:
    assert run(["rules", "--rules", str(own), "--json", "toy-kmap"]) == 0
    (data,) = json.loads(capsys.readouterr().out)
    assert data["id"] == "toy-kmap" and data["aliases"] == ["TOY_KMAP"]
    assert data["kernel"] == {"since": "5.11", "removed": None}
    assert data["citations"][1] == {"url": "https://example.org/kmap", "path": None, "says": "it always was"}


def test_markdown(own: Path, capsys: Any) -> None:
    assert run(["rules", "--rules", str(own), "--markdown"]) == 0
    out = capsys.readouterr().out
    row = "| [toy-kmap](#toy-kmap) | kmap() maps a page with a lock that all share | warning | medium | preview |\n"
    assert row in out
    assert "| `since` | required | the version of hunklint that brought the rule, such as 0.1.0 |\n" in out
    assert "| `kernel: since` | | first kernel in which the rule holds, such as 6.4 |\n" in out
    section = out[out.index("\n### toy-kmap\n") :]
    for part in (
        "- not in: drivers/old/\\*\\*\n",
        "<https://example.org/kmap>: it always was\n",
        "/tree/Documentation/mm/highmem.rst): kmap() is deprecated\n",
        "Bad: mapped | with a bar (target 6.1, seen with three lines of context)\n\n```diff\n--- /dev/null\n",
        "+    return toy_kmap(page);    <-- toy-kmap\n",
    ):
        assert part in section, part


def test_write(own: Path, capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = tmp_path / "bundled"
    monkeypatch.setattr("linter.cli.rules.rules_dir", lambda: str(bundled))
    assert run(["rules", "--write"]) == 0
    assert capsys.readouterr().out.count("is written anew") == 3
    assert (bundled / "README.md").read_text() == _generated(["rules", "--markdown"], capsys)
    assert (bundled / "data" / "README.md").read_text() == _generated(["rules", "--markdown", "--tables"], capsys)
    assert (bundled / "schema.json").read_text() == _generated(["rule", "schema"], capsys)
    (bundled / "schema.json").write_text("{}")
    assert run(["rules", "--write"]) == 0
    assert capsys.readouterr().out.count("is written anew") == 1


def test_tables_in_markdown(own: Path, capsys: Any) -> None:
    (own / "data").mkdir()
    (own / "data" / "toys.yaml").write_text(
        "# Toys | that\n# rules share.\nsource: a shop\nwords: [a, b]\n"
        "rows: [{old: x_y, new: [y, z]}, {old: q, ok: true}]\n"
    )
    assert run(["rules", "--rules", str(own), "--markdown", "--tables"]) == 0
    out = capsys.readouterr().out
    section = out[out.index("\n## toys\n") :]
    assert "Toys | that\nrules share.\n" in section
    assert "**source**: a shop\n" in section
    assert "### words (2)\n\n`a`, `b`\n" in section
    assert "| old | new | ok |\n|---|---|---|\n| x_y | y, z |  |\n| q |  | yes |\n" in section


def test_new(own: Path, capsys: Any) -> None:
    assert run(["rule", "new", "fresh-one", "--category", "null", "--rules", str(own)]) == 0
    path = own / "null" / "fresh-one.yaml"
    assert path in find_rules([own])
    assert read_document(path).data["category"] == "null"
    capsys.readouterr()
    assert run(["verify", "fresh-one", "--rules", str(own)]) == 1
    assert "2 missing" in capsys.readouterr().out
    assert run(["rule", "new", "fresh-one", "--category", "api", "--rules", str(own)]) == 2
    assert "the id `fresh-one` is taken" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Bad_Id", "--category", "api"], "`Bad_Id` is no rule id"),
        (["good-id", "--category", "api", "--engine", "mtach"], "did you mean `match`?"),
        (["good-id", "--category", "apis"], "Invalid value for '--category'"),
    ],
)
def test_new_refuses(own: Path, capsys: Any, arguments: list[str], said: str) -> None:
    assert run(["rule", "new", *arguments, "--rules", str(own)]) == 2
    assert said in capsys.readouterr().err
    assert sorted(path.name for path in own.rglob("*.yaml")) == ["toy-kmap.yaml"]


def test_schema(capsys: Any) -> None:
    assert run(["rule", "schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in find_rules():
        assert [error.message for error in validator.iter_errors(read_document(path).data)] == [], path


C = b"void *f(struct page *page, int n)\n{\n\tvoid *p = toy_kmap(page);\n\treturn n ? p : toy_kmap(NULL);\n}\n"


def test_match_in_a_file(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "a.c").write_bytes(C)
    assert run(["match", "-p", "toy_kmap($X)", str(tmp_path / "a.c")]) == 0
    out = capsys.readouterr().out
    assert "a.c:3:12: toy_kmap(page)\n    $X = page\n" in out
    assert "a.c:4:17: toy_kmap(NULL)\n    $X = NULL\n" in out
    assert out.endswith("2 matches in 1 image\n")


def test_match_in_a_patch(tmp_path: Path, capsys: Any) -> None:
    lines = C.split(b"\n")[:-1]
    diff = b"--- a/d/a.c\n+++ b/d/a.c\n@@ -1,4 +1,5 @@\n" + b"".join(
        (b"+" if number == 2 else b" ") + line + b"\n" for number, line in enumerate(lines)
    )
    (tmp_path / "x.patch").write_bytes(diff)
    assert run(["match", "-p", "toy_kmap($X)", str(tmp_path / "x.patch")]) == 0
    assert "d/a.c:3:12 +: toy_kmap(page)\n" in capsys.readouterr().out
    assert run(["match", "-p", "toy_kmap($X)", "--side", "pre", str(tmp_path / "x.patch")]) == 0
    assert capsys.readouterr().out.count("toy_kmap(page)") == 0


def test_match_says_where_it_stopped(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "a.c").write_bytes(C)
    assert run(["match", "-p", "toy_kmap($X, 1)", str(tmp_path / "a.c")]) == 1
    out = capsys.readouterr().out
    assert "read as expression:\n    call_expression\n        toy_kmap\n" in out
    assert "nearest:\n" in out and "a.c:3:12: toy_kmap(page)\n    stopped at column " in out
    assert run(["match", "-p", "no_such_call($X)", str(tmp_path / "a.c")]) == 1
    assert "not there: `no_such_call`\n" in capsys.readouterr().out


def test_match_refuses(tmp_path: Path, capsys: Any) -> None:
    assert run(["match", "-p", "f(", str(tmp_path / "a.c")]) == 2
    assert "the pattern cannot be read" in capsys.readouterr().err
    assert run(["match", "-p", "f($X)", str(tmp_path / "missing.c")]) == 3
    assert "missing.c: cannot be read" in capsys.readouterr().err


def _generated(arguments: list[str], capsys: Any) -> str:
    assert run(arguments) == 0
    out: str = capsys.readouterr().out
    return out


@pytest.mark.parametrize(
    ("place", "arguments"),
    [
        ("README.md", ["rules", "--markdown"]),
        ("data/README.md", ["rules", "--markdown", "--tables"]),
        ("schema.json", ["rule", "schema"]),
    ],
)
def test_the_committed_reference_is_fresh(place: str, arguments: list[str], capsys: Any) -> None:
    committed = Path(rules_dir(), place).read_text("utf-8")
    fresh = _generated(arguments, capsys)
    assert committed == fresh, "stale: run `hunklint rules --write`"
