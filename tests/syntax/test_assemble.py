"""Fragments: heads from section texts, gaps, blocks whose other half is out of sight, cut statements and comments."""

from __future__ import annotations

import pytest

from linter.syntax.model import Unit
from tests.syntax.helpers import fragment, of_type

HEAD = "static int probe(struct device *dev)"


def gaps(unit: Unit) -> int:
    """How many gap markers stand in the text."""
    return unit.text.count(b"__hunklint_gap()")


CHUNKS = [
    "\ta = b();\n\tif (!a)\n\t\treturn -ENOMEM;",
    "\t\ta();\n\t}\n\tb();",
    "\t\ta();\n\t} else {\n\t\tb();",
    "\telse\n\t\tb();\n\tc();",
    "\t\ta();\n\telse\n\t\tb();",
    "\t\ta();\n\telse if (x)\n\t\tb();\n\treturn 0;",
    "\tcase 1:\n\t\ta();\n\t\tbreak;\n\tdefault:\n\t\tb();",
    "\tcase 1:\n\t\ta();\n\t}\n\treturn 0;",
    "\t\ta();\n\t} while (x);\n\tb();",
    "\tdo {\n\t\ta();",
    "\tdo\n\t\ta();\n\twhile (x);",
    "\t\t  a, b);\n\tc();",
    "\t\t  a, b)) {\n\t\tc();",
    "\t    && b) {\n\t\tc();\n\t}",
    "\t    || b)\n\t\tc();",
    "\t\t? a : b;\n\tc();",
    "\ta(b,",
    "\ta(b, c(d,",
    "\tif (a &&",
    "\tif (a)",
    "\tif (a) {\n\t\tb();\n\t} else",
    "\tfor (i = 0; i < n;",
    "\tfor (i = 0; i < n; i++)",
    "\tlist_for_each_entry(a, b, c)",
    "\tx =",
    "\tx = a +",
    "\tint a,",
    "\tstruct x y = {\n\t\t.a = 1,",
    "\t\t.a = 1,\n\t};\n\tb();",
    "\tx = (struct y) {\n\t\t.a = 1,",
    "\tx = ({\n\t\ta();",
    "\ta();\nout:\n\tb();",
    "out:\n\ta();\n\treturn 0;\n}",
    "\ta();\n}\n\nstatic int next(void)\n{\n\tb();",
    "\ta();\n\n\t/*\n\t * words",
    " * words\n */\n\ta();",
    "\ta();\n#ifdef A\n\tb();",
    "\tb();\n#endif\n\tc();",
    "\ta();\n#else\n\tb();\n#endif",
    "\t\t\t.a = 1,\n\t\t}, {\n\t\t\t.a = 2,\n\t\t},\n\t};\n\tb();",
    "\t\t\t.a = 1,\n\t\t}, {\n\t\t\t.a = 2,",
    "\t\t.a = 1,\n\t\t.b = {\n\t\t\t.c = 2,",
    "\t\t* a;\n\tb();",
    "\tswitch (a) {\n\tcase 1:",
    "\t\tbreak;\n\t}\n\t}\n\t}\n\treturn 0;\n}",
]


@pytest.mark.parametrize("code", CHUNKS)
def test_chunk_of_a_function_is_read_without_an_error(code: str) -> None:
    unit = fragment((HEAD, code))
    assert not unit.tree.root_node.has_error, unit.text.decode() + str(unit.tree.root_node)
    first = unit.functions[0]
    assert first.name == "probe" and first.head_known and not first.whole
    assert gaps(unit) >= 1
    assert first.node.start_point[0] == 0


FILE_SCOPE = [
    ("static int old(int a)", "}\n\nstatic int next(void)\n{\n\treturn 0;\n}\n\n#define A 1"),
    ("static int old(int a)", "int a;\nint b;\n\nstruct x {\n\tint c;"),
    ("struct x {", "\tint a;\n\tstruct list_head b;\n\tvoid (*c)(int d,\n\t\t  int e);"),
    ("struct x {", "\tint a;\n};\n\nint b;"),
    ("struct ops {", "\t\t int d);\n\tvoid (*e)(int d);\n\tint (*f)(int g,"),
    ("enum x {", "\tA,\n\tB = 2,\n\tC,\n};"),
    ("static const struct x y = {", "\t.a = 1,\n\t.b = c,\n};\n"),
    ("static const struct x y[] = {", "\t{ 1, 2 },\n\t{ 3, 4 },"),
    ("", "\t.a = 1,\n\t.b = c,\n};\n"),
    ("", "\tint a;\n\tunsigned long b;\n};\n"),
    ("int f(void)", "EXPORT_SYMBOL(f);\n\nstatic int g(int a,"),
    ("int f(void)", "#include <a.h>\n#include <b.h>"),
    ("int f(void)", " * words\n */\nint g(void);"),
    ("static int f(", "\t     int a)\n{\n\treturn a;\n}"),
    ("static int f(int a,", "\t     int b)\n{\n\treturn a;"),
    ("static int f(int a)", "{\n\treturn a;"),
    ("", "f(int a)\n{\n\treturn a;\n}"),
]


@pytest.mark.parametrize(("section", "code"), FILE_SCOPE)
def test_chunk_at_file_scope_is_read_without_an_error(section: str, code: str) -> None:
    unit = fragment((section, code))
    assert not unit.tree.root_node.has_error, unit.text.decode() + str(unit.tree.root_node)


def test_two_hunks_of_one_function_are_one_function_with_a_gap() -> None:
    unit = fragment((HEAD, "\ta();"), (HEAD, "\tb();"))
    assert [f.name for f in unit.functions] == ["probe"]
    statements = [unit.snippet(n) for n in unit.functions[0].body.named_children]
    assert statements == [b"__hunklint_gap();", b"a();", b"__hunklint_gap();", b"b();", b"__hunklint_gap();"]


def test_hunk_that_opens_a_function_goes_on_in_the_next() -> None:
    unit = fragment(
        ("int old(void)", "}\n\nstatic int probe(struct device *dev)\n{\n\ta();"),
        (HEAD, "\tb();\n}\n\nint c;"),
    )
    old, probe = unit.functions
    assert (old.name, probe.name) == ("old", "probe")
    assert not old.whole and not probe.whole and probe.head_known
    assert unit.snippet(probe.node).count(b"__hunklint_gap()") == 1
    assert unit.rows[probe.node.end_point[0]] is not None


def test_hunks_of_two_functions_stay_apart() -> None:
    unit = fragment((HEAD, "\ta();"), ("static void remove(struct device *dev)", "\tb();"))
    assert [f.name for f in unit.functions] == ["probe", "remove"]


def test_a_function_seen_from_end_to_end_is_whole() -> None:
    unit = fragment(("int old(void)", "static int next(void)\n{\n\treturn 0;\n}\n"), (HEAD, "\ta();"))
    assert [(f.name, f.whole, f.head_known) for f in unit.functions] == [("next", True, True), ("probe", False, True)]


def test_a_function_that_a_hunk_edge_cuts_is_not_whole() -> None:
    unit = fragment(("", "static int next(void)\n{\n\ta();"), ("static int next(void)", "\treturn 0;\n}"))
    assert [(f.name, f.whole) for f in unit.functions] == [("next", False)]


def test_a_head_cut_by_git_is_not_known() -> None:
    unit = fragment(("static int probe(struct device *dev, const struct dev", "\ta();"))
    assert [(f.name, f.head_known) for f in unit.functions] == [("probe", False)]
    assert not unit.tree.root_node.has_error


def test_a_function_nobody_names_has_no_name() -> None:
    unit = fragment(("", "\tif (a)\n\t\tgoto out;\n\tb();"))
    assert [(f.name, f.head_known, f.whole) for f in unit.functions] == [("", False, False)]


def test_the_section_of_a_closed_function_names_nothing() -> None:
    unit = fragment((HEAD, "static int a = 1;\nstatic int b = 2;"))
    assert unit.functions == ()


def test_a_block_whose_head_is_out_of_sight_may_be_skipped() -> None:
    unit = fragment((HEAD, "\t\ta();\n\t}\n\tb();"))
    block = of_type(unit, "if_statement")[0]
    condition = block.child_by_field_name("condition")
    assert condition is not None and unit.snippet(condition) == b"(__hunklint_gap())"


def test_an_open_block_ends_in_a_gap() -> None:
    unit = fragment((HEAD, "\tif (x) {\n\t\ta();"))
    block = of_type(unit, "if_statement")[0].child_by_field_name("consequence")
    assert block is not None
    assert unit.snippet(block.named_children[-1]) == b"__hunklint_gap();"


def test_a_chunk_inside_a_comment_is_a_comment() -> None:
    unit = fragment((HEAD, "\t * words don't end\n\t * here (at all"))
    assert not unit.tree.root_node.has_error
    assert [n.type for n in unit.tree.root_node.named_children] == ["comment"]


def test_blanked_directives_do_not_move_when_lines_are_inserted() -> None:
    unit = fragment(
        (HEAD, "\t\ta();\n\t\tb();\n\telse\n\t\tc();\n\tx = y +\n#ifdef A\n\t\t1;\n#else\n\t\t2;\n#endif\n\td();")
    )
    assert b"\telse\n\t\tc();\n\tx = y +\n        \n\t\t1;\n     \n" in unit.text
    assert not unit.tree.root_node.has_error


@pytest.mark.parametrize("code", ["\ta();\n#else\n\tb();\n#endif\n\tc();", "\tc();\n#ifdef A\n\ta();\n#else\n\tb();"])
def test_the_arms_of_half_a_conditional_are_not_mixed(code: str) -> None:
    unit = fragment((HEAD, code))
    assert not unit.tree.root_node.has_error
    other = of_type(unit, "preproc_else")[0]
    assert b"b();" in unit.snippet(other) and b"a();" not in unit.snippet(other)


def test_lines_that_lost_their_blanks_are_matched_by_braces() -> None:
    unit = fragment((HEAD, "if (x) {\na();\n}\nb();\nreturn 0;\n}"))
    assert len(of_type(unit, "call_expression")) >= 2


def test_places_lead_to_the_patch_line() -> None:
    unit = fragment((HEAD, "\ta();"), (HEAD, "\tb();"))
    call = next(n for n in of_type(unit, "call_expression") if unit.snippet(n) == b"b()")
    location = unit.location(call.start_byte, call.end_byte)
    assert (location.line, location.column, location.end_column, location.changed) == (200, 2, 5, True)
    line = unit.line_of(call.start_point[0])
    assert line is not None and line.text == b"\tb();"


def test_a_macro_cut_by_the_hunk_stays_a_macro() -> None:
    unit = fragment(("#define X(a)", "\tdo { \\\n\t\ta(); \\\n\t} while (0)\n\nint b;"))
    assert not unit.tree.root_node.has_error
    assert of_type(unit, "call_expression") == []
