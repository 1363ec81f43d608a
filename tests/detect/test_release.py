"""The engine `release`: what happens to an object after it was given up, and what is released though never got."""

from __future__ import annotations

import pytest

from linter.detect.release_failed import dangling_member, released_failed
from linter.detect.release_stop import stopped_without_waiting
from linter.detect.release_use import freed_in_walk, freed_twice, used_after_free, used_after_handover
from tests.detect.units import ask, ask_words

RX = (
    "void foo(struct net_device *dev, struct sk_buff *skb)\n{{\n\tnetif_rx(skb);\n{body}\tdev->bytes += skb->len;\n}}\n"
)


def test_a_buffer_that_the_stack_has() -> None:
    assert ask_words(used_after_handover, RX.format(body="")) == ["skb->len"]


@pytest.mark.parametrize(
    "body",
    ["\tskb = dev->next;\n", "\treturn;\n", "\t__hunklint_gap();\n", "\tfoo_next(&skb);\n", "\tskb_get(skb);\n"],
)
def test_what_makes_the_name_stand_for_something_else(body: str) -> None:
    assert not ask(used_after_handover, RX.format(body=body))


def test_another_name_for_the_same_buffer() -> None:
    text = "void foo(struct sk_buff *skb)\n{\n\tstruct sk_buff *b = skb;\n\n\tkfree_skb(skb);\n\tb->len = 0;\n}\n"
    assert ask_words(used_after_free, text) == ["b->len"]


def test_what_the_function_made_is_told_by_another_rule() -> None:
    text = "void foo(void)\n{\n\tchar *p = kmalloc(1, GFP_KERNEL);\n\n\tkfree(p);\n\t*p = 0;\n}\n"
    assert not ask(used_after_free, text)


def test_conditions_that_exclude_each_other() -> None:
    text = "void foo(struct bar *p, int err)\n{{\n\tif (err)\n\t\tkfree(p);\n\tif ({test})\n\t\tkfree(p);\n}}\n"
    assert ask(freed_twice, text.format(test="err < 0"))
    assert not ask(freed_twice, text.format(test="!err"))


def test_a_member_that_a_call_may_replace() -> None:
    text = "void foo(struct bar *p)\n{{\n\tkfree(p->buf);\n\t{call};\n\tkfree(p->buf);\n}}\n"
    assert ask(freed_twice, text.format(call="bar_log()"))
    assert not ask(freed_twice, text.format(call="bar_fill(p)"))


WALK = "void foo(struct list_head *h)\n{{\n\tstruct bar *b;\n\n\t{head} {{\n\t\tkfree(b);\n{tail}\t}}\n}}\n"


@pytest.mark.parametrize(
    ("head", "tail", "told"),
    [
        ("list_for_each_entry(b, h, node)", "", True),
        ("list_for_each_entry(b, h, node)", "\t\tbreak;\n", False),
        ("list_for_each_entry(b, h, node)", "\t\treturn;\n", False),
        ("list_for_each_entry_safe(b, n, h, node)", "", False),
    ],
)
def test_a_walk_over_what_it_frees(head: str, tail: str, told: bool) -> None:
    assert bool(ask(freed_in_walk, WALK.format(head=head, tail=tail))) is told


def test_a_second_walk_starts_anew() -> None:
    text = (
        "void foo(struct list_head *h, int n)\n{\n\tstruct bar *b;\n\n\twhile (n--) {\n"
        "\t\tlist_for_each_entry(b, h, node)\n\t\t\tif (b->old)\n\t\t\t\tbreak;\n\t\tkfree(b);\n\t}\n}\n"
    )
    assert not ask(freed_in_walk, text)


FAIL = (
    "int foo(int n)\n{{\n\tstruct bar *p = bar_find(n);\n\tint ret;\n\n"
    "\tif ({test}) {{\n\t\tret = -1;\n\t\tgoto out;\n\t}}\n"
    "\tret = bar_run(p);\nout:\n\t{release}(p);\n\treturn ret;\n}}\n"
)


@pytest.mark.parametrize(
    ("test", "release", "told"),
    [
        ("!p", "scsi_host_put", True),
        ("p == NULL", "scsi_host_put", True),
        ("!p", "kfree", False),
        ("IS_ERR(p)", "kfree", True),
        ("IS_ERR(p)", "bar_forget", False),
        ("!n", "scsi_host_put", False),
    ],
)
def test_a_release_of_what_was_not_got(test: str, release: str, told: bool) -> None:
    assert bool(ask(released_failed, FAIL.format(test=test, release=release))) is told


OPEN = (
    "int {name}(struct foo *foo)\n{{\n\tfoo->a = kmalloc(4, GFP_KERNEL);\n\tif (!foo->a)\n\t\treturn -ENOMEM;\n"
    "\tif (foo_run(foo)) {{\n\t\tkfree(foo->a);\n{clear}\t\treturn -EIO;\n\t}}\n\treturn 0;\n}}\n"
)


def test_a_member_that_keeps_what_is_gone() -> None:
    assert ask_words(dangling_member, OPEN.format(name="foo_open", clear="")) == ["kfree(foo->a)"]
    assert not ask(dangling_member, OPEN.format(name="foo_open", clear="\t\tfoo->a = NULL;\n"))
    assert not ask(dangling_member, OPEN.format(name="foo_open", clear="\t\tfoo_reset(foo);\n"))
    assert not ask(dangling_member, OPEN.format(name="foo_probe", clear=""))


STOP = "void {name}(struct foo *foo)\n{{\n\t{stop}(&foo->work);\n{body}}}\n"


@pytest.mark.parametrize(
    ("name", "stop", "body", "told"),
    [
        ("foo_destroy", "cancel_work", "\tkfree(foo);\n", True),
        ("foo_destroy", "cancel_work_sync", "\tkfree(foo);\n", False),
        ("foo_destroy", "cancel_work", "\tflush_work(&foo->work);\n\tkfree(foo);\n", False),
        ("foo_destroy", "cancel_work", "\tkfree(bar);\n", False),
        ("foo_deinit", "cancel_delayed_work", "\tdestroy_workqueue(foo->wq);\n", True),
        ("foo_remove", "timer_delete", "", True),
        ("foo_stop", "timer_delete", "", False),
    ],
)
def test_a_work_that_may_still_run(name: str, stop: str, body: str, told: bool) -> None:
    assert bool(ask(stopped_without_waiting, STOP.format(name=name, stop=stop, body=body))) is told


@pytest.mark.parametrize(("end", "told"), [("kfree(foo);", True), ("kfree(other);", False)])
def test_works_of_a_list_that_go_with_it(end: str, told: bool) -> None:
    text = (
        "void foo_free(struct foo *foo, struct foo *other)\n{\n\tstruct bar *bar;\n\n"
        f"\tlist_for_each_entry(bar, &foo->bars, node)\n\t\tcancel_work(&bar->work);\n\t{end}\n}}\n"
    )
    assert bool(ask(stopped_without_waiting, text)) is told
