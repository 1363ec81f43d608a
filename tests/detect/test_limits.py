"""Every bound on size says what it cuts: with the function, and in the report."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from linter.cli.main import run
from linter.detect import typestate_candidates, typestate_leak, typestate_walk
from linter.detect.model import Context
from linter.detect.registry import check_rule, engine_of
from linter.detect.typestate_leak import Judge
from linter.detect.typestate_owed import outcomes
from linter.detect.typestate_tables import knowledge
from linter.flow import build, expr, known, limits, solve
from linter.flow.limits import noted_limits
from linter.rulebook.load import load_rulebook
from linter.syntax.model import Unit
from tests.detect.units import make_unit, tables

LINTER = Path(limits.__file__).parents[1]
SMALL = """static int f(struct foo *foo, int a)
{
	char *p = kmalloc(8, GFP_KERNEL);
	char *q;
	int ret;

	if (!p)
		return -ENOMEM;
	q = kmalloc(8, GFP_KERNEL);
	if (!q) {
		kfree(p);
		return -ENOMEM;
	}
	while (foo_next(foo, a)) {
		if (foo_is_bad(foo))
			return -EIO;
		if (foo->b)
			return -EINVAL;
		a++;
	}
	kfree(q);
	kfree(p);
	return 0;
}
"""


def notes(text: str = SMALL) -> list[str]:
    """What is noted about a text when what it acquires is followed and judged."""
    unit, tables_known = make_unit(text), knowledge(tables())
    for function in unit.functions:
        for owed, outcome, cfg in outcomes(function, tables_known):
            Judge(cfg, tables_known, owed, outcome).leaks()
    return noted_limits(unit)


def test_nothing_is_noted_where_nothing_is_cut() -> None:
    assert notes() == []


@pytest.mark.parametrize(
    ("module", "bound", "value", "reason"),
    [
        (known, "MOST_BLOCKS", 3, limits.TOO_LARGE),
        (typestate_walk, "MOST_VISITS", 3, limits.TOO_MANY_PATHS),
        (typestate_candidates, "MOST_CALLS", 2, limits.TOO_MANY_CALLS),
        (typestate_candidates, "MOST_OBLIGATIONS", 1, limits.TOO_MANY_ACQUIRED),
        (typestate_leak, "_MOST_EXITS", 1, limits.TOO_MANY_EXITS),
        (solve, "MAX_VISITS", 0, limits.UNSETTLED),
        (build, "MAX_DEPTH", 2, limits.TOO_DEEP),
        (expr, "MAX_DEPTH", 1, limits.TOO_DEEP),
    ],
)
def test_each_bound_says_what_it_cuts(
    module: object, bound: str, value: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, bound, value)
    assert notes() == [f"f(): {reason}"]


def test_a_table_lock_taken_too_often_is_noted() -> None:
    body = "".join(f"\tmutex_lock(&foo->l{i});\n\twork(foo);\n\tmutex_unlock(&foo->l{i});\n" for i in range(70))
    unit = run_all(f"static void f(struct foo *foo)\n{{\n{body}}}\n")
    assert f"f(): {limits.TOO_MANY_STARTS}" in noted_limits(unit)


def run_all(text: str) -> Unit:
    """A unit after the engines `protocol` and `typestate` went over it."""
    book = load_rulebook(check=check_rule)
    unit = make_unit(text)
    for name in ("protocol", "typestate"):
        rules = [rule for rule in book.rules.values() if rule.engine == name]
        runner = engine_of(name).prepare(rules, book.tables)
        list(runner.run(unit, Context(book.tables), frozenset(rule.id for rule in rules)))
    return unit


def test_whoever_gives_up_on_a_fixpoint_says_so() -> None:
    silent = []
    for path in sorted(LINTER.rglob("*.py")):
        for found in re.finditer(r"except Unsettled:\n(.*\n){2}", path.read_text()):
            if "note_limit(" not in found[0]:
                silent.append(path.name)
    assert silent == []


def test_the_report_lists_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = SMALL.replace("a++;", "if (a) " * 100 + "a++;").split("\n")[:-1]
    patch = tmp_path / "deep.patch"
    patch.write_text(
        f"--- /dev/null\n+++ b/drivers/misc/foo.c\n@@ -0,0 +1,{len(lines)} @@\n"
        + "".join(f"+{line}\n" for line in lines)
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    run(["check", "--no-git", "--format", "jsonl", str(patch)])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (skip,) = [row for row in rows if row["type"] == "skipped"]
    assert (skip["path"], skip["stage"]) == ("drivers/misc/foo.c", "flow")
    assert skip["reason"] == f"f(): {limits.TOO_DEEP}"
    assert rows[-1]["skipped"] == 1
