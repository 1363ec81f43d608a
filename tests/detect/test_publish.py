"""The engine `publish`: objects that others can find, and that are freed under them."""

from __future__ import annotations

import pytest

from linter.detect.publish import QUESTIONS, fed_before_made, filled_after, freed_while_found
from linter.detect.publish_words import publish_words
from linter.flow.build import build_cfg
from linter.flow.model import StepKind
from tests.detect.units import ask, make_function, tables

FUNCTION = "static int foo(struct foo *p, struct bar *b, int a)\n{{\n\tint ret;\n\n\t{body}\n\treturn 0;\n}}\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("list_add(&b->node, &p->list); if (a) kfree(b);", True),
        ("list_add(&b->in.node, &p->list); if (a) kfree(b);", True),
        ("list_add_rcu(&b->node, &all); kfree(b);", True),
        ("hash_add(p->table, &b->node, a); kfree(b);", True),
        ("ret = xa_insert(&p->xa, a, b, GFP_KERNEL); if (ret) kfree(b);", False),
        ("ret = xa_insert(&p->xa, a, b, GFP_KERNEL); if (!ret) kfree(b);", True),
        ("ret = idr_alloc(&p->idr, b, a, a + 1, GFP_KERNEL); if (ret != a) kfree(b);", False),
        ("xa_store(&p->xa, a, b, GFP_KERNEL); kfree(b);", False),
        ("if (a) list_add(&b->node, &p->list); if (!a) kfree(b);", False),
        ("list_add(&b->node, &p->list); list_del(&b->node); kfree(b);", False),
        ("list_add(&b->node, &p->list); foo_unlink(p, b); kfree(b);", False),
        ("list_add(&b->node, &p->list); foo_purge(&p->list); kfree(b);", False),
        ("list_add(&b->node, &p->list); b = other(); kfree(b);", False),
        ("for (;;) { b = next(); if (a) { kfree(b); continue; } list_add(&b->node, &p->list); }", False),
        ("list_add(&b->node, &p->list); wait_for_completion(&p->done); kfree(b);", False),
        ("list_add(&b->node, &p->list); kfree(b->name);", False),
        ("list_add(&b->node, &b->list); kfree(b);", False),
        ("struct list_head own; list_add(&b->node, &own); kfree(b);", False),
        ("LIST_HEAD(own); list_add(&b->node, &own); kfree(b);", False),
        ("list_add(&b->node, &p->list); __hunklint_gap(); kfree(b);", False),
        ("device_add(&b->dev); kfree(b);", False),
    ],
)
def test_an_object_that_is_freed(body: str, told: bool) -> None:
    assert bool(ask(freed_while_found, FUNCTION.format(body=body))) is told


def test_a_row_says_what_is_published_and_where() -> None:
    cfg = build_cfg(
        make_function("void f(void)\n{\n\trequest_irq(irq, f, 0, name, dev); idr_alloc(&ids, b, 0, 0, g);\n}\n")
    )
    calls = {s.expr.text: s.expr for block in cfg.blocks for s in block.steps if s.kind is StepKind.CALL and s.expr}
    rows = publish_words(tables()).rows
    irq, number = rows["request_irq"], rows["idr_alloc"]
    assert getattr(irq.published(calls["request_irq"]), "key", None) == "dev"
    assert irq.container(calls["request_irq"]) is None
    assert getattr(number.published(calls["idr_alloc"]), "key", None) == "b"
    assert getattr(number.container(calls["idr_alloc"]), "key", None) == "&ids"
    assert irq.preferred == "free_irq"


def test_what_publishes_at_once() -> None:
    words = publish_words(tables())
    assert words.publishes("request_irq") and words.publishes("foo_add_host")
    assert not words.publishes("list_add") and not words.publishes("fd_install")
    assert not words.publishes("foo_unregister_display")
    assert "fd_install" in words.to("descriptor")


def test_every_question_survives_odd_code() -> None:
    text = "void f(void)\n{\n\tlist_add();\n\tlist_add(&a, &b);\n\tlist_add(a->b[1], c);\n\tkfree(a);\n}\n"
    for name, question in QUESTIONS.items():
        assert isinstance(ask(question, text), list), name


IRQ = "ret = devm_request_irq(d, p->irq, handler, {flags}, n, p); if (ret) return ret; "


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (IRQ.format(flags="0") + "p->supply = devm_power_supply_register(d, &desc, NULL);", True),
        (IRQ.format(flags="0") + "ret = foo_power_supply_init(p);", True),
        (IRQ.format(flags="0") + "ret = foo_power_supply_read(p);", False),
        (IRQ.format(flags="0") + "b->supply = devm_power_supply_register(d, &desc, NULL);", False),
        (IRQ.format(flags="IRQF_NO_AUTOEN") + "ret = foo_power_supply_init(p);", False),
        ("ret = foo_power_supply_init(p); " + IRQ.format(flags="0"), False),
        ("ret = devm_request_irq(d, p->irq, h, 0, n, p); if (ret) { foo_power_supply_init(p); return ret; }", False),
    ],
)
def test_what_an_interrupt_feeds(body: str, told: bool) -> None:
    assert bool(ask(fed_before_made, FUNCTION.format(body=body))) is told


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("ret = device_add(&p->dev); if (ret) return ret; p->ops = &ops;", True),
        ("ret = snd_device_register(c, p); p->private_data = b;", True),
        ("ret = device_add(&p->dev); if (ret) p->ops = &ops;", False),
        ("ret = device_add(&p->dev); p->ops = NULL;", False),
        ("ret = device_add(&p->dev); p->count = 1;", False),
        ("ret = device_add(&p->dev); b->ops = &ops;", False),
        ("p->ops = &ops; ret = device_add(&p->dev);", False),
        ("list_add(&p->node, &all); p->ops = &ops;", False),
    ],
)
def test_what_is_filled_in_too_late(body: str, told: bool) -> None:
    assert bool(ask(filled_after, FUNCTION.format(body=body))) is told
