"""Objects that count their references, and are freed as if they did not."""

from __future__ import annotations

import pytest

from linter.detect.release_put import freed_not_put
from tests.detect.units import ask

FUNCTION = "static int foo(struct foo *p, struct foo *q, int a)\n{{\n\tint ret;\n\n\t{body}\n\treturn 0;\n}}\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("ret = device_register(&p->dev); if (ret) kfree(p);", True),
        ("device_initialize(&p->base.dev); if (a) kfree(p);", True),
        ("kobject_init(&p->kobj, t); kfree(p);", True),
        ("platform_device_register(p); kfree(p);", True),
        ("device_initialize(&p->dev); q = p; kfree(q);", True),
        ("if (a) kfree(p); device_initialize(&p->dev);", False),
        ("device_initialize(&p->dev); kfree(p->name);", False),
        ("device_initialize(&p->dev); kfree(q);", False),
        ("device_initialize(&p->dev); put_device(&p->dev); kfree(p);", False),
        ("device_initialize(&p->dev); foo_put(p); kfree(p);", False),
        ("device_initialize(&p->dev); p = other(); kfree(p);", False),
        ("device_initialize(&p->dev); __hunklint_gap(); kfree(p);", False),
        ("if (a) device_initialize(&p->dev); if (!a) kfree(p);", False),
        ("for (;;) { p = next(); if (a) { kfree(p); continue; } device_initialize(&p->dev); }", False),
        ("device_initialize(&p->other->dev); kfree(p);", False),
        ("device_initialize(); kfree(p);", False),
    ],
)
def test_who_frees_what_is_counted(body: str, told: bool) -> None:
    assert bool(ask(freed_not_put, FUNCTION.format(body=body))) is told
