"""What stands in a tree for each kernel construct, and what `parse_image` says about functions."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linter.patch.model import Image, Side
from linter.syntax.parse import annotations_within, is_c_path, macro_name, parse_image
from tests.syntax.helpers import body, fragment_of, of_type, walk, whole

STATEMENTS = [
    "\tlist_for_each_entry(pos, &head, list) {\n\t\tg(pos);\n\t}",
    "\tlist_for_each_entry(pos, &head, list)\n\t\tg(pos);",
    "\tfor_each_online_cpu(cpu)\n\t\tif (cpu)\n\t\t\tcontinue;\n\t\telse\n\t\t\tbreak;",
    "\tfor_each_thing() {\n\t\tg();\n\t}",
    "\txas_for_each(&xas, page, max) {\n\t\tg(page);\n\t}",
    "\twalk_my_things(a, b) {\n\t\tg(a);\n\t}",
    "\twalk_my_things(a, b)\n\t\tg(a);",
    "\tscoped_guard(mutex, &p->lock) {\n\t\tg();\n\t}",
    "\tscoped_guard(rcu)\n\t\tg();",
    "\tscoped_cond_guard(mutex_intr, return -EINTR, &p->lock) {\n\t\tg();\n\t}",
    "\tscoped_cond_guard(mutex_try, goto out, &p->lock)\n\t\tg();\nout:\n\treturn 0;",
    "\tguard(mutex)(&p->lock);\n\tguard(rcu)();\n\tCLASS(fdget, f)(n);",
    "\tchar *s __free(kfree) = NULL;\n\tstruct x *q __free(put_x) = get_x();",
    "\tstruct y *y = container_of(p, struct y, member);",
    "\tn = min_t(unsigned int, n, sizeof(struct x));",
    "\tp = kzalloc_obj(struct x);\n\tp = kmalloc_objs(*p, 3);",
    "\tn = my_own_macro(struct x *, p);",
    "\tp = va_arg(ap, struct x *);\n\ts = va_arg(ap, char *);",
    "\tn = offsetof(struct x, list[3].next);",
    "\tDECLARE_BITMAP(bits, 64);",
    "\tstatic DEFINE_RATELIMIT_STATE(rs, HZ, 10);",
    "\ttypeof(*p) q = *p;\n\tconst typeof(n) *c;",
    "\tn = ({ int t = 1; t; });",
    '\tasm volatile("nop" : "=r"(n) : : "memory");',
    '\tasm goto("jmp %l0" : : : : out);\nout:\n\treturn 0;',
    "\tn = _Generic(n, int: 1, default: 2);",
    "\tswitch (n) {\n\tcase 1 ... 5:\n\t\tbreak;\n\tcase A ... B:\n\t\tbreak;\n\t}",
    "\tint t[] = { [0 ... 5] = 1, [6] = 2 };",
    "\tgoto *table[n];",
    '\tpr_info("x %" PRIx64 "\\n", n);\n\tprintk(KERN_ERR "x\\n");',
    "#ifdef A\n\tg();\n#else\n\th();\n#endif",
    "#ifdef A\n\tif (n)\n#endif\n\t\tg();",
    "\tif (n) {\n\t\tg();\n#ifdef A\n\t} else {\n\t\th();\n#endif\n\t}",
    "\tif (n)\n\t\tg();\n#ifdef A\n\telse\n\t\th();\n#endif",
    "#ifdef A\n\tif (n) {\n#else\n\tif (!n) {\n#endif\n\t\tg();\n\t}",
    "\tif (a\n#ifdef A\n\t    && b\n#endif\n\t    && c)\n\t\tg();",
    "\tg(a,\n#if A\n\t  b,\n#else\n\t  c,\n#endif\n\t  d);",
    "\tstruct x x = {\n#ifdef A\n\t\t.a = 1,\n#endif\n\t\t.b = 2,\n\t};",
    "\tMY_CHECK(n == 0, goto out);\n\tMY_CHECK(n, return -EINVAL);\nout:\n\treturn 0;",
    "\tadd_mode(n, 10000baseT_Full);\n\tadd_reg(n, 20c);",
    "\tMACRO_WITHOUT_SEMICOLON(n)\n\tg();",
    "\tif (n)\n\t\tMACRO_WITHOUT_SEMICOLON(n)\n\telse\n\t\tg();",
    "\tint __maybe_unused a, b __attribute__((unused));",
    "\tvoid __iomem *base = (void __force __iomem *)n;",
    "\tint old = 1, __percpu *x;",
]


@pytest.mark.parametrize("code", STATEMENTS)
def test_statement_is_read_without_an_error(code: str) -> None:
    unit = body(code)
    assert not unit.tree.root_node.has_error, str(unit.tree.root_node)
    assert unit.unparsed == ()
    assert len(unit.text) == len(unit.source)
    assert [f.name for f in unit.functions] == ["f"]
    assert unit.functions[0].whole
    assert unit.source.decode() == "static int f(struct x *p, int n)\n{\n" + code + "\n}\n"


HEADS = [
    ("static int __init a(void)\n{\n}\n", "a"),
    ("int __must_check a(const char __user *p)\n{\n}\n", "a"),
    ("static noinline void __printf(2, 3) a(int n, const char *f, ...)\n{\n}\n", "a"),
    ("static void a(void) __must_hold(&l->lock)\n{\n}\n", "a"),
    ("static void a(void)\n\t__acquires(&l->lock)\n\t__releases(other)\n{\n}\n", "a"),
    ("asmlinkage __visible long a(int n)\n{\n}\n", "a"),
    ("struct x *a(struct x *p)\n{\n}\n", "a"),
    ("int a(b, c)\n\tint b;\n\tchar *c;\n{\n}\n", "a"),
    ("SYSCALL_DEFINE3(a, int, dfd, const char __user *, name, int, flags)\n{\n}\n", "a"),
    ("SYSCALL_DEFINE0(a)\n{\n}\n", "a"),
    ("COMPAT_SYSCALL_DEFINE1(a, compat_uptr_t, p)\n{\n}\n", "a"),
    ("BPF_CALL_2(a, struct sk_buff *, skb, u32, n)\n{\n}\n", "a"),
    ("TEST(a)\n{\n}\n", "a"),
    ("TEST_F(fixture, other)\n{\n}\n", "TEST_F"),
    ("EXPORT_SYMBOL(b)\n\nint a(void)\n{\n}\n", "a"),
    ("static __rare_attribute int a(void)\n{\n}\n", "a"),
    ("#ifdef A\nint a(int n)\n#else\nint a(void)\n#endif\n{\n}\n", "a"),
    ("#ifdef A\nint a(int n)\n{\n}\n#endif\n", "a"),
    ('extern "C" {\nint a(int n)\n{\n}\n}\n', "a"),
]


@pytest.mark.parametrize(("text", "name"), HEADS)
def test_function_head(text: str, name: str) -> None:
    unit = whole(text)
    assert [f.name for f in unit.functions] == [name]
    assert not unit.functions[0].node.has_error
    assert unit.snippet(unit.functions[0].body) == b"{\n}"


FILE_SCOPE = [
    "static DEFINE_MUTEX(lock);\nstatic DEVICE_ATTR(name, 0644, show, store);\n",
    "DEFINE_PER_CPU(struct x, y);\nstatic DEFINE_PER_CPU(int, y) = 3;\n",
    'module_init(a);\nMODULE_LICENSE("GPL");\nEXPORT_SYMBOL_GPL(a);\n',
    'MODULE_AUTHOR("me")\nMODULE_LICENSE("GPL")\nint a;\n',
    "struct x {\n\tint a;\n#ifdef A\n\tint b;\n#endif\n} __packed __aligned(8);\n",
    "struct x {\n\tstruct y __rcu *y;\n\tint list[] __counted_by(n);\n};\n",
    "TRACE_EVENT(name,\n\tTP_PROTO(int a),\n\tTP_ARGS(a),\n\tTP_STRUCT__entry(__field(int, a))\n);\n",
    "static const struct x table[] = {\n#define A 1\n\t{ .a = 1 },\n\t{ },\n};\n",
    'static int a __read_mostly = 3;\nstatic const char b[] __initconst = "b";\n',
    "DECLARE_RWSEM(x);\nstatic LIST_HEAD(y);\n",
]


@pytest.mark.parametrize("text", FILE_SCOPE)
def test_file_scope_is_read_without_an_error(text: str) -> None:
    unit = whole(text)
    assert not unit.tree.root_node.has_error, unit.text.decode() + str(unit.tree.root_node)


def test_iterator_is_a_loop_with_its_arguments() -> None:
    unit = body("\tlist_for_each_entry(pos, &head, list)\n\t\tg(pos);\n\twhile (n)\n\t\tn--;")
    loop, real = of_type(unit, "while_statement")
    assert macro_name(unit, loop) == b"list_for_each_entry"
    assert macro_name(unit, real) is None
    condition = loop.child_by_field_name("condition")
    assert condition is not None and unit.snippet(condition) == b"(pos, &head, list)"
    assert [n.type for n in condition.named_children] == ["comma_expression"]


def test_guarded_block_is_an_if() -> None:
    unit = body("\tscoped_cond_guard(mutex_intr, return -EINTR, &p->lock)\n\t\tg();\n\tif (n)\n\t\tg();")
    guard, real = of_type(unit, "if_statement")
    assert macro_name(unit, guard) == b"scoped_cond_guard"
    assert macro_name(unit, real) is None
    assert any(a.argument == "mutex_intr, return -EINTR, &p->lock" for a in unit.annotations)
    condition = guard.child_by_field_name("condition")
    assert condition is not None
    assert unit.text[condition.start_byte : condition.end_byte] == b"(mutex_intr,        -EINTR, &p->lock)"


def test_calls_stay_calls() -> None:
    unit = body(
        "\tbus_for_each_dev(a, b);\n\tn = device_for_each_child(p, NULL, g);\n\tif (xa_for_each_x(p))\n\t\tg();"
    )
    assert len(of_type(unit, "call_expression")) == 4
    assert of_type(unit, "while_statement") == []


def test_head_annotations_belong_to_their_function() -> None:
    unit = whole(
        "static int __init a(char __user *p)\n{\n\tint __maybe_unused x;\n}\n\n"
        "static void b(void) __must_hold(l)\n{\n}\n"
    )
    first, second = unit.functions
    assert first.annotations == {"__init": None, "__user": None}
    assert second.annotations == {"__must_hold": "l"}
    inside = annotations_within(unit, first.body.start_byte, first.body.end_byte)
    assert [a.name for a in inside] == ["__maybe_unused"]
    assert unit.source[inside[0].span.start : inside[0].span.end] == b"__maybe_unused"


def test_cleanup_annotation_tells_its_function() -> None:
    unit = body("\tchar *s __free(kfree) = NULL;")
    assert [(a.name, a.argument) for a in unit.annotations] == [("__free", "kfree")]


def test_both_arms_of_a_whole_conditional_stay() -> None:
    unit = body("#ifdef A\n\tg();\n#else\n\th();\n#endif")
    group = of_type(unit, "preproc_ifdef")[0]
    alternative = group.child_by_field_name("alternative")
    assert alternative is not None and alternative.type == "preproc_else"
    assert [unit.snippet(n) for n in of_type(unit, "call_expression")] == [b"g()", b"h()"]


def test_one_arm_stays_of_a_conditional_that_cuts_a_statement() -> None:
    unit = body("\tn = a +\n#ifdef A\n\t\tb;\n#else\n\t\tc;\n#endif")
    assert of_type(unit, "preproc_ifdef") == []
    assert unit.text.count(b"b;") == 1 and b"c;" not in unit.text


def test_the_arm_of_if_0_goes() -> None:
    unit = body("\tn = a +\n#if 0\n\t\tb;\n#else\n\t\tc;\n#endif")
    assert b"b;" not in unit.text and b"c;" in unit.text


def test_what_cannot_be_read_is_told() -> None:
    unit = body("\tn = = ) 3;\n\tg();")
    assert unit.unparsed
    assert all(0 <= span.start <= span.end <= len(unit.text) for span in unit.unparsed)
    assert [f.name for f in unit.functions] == ["f"]


def test_an_unreadable_function_leaves_its_neighbours_alone() -> None:
    good = "static int %s(int n)\n{\n\treturn g(n, n, n, n, n, n);\n}\n\n"
    bad = "static int bad(int n)\n{\n\tif (n { = ] 3 } }}} (((;\n\treturn g(n, n, n, n);\n}\n\n"
    unit = whole(good % "a" + bad + good % "b")
    assert [(f.name, f.whole) for f in unit.functions] == [("a", True), ("bad", False), ("b", True)]
    assert b"__hunklint_gap();" in unit.text and b"__hunklint_gap" not in unit.source
    function = unit.functions[1]
    assert any(function.span.start <= span.start < function.span.end for span in unit.unparsed)


def test_paths() -> None:
    assert is_c_path("a/b.c") and is_c_path("b.h") and is_c_path(None)
    assert not is_c_path("a.rs") and not is_c_path("Makefile") and not is_c_path("a.dts")


def test_too_long_a_text_is_told_and_not_parsed() -> None:
    text = b"int a;\n" * 700_000
    unit = parse_image(Image("a.h", Side.POST, text, (), (), True))
    assert unit.functions == () and unit.unparsed[0].end == len(text)


def test_deep_nesting() -> None:
    for text in ("x = " + "(" * 100_000, "if (a) {" * 20_000, "#if A\n" * 20_000, "a" + "->b" * 50_000 + ";"):
        unit = body(text)
        assert len(unit.text) == len(unit.source)


PIECES = st.lists(
    st.sampled_from(
        [b"if", b"(", b")", b"{", b"}", b";", b"\n", b"\n{\n", b"\n}\n", b"\t", b" x", b"\n#if A\n", b"\n#endif\n",
         b"\n#else\n", b"else ", b"/*", b"*/", b'"', b"'", b"=", b",", b"for_each_x(a) ", b"__user", b"__free(x)",
         b"container_of(a, struct b, c)", b"struct ", b"goto ", b"case 1 ... 2:", b"SYSCALL_DEFINE2(a, int, b",
         b"\\\n", b"#define X", b"scoped_guard(a) ", b"static ", b"DEFINE_X(", b"\xff", b"\0", b"20c", b"typeof(x)"]
    ),
    max_size=60,
).map(b"".join)  # fmt: skip


@given(st.one_of(PIECES, st.binary(max_size=200)))
@example(b"")
@example(b"\n")
@example(b"for_each_x()")
def test_masking_moves_nothing(data: bytes) -> None:
    unit = whole(data)
    assert unit.source == data
    assert len(unit.text) == len(data)
    assert [i for i, c in enumerate(unit.text) if c == 10] == [i for i, c in enumerate(data) if c == 10]
    check(unit)


@given(st.lists(st.tuples(st.one_of(PIECES, st.binary(max_size=40)).map(lambda b: b.replace(b"\n", b" ")),
                          st.one_of(PIECES, st.binary(max_size=200))), min_size=1, max_size=4))  # fmt: skip
def test_rows_of_a_fragment_map_back(chunks: list[tuple[bytes, bytes]]) -> None:
    image = fragment_of(*chunks)
    unit = parse_image(image)
    assert [row for row in unit.rows if row is not None] == list(range(len(image.origin)))
    lines = unit.source.split(b"\n")
    for row, index in enumerate(unit.rows):
        if index is not None:
            assert lines[row] == image.origin[index].text  # type: ignore[union-attr]
    check(unit)


def check(unit) -> None:  # type: ignore[no-untyped-def]
    """Every byte of the tree lies in a line that maps back, and every function is inside the text."""
    assert len(unit.source) == len(unit.text)
    assert len(unit.rows) == unit.text.count(b"\n") + (not unit.text.endswith(b"\n") and unit.text != b"")
    for number, start in enumerate(unit.line_starts):
        assert start == 0 or unit.text[start - 1] == 10, number
    for node in walk(unit.tree.root_node):
        assert 0 <= node.start_byte <= node.end_byte <= len(unit.text)
        unit.location(node.start_byte, node.end_byte)
    for function in unit.functions:
        assert function.body.type == "compound_statement"
        assert not (function.whole and b"__hunklint_gap" in unit.snippet(function.node))


def test_a_comment_without_an_end_costs_no_more_than_its_length() -> None:
    # the parser would look for the end from every opener on: seconds, then hours
    text = b"int a;\n/* d" + b" /* " * 200_000
    unit = parse_image(Image("a.c", Side.POST, text + b"\n", (None,) * 2, (1, 2), True))
    assert len(unit.text) == len(text) + 1
    assert unit.text.startswith(b"int a;\n   ")
    assert unit.source.startswith(b"int a;\n/* d")
