"""What a patch takes away: told where what it was for stays, and the message does not say why it goes."""

from __future__ import annotations

import pytest

from linter.detect.model import Context
from linter.detect.taken import QUESTIONS
from linter.detect.taken_blocks import Block, blocks, derefs, if_parts, is_explained, split_clauses, statement_before
from linter.patch.model import Change, FilePatch, Hunk, Line, LineKind, Patch
from tests.detect.units import tables

KINDS = {" ": LineKind.CONTEXT, "+": LineKind.ADDED, "-": LineKind.REMOVED}


def file_of(*lines: str) -> FilePatch:
    made = tuple(Line(KINDS[text[0]], text[1:].encode(), n, n, n) for n, text in enumerate(lines, 1))
    path = "drivers/misc/foo.c"
    return FilePatch(path, path, Change.MODIFY, (Hunk(1, 1, 1, 1, b"", made, 1),), 1)


def patch_of(body: str, files: int = 1) -> Patch:
    return Patch(
        "1@x", None, (), "[PATCH] foo: rework", "foo: rework", ("PATCH",), None, None, None, 1,
        1, 1, (), body.encode(), 1, b"", 1, (), (file_of(" x"),) * files, b"", "x",
    )  # fmt: skip


def told(question: str, *lines: str) -> list[str]:
    """The names of what is found in one hunk."""
    file = file_of(*lines)
    return [item.key.decode() for block in blocks(file) for item in QUESTIONS[question](block, file, Context(tables()))]


def only(*lines: str) -> Block:
    return next(iter(blocks(file_of(*lines))))


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ((" \tif (!p) {", "-\t\tret = -EIO;", " \t\tgoto out;", " \t}"), ["ret"]),
        ((" \tif (ret) {", "-\t\tret = -EIO;", " \t\tgoto out;", " \t}"), []),
        ((" \tif (!p) {", "-\t\tret = -EIO;", "+\t\tret = foo(p);", " \t\tgoto out;"), []),
        ((" \tif (!p) {", "-\t\tret = -EIO;", " \t\tfoo->x = 1;", " \t\tgoto out;"), []),
        ((" \tif (!p) {", "-\t\tret = -EIO;", "-\t\tfoo(p);", " \t\tgoto out;"), []),
        ((" \tif (!p) {", "-\t\terr = -EIO;", " \t\treturn ret;"), []),
    ],
)
def test_an_error_code_is_missed_at_the_jump(lines: tuple[str, ...], wanted: list[str]) -> None:
    assert told("error-code", *lines) == wanted


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ((" \tn = foo(f);", "-\tif (n < 0)", "-\t\treturn n;", " \tbar(n);"), ["n"]),
        ((" \tn = foo(f);", "-\tif (n < 0)", "-\t\treturn n;", " \tif (n)", " \t\tbar(n);"), []),
        ((" \tret = foo(f);", "-\tif (ret)", "-\t\treturn ret;", " \tbreak;"), []),
        ((" \tret = foo(f);", "-\tif (ret)", "-\t\treturn ret;"), []),
        ((" \tb = container_of(f, struct b, f);", "-\tif (!b)", "-\t\treturn;", " \tbar(b);"), []),
        ((" \td = map(f);", "-\tif (dma_mapping_error(f->dev, d))", "-\t\treturn -EIO;", " \tbar(d);"), ["d"]),
        (("-\tp->x = foo(f);", "+\tfoo(f);", " \tif (p->x)"), []),
    ],
)
def test_a_test_of_a_result_is_missed_at_the_call(lines: tuple[str, ...], wanted: list[str]) -> None:
    assert told("result-test", *lines) == wanted


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (("-\tif (!p || p->dead)", "-\t\treturn;", " \tp->x = 1;"), ["p"]),
        (("-\tif (!p)", "-\t\treturn;", " \tn = sizeof(*p);"), []),
        (("-\tif (!p)", "-\t\tp = foo();", " \tp->x = 1;"), []),
        (("-\tif (!p)", "-\t\treturn;", " \tif (p && p->x)"), []),
        (("-\tif (p && p->x)", "+\tif (p->x && p->y)", " \t\tfoo();"), []),
        (("-\tif (!p)", "-\t\treturn;", "+\t//if (!p)", "+\t//\treturn;", " \tp->x = 1;"), []),
    ],
)
def test_a_test_for_null_is_missed_where_the_pointer_is_followed(lines: tuple[str, ...], wanted: list[str]) -> None:
    assert told("null-test", *lines) == wanted


def test_a_bound_may_be_a_member() -> None:
    gone = ("-\tif (h->id >= ARRAY_SIZE(t->e))", "-\t\treturn;")
    assert told("bound-test", *gone, " \te = &t->e[h->id];") == ["h->id"]
    assert told("bound-test", *gone, " \te = &t->e[h->id2];") == []


def test_what_is_compared_decides_whether_a_bound_is_loosened() -> None:
    assert told("bound", "-\tif (id >= FOO_MAX)", "+\tif (id > FOO_MAX)") == ["id"]
    assert told("bound", "-\tif (foo(x) >= FOO_MAX)", "+\tif (foo(x) > FOO_MAX)") == []
    assert told("bound", "-\tif (id >= other)", "+\tif (id > other)") == []
    assert told("bound", "-\tif (id >= FOO_MAX)", "+\tif (id > FOO_MAX || x)") == []


def test_a_first_value_is_missed_unless_the_hunk_shows_another() -> None:
    change = ("-\tint ret = 0;", "+\tint ret;")
    assert told("first-value", *change, " \tfoo();") == ["ret"]
    assert told("first-value", *change, " \tret = foo();") == []
    assert told("first-value", *change, " \tfoo();", "+\tbar(&ret);") == []
    assert told("first-value", *change, " \tfoo();", "-\tbar();") == []
    assert told("first-value", "-\tint a, ret = 0;", "+\tint a, ret;") == ["ret"]
    assert told("first-value", "-\tint ret = 0;", "+\tint ret, other;") == []
    assert told("first-value", "-\tint i = 0;", "+\tint i;") == []
    assert told("first-value", "-\tstatic int ret = 0;", "+\tstatic int ret;") == []


@pytest.mark.parametrize(
    "body",
    [
        "The check is redundant.", "Reduce the NULL ops checks.",
        "foo is never NULL here.", "Drop the useless test.", "bar() cannot fail.",
        "Remove the NULL check from foo().", "This reverts commit 1234.", "The value is already set.",
    ],
)  # fmt: skip
def test_a_message_that_says_why_is_believed(body: str) -> None:
    assert is_explained(patch_of(body))


def test_other_messages_explain_nothing() -> None:
    assert not is_explained(patch_of("Rework the way that foo is started."))
    assert not is_explained(None)
    assert is_explained(patch_of("Rework.", files=4))


def test_conditions_are_taken_apart() -> None:
    assert split_clauses(b"a || (b || c) || d[x || y]", b"||") == [b"a", b"(b || c)", b"d[x || y]"]
    assert if_parts(b"if (foo(a) && b) { bar(); return; }") == (b"foo(a) && b", b"bar(); return;")
    assert if_parts(b"if (a) {") is None
    assert if_parts(b"return (a);") is None


def test_statements_and_pointers_are_found() -> None:
    block = only(" \tfoo();", " \tp = bar(a,", " \t\tb);", "-\tif (!p)", " \tq->x = *p;")
    assert statement_before(block.before) == b"p = bar(a, b);"
    assert derefs(b"p", block.behind) is block.behind[0]
    assert derefs(b"x", block.behind) is None


LABEL = (" \tif (ret)", "-\t\tgoto err_free;", "+\t\treturn ret;", " \tfoo(f);", "-err_free:")


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ((*LABEL, " \tkfree(f->x);"), ["err_free"]),
        ((*LABEL, "-\tif (f->x)", "-\t\tkfree(f->x);"), ["err_free"]),
        ((*LABEL, " \tfoo_tell(f->x);"), []),
        ((*LABEL, " \tkfree(f->x);", "+\tfoo_publish(f);"), []),
        ((*LABEL, " \tkfree(f->x);", "-\tf->x = kmalloc(8, GFP_KERNEL);"), []),
        ((" \tif (ret)", "-\t\tgoto err_a;", "+\t\tgoto err_b;", "-err_a:", "+err_b:", " \tkfree(f->x);"), []),
        ((" \tif (ret)", "-\t\tgoto err_a;", "+\t\tgoto err_b;", "-err_a:", " \tkfree(f->x);", " err_b:"), ["err_a"]),
    ],
)  # fmt: skip
def test_a_label_is_missed_where_its_jumps_leave_now(lines: tuple[str, ...], wanted: list[str]) -> None:
    assert told("label", *lines) == wanted


def test_zeroing_is_missed_where_nothing_of_it_is_written() -> None:
    assert told("zeroing", "-\tmemset(&x, 0, sizeof(x));", " \tx.a = 1;") == ["x"]
    assert told("zeroing", "-\tmemset(&x, 0, sizeof(x));", " \tx.a = 1;", "+\tx.b = 0;") == []
    assert told("zeroing", "-\tx = kcalloc(n, 4, GFP_KERNEL);", "+\tx = kmalloc_array(n, 4, GFP_KERNEL);") == ["x"]
    assert told("zeroing", "-\tx->y = kvzalloc(8, GFP_KERNEL);", "+\tx->y = kvmalloc(8, GFP_KERNEL);") == ["x->y"]
    assert told("zeroing", "-\tx = kzalloc(8, GFP_KERNEL);", "+\tx = kmalloc(16, GFP_KERNEL);") == []


def test_waiting_is_missed_where_the_call_goes_alone() -> None:
    gone = "-\tcancel_work_sync(&f->work);"
    assert told("stop", gone, " \tkfree(f);") == ["cancel_work_sync"]
    assert told("stop", gone, *(f"-\tfoo{n}(f);" for n in range(8)), " \tkfree(f);") == []
    assert told("stop", gone, "+\tfoo_cancel(&f->work);", " \tkfree(f);") == []


def test_an_error_pointer_is_missed_at_the_jump() -> None:
    head = (" \tif (IS_ERR(p)) {", " \t\tret = PTR_ERR(p);", "-\t\tp = NULL;")
    assert told("error-pointer", *head, " \t\tgoto out;") == ["p"]
    assert told("error-pointer", *head, " \t\tp = q;", " \t\tgoto out;") == []
    assert told("error-pointer", " \tif (!p) {", "-\t\tp = NULL;", " \t\tgoto out;") == []


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (("-\tret = foo(f, 1);", "-\tif (ret)", "-\t\tgoto out;", "+\tfoo(f, 1);"), ["foo"]),
        (("-\tif (foo(f))", "-\t\treturn -EIO;", "+\tfoo(f);"), ["foo"]),
        (("-\tret = foo(f, 1);", "-\tif (ret)", "-\t\tgoto out;", "+\tfoo(f, 2);"), []),
        (("-\tret = foo(f);", "-\tif (bar)", "-\t\tgoto out;", "+\tfoo(f);"), []),
        (("-\tret = foo(f);", "-\tif (ret)", "-\t\tcount++;", "+\tfoo(f);"), []),
        (("+static void foo(struct f *f)", " {", "-\tif (foo(f))", "-\t\treturn -EIO;", "+\tfoo(f);"), []),
    ],
)
def test_a_call_whose_result_is_not_stored_any_more(lines: tuple[str, ...], wanted: list[str]) -> None:
    assert told("result-test", *lines) == wanted


def test_another_variable_is_returned() -> None:
    head = " \tif (val < 0)"
    assert told("returned", head, "-\t\treturn val;", "+\t\treturn ret;") == ["ret"]
    assert told("returned", head, "-\t\treturn -EIO;", "+\t\treturn val;") == []
    assert told("returned", head, "-\t\treturn -EIO;", "+\t\treturn ret;") == ["ret"]
    assert told("returned", head, "-\t\treturn other;", "+\t\treturn ret;") == []
    assert told("returned", " \tfoo();", "-\t\treturn val;", "+\t\treturn ret;") == []


def test_a_sign_is_missed() -> None:
    assert told("sign", "-\tret = -EIO;", "+\tret = EIO;") == ["ret = EIO;"]
    assert told("sign", "-\tret = -EIO;", "+\tret = -EPERM;") == []


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("x = (u64)a * b;", "x = a * b;", 1),
        ("x = (u64)a * b + (u64)c * d;", "x = a * b + c * d;", 1),
        ("x = mul_u32_u32(a, b);", "x = a * b;", 1),
        ("x = BIT(n);", "x = 1 << n;", 1),
        ("x = 1000UL * a;", "x = 1000 * a;", 1),
        ("x = (u32)a * b;", "x = a * b;", 0),
        ("x = (u64)a * b;", "x = a * c;", 0),
        ("foo((u64)a * b);", "foo(a * b);", 0),
    ],
)
def test_a_width_is_missed(before: str, after: str, wanted: int) -> None:
    assert len(told("width", f"-\t{before}", f"+\t{after}")) == wanted


def test_an_error_pointer_that_is_handed_on_was_tested() -> None:
    gone = ("-\tif (IS_ERR_OR_NULL(p))", "-\t\treturn;")
    assert told("null-test", *gone, " \tfoo(p);") == ["p"]
    assert told("null-test", *gone, " \tp = foo();") == []
    assert told("null-test", *gone, " \tif (IS_ERR(p))") == []
    assert told("null-test", " \tp = foo();", *gone, " \tbar(p);") == []


def test_a_guard_around_a_call_is_missed_where_nothing_else_changes() -> None:
    gone = ("-\tif (f->p)", "-\t\tfoo(f->p);", "+\tfoo(f->p);")
    assert told("null-test", *gone) == ["f->p"]
    assert told("null-test", *gone, " \tbar();", "+\tf->p = NULL;") == []
    assert told("null-test", "-\tif (f->p)", "-\t\tfoo(f);", "+\tfoo(f);") == []


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ((" \tfoo(f);", "-\treturn f;", " err_put:"), ["err_put:"]),
        ((" \t\tfoo(f);", "-\t\tbreak;", " \tcase FOO:"), ["case FOO:"]),
        ((" \t\tfoo(f);", "-\t\tbreak;", " \tdefault:"), ["default:"]),
        ((" \t\treturn 0;", "-\t\tbreak;", " \tdefault:"), []),
        ((" \t\tfoo(f);", "-\t\tbreak;", "+\t\tfallthrough;", " \tdefault:"), []),
        ((" \tfoo(f);", "-\treturn f;", " \tbar(f);"), []),
    ],
)
def test_a_way_out_is_missed_in_front_of_what_is_fallen_into(lines: tuple[str, ...], wanted: list[str]) -> None:
    assert told("way-out", *lines) == wanted
