"""The engine `family`: what one family of calls made, and another one gives back."""

from __future__ import annotations

import pytest

from linter.detect.family_order import managed_outlives
from linter.detect.family_place import managed_in_use
from linter.detect.family_use import managed_released, other_family
from linter.detect.family_words import family_words
from tests.detect.units import ask, ask_words, tables

LOCAL = (
    "int foo(struct foo *f)\n{{\n\tvoid *p = {made};\n\n\tif (!p)\n\t\treturn -ENOMEM;\n{body}\t{freed};\n"
    "\treturn 0;\n}}\n"
)


@pytest.mark.parametrize(
    ("made", "freed", "told"),
    [
        ("vmalloc(8)", "kfree(p)", True),
        ("vmalloc(8)", "vfree(p)", False),
        ("vmalloc(8)", "kvfree(p)", False),
        ("kvmalloc(8, GFP_KERNEL)", "kfree(p)", True),
        ("kzalloc_obj(struct bar)", "vfree(p)", True),
        ("kzalloc(8, GFP_KERNEL)", "kfree_const(p)", False),
        ("kzalloc(8, GFP_KERNEL)", "kmem_cache_free(f->cache, p)", True),
        ("kmem_cache_alloc(f->cache, GFP_KERNEL)", "kfree(p)", False),
        ("usb_alloc_urb(0, GFP_KERNEL)", "kfree(p)", True),
        ("bar_make(f)", "kfree(p)", False),
        ("dma_pool_create(NULL, f->dev, 8, 8, 0)", "dma_pool_free(p, f->buf, f->dma)", False),
    ],
)
def test_what_a_function_makes_and_frees(made: str, freed: str, told: bool) -> None:
    assert bool(ask(other_family, LOCAL.format(made=made, freed=freed, body=""))) is told


def test_a_variable_that_holds_something_else_by_then() -> None:
    text = LOCAL.format(made="vmalloc(8)", freed="kfree(p)", body="\tvfree(p);\n\tp = bar_make(f);\n")
    assert not ask(other_family, text)
    either = LOCAL.format(made="vmalloc(8)", freed="kfree(p)", body="\tif (f->n)\n\t\tp = kmalloc(8, GFP_KERNEL);\n")
    assert not ask(other_family, either)


ACROSS = (
    "void one(struct foo *f)\n{{\n\tf->buf = {made};\n}}\n\n"
    "void two(struct {type} *{name})\n{{\n\tkfree({name}->buf);\n}}\n"
)


@pytest.mark.parametrize(
    ("made", "type", "name", "told"),
    [
        ("vmalloc(8)", "foo", "f", True),
        ("vmalloc(8)", "foo", "other", True),
        ("vmalloc(8)", "bar", "f", False),
        ("kmalloc(8, GFP_KERNEL)", "foo", "f", False),
        ("bar_make()", "foo", "f", False),
        ("spare", "foo", "f", False),
    ],
)
def test_a_member_that_one_function_fills_and_another_frees(made: str, type: str, name: str, told: bool) -> None:
    assert bool(ask(other_family, ACROSS.format(made=made, type=type, name=name))) is told


def test_a_file_that_asks_what_kind_of_memory_it_is() -> None:
    text = LOCAL.format(
        made="vmalloc(8)", freed="kfree(p)", body="\tif (is_vmalloc_addr(p))\n\t\tvfree(p);\n\telse\n\t"
    )
    assert not ask(other_family, text)


@pytest.mark.parametrize(
    ("made", "freed", "told"),
    [
        ("devm_kzalloc(f->dev, 8, GFP_KERNEL)", "kfree(p)", True),
        ("devm_kzalloc(f->dev, 8, GFP_KERNEL)", "devm_kfree(f->dev, p)", False),
        ("devm_clk_get(f->dev, NULL)", "clk_put(p)", True),
        ("devm_clk_get_enabled(f->dev, NULL)", "clk_disable_unprepare(p)", False),
        ("devm_input_allocate_device(f->dev)", "input_free_device(p)", False),
        ("clk_get(f->dev, NULL)", "clk_put(p)", False),
    ],
)
def test_what_the_device_releases(made: str, freed: str, told: bool) -> None:
    assert bool(ask(managed_released, LOCAL.format(made=made, freed=freed, body=""))) is told


def test_a_registration_that_the_device_takes_back() -> None:
    text = (
        "int foo(struct foo *f)\n{{\n\tif (devm_request_irq(f->dev, f->irq, isr, 0, NULL, f))\n\t\treturn -EIO;\n"
        "\t{}\n}}\n"
    )
    assert ask_words(managed_released, text.format("free_irq(f->irq, f);")) == ["free_irq(f->irq, f)"]
    assert not ask(managed_released, text.format("free_irq(f->other, f);"))
    assert not ask(managed_released, text.format("devm_free_irq(f->dev, f->irq, f);"))


def test_what_is_switched_on_is_no_thing_that_is_given_back_once() -> None:
    managed = family_words(tables()).managed
    assert "devm_kzalloc" in managed and "devm_request_irq" in managed
    assert "devm_clk_get_enabled" not in managed and "devm_regulator_get_enable" not in managed


OUTLIVES = (
    "int foo_probe(struct foo *f)\n{{\n\tstruct bar *p = kzalloc(8, GFP_KERNEL);\n\tint ret;\n\n"
    "\tret = devm_request_irq(f->dev, f->irq, isr, 0, NULL, p);\n{body}\treturn ret;\n}}\n"
)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("\tif (ret)\n\t\tkfree(p);\n", False),
        ("\tif (ret)\n\t\treturn ret;\n\tret = run(p);\n\tif (ret)\n\t\tkfree(p);\n", True),
        ("\tif (ret)\n\t\treturn ret;\n\tdevm_free_irq(f->dev, f->irq, p);\n\tkfree(p);\n", False),
        ("\tif (ret)\n\t\treturn ret;\n\tkfree(f->name);\n", False),
        ("\tif (ret)\n\t\treturn ret;\n\t__hunklint_gap();\n\tkfree(p);\n", False),
    ],
)
def test_a_handler_that_is_given_what_is_freed(body: str, told: bool) -> None:
    assert bool(ask(managed_outlives, OUTLIVES.format(body=body))) is told


@pytest.mark.parametrize(
    ("name", "type", "first", "told"),
    [
        ("foo_remove", "bar", "", True),
        ("foo_remove", "baz", "", False),
        ("foo_reset", "bar", "", False),
        ("foo_remove", "bar", "\tdisable_irq(d->irq);\n", False),
    ],
)
def test_what_the_remove_function_frees(name: str, type: str, first: str, told: bool) -> None:
    removes = f"\nvoid {name}(struct dev *d)\n{{\n\tstruct {type} *q = get(d);\n\n{first}\tkfree(q);\n}}\n"
    assert bool(ask(managed_outlives, OUTLIVES.format(body="") + removes)) is told


OPENS = (
    "static int foo_open(struct inode *i, struct file *f)\n{{\n\tf->private_data = devm_kzalloc(dev, 8, GFP_KERNEL);\n"
    "\treturn 0;\n}}\n\nstatic const struct file_operations foo_fops = {{\n\t.open = {handler},\n}};\n{more}"
)


@pytest.mark.parametrize(
    ("handler", "more", "told"),
    [
        ("foo_open", "", True),
        ("bar_open", "", False),
        ("foo_open", "void foo_end(struct foo *f)\n{\n\tdevm_kfree(f->dev, f->p);\n}\n", False),
    ],
)
def test_a_handler_that_allocates_for_good(handler: str, more: str, told: bool) -> None:
    assert bool(ask(managed_in_use, OPENS.format(handler=handler, more=more))) is told
