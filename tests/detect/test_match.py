"""The match engine: pattern text, structural matching, names from tables, conditions."""

from __future__ import annotations

from typing import Any

import pytest

from linter.detect.match import ENGINE
from linter.detect.match_changed import changed_text
from linter.detect.match_drivers import find_pattern
from linter.detect.match_pattern import PatternError, compile_pattern
from linter.detect.match_where import text_of
from linter.detect.model import Context, Finding
from linter.patch.model import Image, Line, LineKind, Side
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Confidence, Rule, Severity, Status, Tables
from linter.syntax.model import Unit
from linter.syntax.parse import parse_image

TABLES: dict[str, Any] = {
    "old": {
        "calls": {
            "kmap": {"new": "kmap_local_page()", "since": "5.11"},
            "gone_call": {"new": "here_call()", "removed": "6.8"},
            "always": "better",
            "spared": {"new": "x", "except": ["lib/**"]},
        }
    },
    "vendors": {"words": ["intel", "nvidia"]},
}


def unit_of(text: str, path: str = "drivers/misc/a.c") -> Unit:
    lines = text.encode().split(b"\n")
    origin = tuple(Line(LineKind.ADDED, line, None, n, n) for n, line in enumerate(lines, 1))
    image = Image(
        path, Side.POST, "\n".join([*text.split("\n"), ""]).encode(), origin, tuple(range(1, len(lines) + 1)), True
    )
    return parse_image(image)


def inside(body: str) -> Unit:
    return unit_of("int f(struct page *p, int n)\n{\n" + body + "\n}")


def matches(pattern: str, body: str) -> list[dict[str, str]]:
    found = find_pattern(inside(body), compile_pattern(pattern))
    return [{name: text_of(value) for name, value in env.items()} for _, env in found]


def run(block: dict[str, Any], unit: Unit, kernel: tuple[int, int] | None = None, **context: Any) -> list[Finding]:
    rule = Rule(
        "a-rule", "t", "api", Severity.WARNING, Confidence.HIGH, Status.STABLE, "0.1.0", "r", "Help.",
        "match", block,
    )  # fmt: skip
    tables = Tables(TABLES)
    triggers = ENGINE.check(rule, tables)
    if triggers is not None and not {name.encode() for name in triggers} & unit.identifiers:
        return []
    runner = ENGINE.prepare([rule], tables)
    return list(runner.run(unit, Context(tables, kernel=kernel, **context), frozenset({"a-rule"})))


@pytest.mark.parametrize(
    ("pattern", "body", "bound"),
    [
        ("kmap($X)", "kmap(p);", [{"X": "p"}]),
        ("kmap($X)", "kmap(p, n);", []),
        ("kmap($X, ...)", "kmap(p); kmap(p, n, 1);", [{"X": "p"}, {"X": "p"}]),
        ("kmap(..., $X)", "kmap(n, p);", [{"X": "p"}]),
        ("kmap(...)", "kmap();", [{}]),
        ("f($A, ..., $B)", "f(1, 2, 3);", [{"A": "1", "B": "3"}]),
        ("f($...ALL)", "f(1, n + 2);", [{"ALL": "1, n + 2"}]),
        ("$P = krealloc($P, ...)", "p = krealloc(p, n); q = krealloc(p, n);", [{"P": "p"}]),
        ("$P->a = krealloc($P->a, ...)", "x->y.a = krealloc( x->y . a, n);", []),
        ("$P = krealloc($Q, ...)", "char *p = krealloc(q, n);", [{"P": "p", "Q": "q"}]),
        ("a * b", "return (a) * ((b));", [{}]),
        ("f($X)", "f(/* why */ n);", [{"X": "n"}]),
        ('printk("...", $X)', 'printk("a" "b", n);', [{"X": "n"}]),
        ("if ($C) return $R;", "if (f(n)) { return 1; }", [{"C": "f(n)", "R": "1"}]),
        ("if ($C) { return $R; }", "if (n) return 1;", [{"C": "n", "R": "1"}]),
        ("f($X); ... g($X);", "f(a); n++; g(a); g(b);", [{"X": "a"}]),
        ("f($X); ... g($X);", "f(a); g(b);", []),
        ("f($_, $_)", "f(1, 2);", [{}]),
        ("f($X, $X)", "f(a->b, a -> b);", [{"X": "a->b"}]),
        ("sizeof(struct $S)", "g(sizeof(struct foo));", [{"S": "foo"}]),
        ("return -ENOSYS;", "if (n) return -ENOSYS;", [{}]),
        ("f($X)", '/* f(1) */ g("f(2)");', []),
    ],
)
def test_pattern_matches_code(pattern: str, body: str, bound: list[dict[str, str]]) -> None:
    assert matches(pattern, body) == bound


@pytest.mark.parametrize("pattern", ["f(", "", "...", "x" * 3000])
def test_bad_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(pattern)


def test_damaged_code_is_not_matched() -> None:
    assert list(find_pattern(inside("f(a +* );"), compile_pattern("f($X)"))) == []


@pytest.mark.parametrize(
    ("gate", "kernel", "body", "names"),
    [
        ("since", (5, 11), "kmap(p); always(1);", ["always", "kmap"]),
        ("since", (5, 10), "kmap(p); always(1);", ["always"]),
        ("since", None, "kmap(p); always(1);", ["always"]),
        ("since", (6, 0), "p->kmap(p); kmap = 3;", []),
    ],
)
def test_table_rows_wait_for_their_kernel(
    gate: str, kernel: tuple[int, int] | None, body: str, names: list[str]
) -> None:
    rows = {"kmap": TABLES["old"]["calls"]["kmap"], "always": {"new": "better"}}
    TABLES["rows"] = rows
    block = {"names": {"table": "rows", "as": "call", "gate": gate}, "message": "`$NAME` is old, use $NEW"}
    found = run(block, inside(body), kernel)
    assert [one.message.split("`")[1] for one in found] == names


def test_a_name_that_the_series_defines_is_its_own() -> None:
    block = {"names": {"in": ["kmap"]}, "message": "$NAME"}
    assert run(block, inside("kmap(p);"), defined=frozenset({b"kmap"})) == []
    assert run(block, unit_of("void kmap(int x);\nint f(void)\n{\n\tkmap(1);\n}")) == []
    assert len(run(block, inside("kmap(p);"))) == 1


def test_word_of_a_table_binds_the_word() -> None:
    block = {
        "kind": "preproc_def",
        "bind": {"NAME": "name"},
        "where": [{"word-of": "$NAME", "in": "data/vendors.yaml"}, {"not": {"word-of": "$FILE", "in": "vendors"}}],
        "at": "$NAME",
        "message": "`$NAME` names $WORD",
    }
    unit = unit_of("#define FLAG_NVIDIA_X 1\n#define FLAG_INTELLIGENT 2\n", "include/uapi/linux/flag.h")
    assert [one.message for one in run(block, unit)] == ["`FLAG_NVIDIA_X` names nvidia"]
    assert run(block, unit_of("#define FLAG_NVIDIA_X 1\n", "include/uapi/linux/nvidia-npu.h")) == []


def test_structure_tests() -> None:
    body = "if (n) { spin_lock(p); msleep(1); } msleep(2);"
    block = {"pattern": "msleep($X)", "inside": {"pattern": "if ($C) { ... }"}, "message": "$X under $C in $FUNCTION"}
    assert [one.message for one in run(block, inside(body))] == ["1 under n in f()"]
    block = {"pattern": "msleep($X)", "not": {"inside": {"kind": "if_statement"}}, "message": "$X"}
    assert [one.message for one in run(block, inside(body))] == ["2"]
    block = {"kind": "if_statement", "has": {"pattern": "spin_lock($L)"}, "message": "$L"}
    assert [one.message for one in run(block, inside(body))] == ["p"]


def test_declared_type() -> None:
    block = {
        "pattern": "sizeof($X)",
        "where": [{"declared": "$X", "pointer": True}, {"not": {"constant": "$X"}}],
        "message": "$X",
    }
    assert [one.message for one in run(block, inside("g(sizeof(p)); g(sizeof(n));"))] == ["p"]


@pytest.mark.parametrize(
    ("block", "where"),
    [
        ({"pattern": "f(", "message": "m"}, ("match", "pattern")),
        ({"pattern": "f($X)", "message": "$Y"}, ("match", "message")),
        ({"pattern": "f($X)"}, ("match",)),
        ({"pattern": "f($X)", "kind": "comment", "message": "m"}, ("match",)),
        ({"pattern": "f($X)", "wher": [], "message": "m"}, ("match", "wher")),
        ({"kind": "no_such_node", "message": "m"}, ("match", "kind")),
        (
            {"pattern": "f($X)", "where": [{"matches": "$X", "regex": "(a+)+"}], "message": "m"},
            ("match", "where", 0, "regex"),
        ),
        ({"names": {"table": "nope"}, "message": "m"}, ("match", "names", "table")),
    ],
)
def test_a_bad_block_is_told_by_its_key(block: dict[str, Any], where: tuple[str | int, ...]) -> None:
    with pytest.raises(BlockError) as caught:
        run(block, inside("f(1);"))
    assert caught.value.path == where


def test_deep_nesting_is_survived() -> None:
    unit = inside("x = " + "(" * 20000 + "f(1)" + ")" * 20000 + ";")
    assert list(find_pattern(unit, compile_pattern("f($X)"))) == []


def test_a_long_name_in_capitals_is_read_in_linear_time() -> None:
    from linter.detect.match_where import is_constant

    assert is_constant(b"A_LONG_NAME_IN_CAPITALS_THAT_GOES_ON_AND_ON * 2 + sizeof(struct x)")
    assert not is_constant(b"A_LONG_NAME_IN_CAPITALS_THAT_GOES_ON_AND_ON_AND_ON_AND_ON_UNTIL + count")


def test_what_stands_beside_a_removed_line_is_looked_at_on_both_sides() -> None:
    """Else a line that stays would be found behind the patch alone, and be taken for a new one."""
    kinds = {Side.PRE: [(LineKind.CONTEXT, b"a();"), (LineKind.REMOVED, b"b();"), (LineKind.CONTEXT, b"c();")]}
    kinds[Side.POST] = [line for line in kinds[Side.PRE] if line[0] is LineKind.CONTEXT]
    seen = {}
    for side, lines in kinds.items():
        at = {b"a();": 1, b"b();": 2, b"c();": 3}
        origin = tuple(Line(kind, text, at[text], at[text], at[text]) for kind, text in lines)
        text = b"".join(line.text + b"\n" for line in origin)
        unit = parse_image(Image("a.c", side, text, origin, tuple(range(1, len(origin) + 1)), True))
        seen[side] = changed_text(unit)
    assert seen[Side.POST] == b"a();\nc();\n"
    assert seen[Side.PRE] == b"a();\nb();\nc();\n"
