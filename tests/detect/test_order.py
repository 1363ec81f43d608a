"""The engine `order`: steps that come too early, and tests that come too late."""

from __future__ import annotations

import pytest

from linter.detect import early, pointers, sequences
from linter.detect.order import QUESTIONS
from tests.detect.units import ask, ask_words

PROBE = "static int foo_probe(struct platform_device *pdev, struct foo *foo)\n{{\n\tint ret;\n\n{body}\treturn 0;\n}}\n"
REQUEST = '\tret = request_irq(foo->irq, foo_irq, 0, "foo", foo);\n\tif (ret)\n\t\treturn ret;\n'


def test_what_is_set_up_behind_the_publication() -> None:
    late = PROBE.format(body=REQUEST + "\tspin_lock_init(&foo->lock);\n")
    first = PROBE.format(body="\tspin_lock_init(&foo->lock);\n" + REQUEST)
    other = PROBE.format(body=REQUEST + "\tspin_lock_init(&bar->lock);\n")
    assert ask_words(early.published_before_init, late) == ["spin_lock_init(&foo->lock)"]
    assert not ask(early.published_before_init, first)
    assert not ask(early.published_before_init, other)


def test_what_is_found_by_its_key_need_not_be_able_to_run() -> None:
    body = "\tlist_add_rcu(&foo->node, &all);\n\ttimer_setup(&foo->timer, f, 0);\n"
    assert not ask(early.published_before_init, PROBE.format(body=body))
    listed = "\tlist_add_rcu(&foo->node, &all);\n" + REQUEST + "\tspin_lock_init(&foo->lock);\n"
    assert len(ask(early.published_before_init, PROBE.format(body=listed))) == 1


def test_the_branch_of_a_failed_publication_does_not_count() -> None:
    body = (
        "\tret = xa_insert(&foo->xa, 1, foo, GFP_KERNEL);\n"
        "\tif (ret) {\n\t\tspin_lock_init(&foo->lock);\n\t\treturn ret;\n\t}\n"
    )
    assert not ask(early.published_before_init, PROBE.format(body=body))
    assert not ask(early.published_before_init, PROBE.format(body=body.replace("ret", "res")))


def test_unknown_code_ends_the_way() -> None:
    body = (
        '\tfd = anon_inode_getfd("x", &ops, foo, 0);\n{}'
        "\tdev = foo_device_get(foo);\n\tif (!dev)\n\t\treturn -ENODEV;\n"
    )
    assert ask(sequences.get_before_create, PROBE.format(body=body.format("")))
    assert not ask(sequences.get_before_create, PROBE.format(body=body.format("\t__hunklint_gap();\n")))


@pytest.mark.parametrize(
    ("flag", "call", "expected"),
    [
        ("be_alloc", "foo_alloc_pages(foo)", 1),
        ("enabled", "clk_enable(foo->clk)", 1),
        ("enabled", "foo_wait(foo)", 0),
        ("count", "foo_alloc_pages(foo)", 0),
    ],
)
def test_a_flag_announces_its_step(flag: str, call: str, expected: int) -> None:
    body = f"\tfoo->{flag} = true;\n\tret = {call};\n\tif (ret)\n\t\treturn ret;\n"
    assert len(ask(sequences.flag_before_success, PROBE.format(body=body))) == expected


def test_a_use_on_every_path_before_the_test() -> None:
    body = "\tif (a)\n\t\tfoo->x = 1;\n{}\tif (!foo)\n\t\treturn 1;\n"
    assert not ask(pointers.tested_after_use, PROBE.format(body=body.format("")))
    assert ask_words(pointers.tested_after_use, PROBE.format(body=body.format("\telse\n\t\tfoo->x = 2;\n"))) == [
        "foo->x"
    ]


def test_a_use_where_the_pointer_is_null() -> None:
    body = "\tif (!foo)\n\t\t{}\n\tfoo->x = 1;\n"
    assert ask(pointers.used_where_null, PROBE.format(body=body.format('pr_err("no\\n");')))
    for way_out in ("return 1;", "foo = other();", "get(&foo);"):
        assert not ask(pointers.used_where_null, PROBE.format(body=body.format(way_out))), way_out


def test_a_pointer_that_was_tested_before() -> None:
    body = "\tif (!foo)\n\t\treturn 1;\n\tx = foo ? foo->a : 0;\n\tfoo->x = 1;\n"
    assert not ask(pointers.used_where_null, PROBE.format(body=body))


def test_every_question_survives_odd_code() -> None:
    text = "static int f(void)\n{\n\twhile (p) p = p->next; do { p->a; } while (!p);\nout:\n\treturn ({ 1; });\n}\n"
    for name, question in QUESTIONS.items():
        assert isinstance(ask(question, text), list), name
