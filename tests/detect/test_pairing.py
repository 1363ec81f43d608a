"""Which calls undo each other, as the error paths of a tree tell."""

from __future__ import annotations

from pathlib import Path

import yaml
from click.testing import CliRunner

from linter.cli.harvest import command
from linter.detect.pairing import lines, pair, pairs_yaml
from linter.detect.registry import check_rule
from linter.rulebook.load import load_rulebook

TABLES = load_rulebook(check=check_rule).tables


def told(tmp_path: Path, *bodies: str) -> list[str]:
    """The lines of the table that functions with these bodies make, each in a file of its own."""
    for number, body in enumerate(bodies):
        (tmp_path / f"f{number}.c").write_text(f"static int f{number}(struct foo *foo, int a)\n{{\n{body}\n}}\n")
    return lines(pair(map(str, sorted(tmp_path.glob("*.c"))), TABLES), TABLES)


BY_LABEL = """\
	ret = {first};
	if (ret)
		return ret;
	if (a)
		goto err;
	return 0;
err:
	{last};
	return ret;"""


def test_two_files_make_a_pair(tmp_path: Path) -> None:
    body = BY_LABEL.format(first="spool_attach_ring(foo, a)", last="spool_detach_ring(foo)")
    assert told(tmp_path, body) == [], "one file may be a coincidence"
    assert told(tmp_path, body, body) == ["spool_attach_ring 0 spool_detach_ring"]


def test_a_second_function_makes_a_pair(tmp_path: Path) -> None:
    body = BY_LABEL.format(first="spool_attach_ring(foo, a)", last="spool_detach_ring(foo)")
    other = "}\n\nstatic void g(struct foo *foo)\n{\n\tspool_detach_ring(foo);"
    assert told(tmp_path, body + "\n" + other) == ["spool_attach_ring 0 spool_detach_ring"]


def test_where_the_handle_is(tmp_path: Path) -> None:
    for first, last, handle in (
        ("p = spool_alloc_ring(a)", "spool_free_ring(p)", "return"),
        ("ret = spool_alloc_ring(a, foo)", "spool_free_ring(foo)", "1"),
        ("ret = spool_alloc_ring(a, &ring)", "spool_free_ring(ring)", "out-1"),
        ("ret = spool_alloc_ring()", "spool_free_ring()", "none"),
    ):
        body = BY_LABEL.format(first=first, last=last).replace("if (ret)", "if (!p)" if "p =" in first else "if (ret)")
        assert told(tmp_path, body, body) == [f"spool_alloc_ring {handle} spool_free_ring"]


def test_what_makes_no_pair(tmp_path: Path) -> None:
    for first, last in (
        ("ret = spool_alloc_ring(a)", "spool_free_ring(foo)"),  # not the same thing
        ("ret = spool_alloc_ring(foo)", "spool_free_queue(foo)"),  # names of different things
        ("ret = spool_ring_lock(foo)", "spool_ring_unlock(foo)"),  # locks have a table
        ("ret = spool_get_rate(foo)", "spool_put_rate(foo)"),  # a value
        ("ret = devm_spool_alloc_ring(foo)", "devm_spool_free_ring(foo)"),  # managed
    ):
        body = BY_LABEL.format(first=first, last=last)
        assert told(tmp_path, body, body) == [], (first, last)


def test_a_branch_that_leaves_with_an_error_counts_and_success_does_not(tmp_path: Path) -> None:
    body = "\tspool_start_ring(foo);\n\tif (a) {{\n\t\tspool_stop_ring(foo);\n\t\treturn {value};\n\t}}\n\treturn 0;"
    assert told(tmp_path, *[body.format(value="-EIO")] * 2) == ["spool_start_ring 0 spool_stop_ring"]
    assert told(tmp_path, *[body.format(value="0")] * 2) == []


def test_the_command_writes_the_table(tmp_path: Path) -> None:
    body = BY_LABEL.format(first="spool_attach_ring(foo, a)", last="spool_detach_ring(foo)")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 12\n")
    told(tree, body, body)
    result = CliRunner().invoke(command, ["--pairs", "-j", "1", str(tree)])
    assert result.exit_code == 0, result.output
    table = yaml.safe_load(result.stdout)
    assert table == {"source": "error paths in Linux 6.12", "pairs": "spool_attach_ring 0 spool_detach_ring"}


def test_the_table_in_the_rulebook_is_as_the_command_writes_it() -> None:
    table = TABLES["pairs"]
    text = Path("rules/data/pairs.yaml").read_text("utf-8")
    assert text == pairs_yaml(table["pairs"].split("\n"), table["source"])
