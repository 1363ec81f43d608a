"""The engine `errptr`, and the question about locks that were got."""

from __future__ import annotations

import pytest

from linter.detect.errptr_use import mixed_failure, null_error_read, zero_to_errptr
from linter.detect.trylocks import inverted_trylock
from tests.detect.units import ask, ask_words

READ = "int foo(struct foo *f)\n{{\n\tstruct bar *p = {call};\n\tint ret = 0;\n\n{body}\treturn ret;\n}}\n"


@pytest.mark.parametrize(
    ("call", "body", "told"),
    [
        ("bar(f)", "\tif (!p)\n\t\treturn PTR_ERR(p);\n", True),
        ("bar(f)", "\tif (p == NULL) {\n\t\tret = PTR_ERR(p);\n\t\treturn ret;\n\t}\n", True),
        ("bar(f)", '\tif (!p)\n\t\treturn dev_err_probe(f->dev, PTR_ERR(p), "no bar\\n");\n', True),
        ("bar(f)", '\tif (!p)\n\t\tdev_err(f->dev, "no bar: %ld\\n", PTR_ERR(p));\n', False),
        ("bar(f)", "\tif (!p)\n\t\treturn p ? PTR_ERR(p) : -ENODEV;\n", False),
        ("bar(f)", "\tif (!p)\n\t\tp = ERR_PTR(-EIO);\n\tif (IS_ERR(p))\n\t\treturn PTR_ERR(p);\n", False),
        ("bar(f)", "\tif (IS_ERR_OR_NULL(p))\n\t\treturn PTR_ERR(p);\n", False),
        ("kzalloc(8, GFP_KERNEL)", "\tif (IS_ERR_OR_NULL(p))\n\t\treturn PTR_ERR(p);\n", True),
        ("kzalloc(8, GFP_KERNEL)", "\tif (IS_ERR(p))\n\t\treturn PTR_ERR(p);\n", False),
        ("clk_get(f->dev, NULL)", "\tif (IS_ERR_OR_NULL(p))\n\t\treturn PTR_ERR(p);\n", False),
        ("gpiod_get_optional(f->dev, NULL, 0)", "\tif (IS_ERR_OR_NULL(p))\n\t\treturn PTR_ERR(p);\n", False),
        ("bar(f)", "\tif (!p)\n\t\treturn -ENODEV;\n\t__hunklint_gap();\n\tif (!p)\n\t\treturn PTR_ERR(p);\n", False),
    ],
)
def test_the_error_of_null(call: str, body: str, told: bool) -> None:
    assert bool(ask(null_error_read, READ.format(call=call, body=body))) is told


MADE = "struct bar *foo(void)\n{{\n\tstruct bar *p;\n\tint ret{start};\n\n{body}\treturn p;\n}}\n"


@pytest.mark.parametrize(
    ("start", "body", "told"),
    [
        (" = 0", "\tp = kzalloc(8, GFP_KERNEL);\n\tif (!p)\n\t\treturn ERR_PTR(ret);\n", ["return ERR_PTR(ret);"]),
        (" = -EIO", "\tp = kzalloc(8, GFP_KERNEL);\n\tif (!p)\n\t\treturn ERR_PTR(ret);\n", []),
        ("", "\tp = kzalloc(8, GFP_KERNEL);\n\tif (!p)\n\t\treturn ERR_PTR(ret);\n", []),
        (" = 0", "\tp = bar_find();\n\tif (!p)\n\t\treturn ERR_PTR(ret);\n", []),
        (" = 0", "\tp = bar_get();\n\tif (IS_ERR(p))\n\t\treturn ERR_PTR(ret);\n", ["return ERR_PTR(ret);"]),
        (" = 0", "\tp = bar_get();\n\tif (IS_ERR(p)) {\n\t\tbar_put(&ret);\n\t\treturn ERR_PTR(ret);\n\t}\n", []),
    ],
)
def test_an_error_pointer_of_zero(start: str, body: str, told: list[str]) -> None:
    assert ask_words(zero_to_errptr, MADE.format(start=start, body=body)) == told


MIXED = (
    "{type} foo(struct foo *f)\n{{\n\tstruct bar *p = {call};\n\n\tif (!p)\n\t\t{first};\n\tif (run(p))\n"
    "\t\treturn ERR_PTR(-EIO);\n\treturn p;\n}}\n"
)


@pytest.mark.parametrize(
    ("type", "call", "first", "told"),
    [
        ("struct bar *", "kzalloc(8, GFP_KERNEL)", "return NULL", True),
        ("struct bar *", "kzalloc_obj(*p)", "return NULL", True),
        ("struct bar *", "kzalloc(8, GFP_KERNEL)", "return ERR_PTR(-ENOMEM)", False),
        ("struct bar *", "bar_find(f)", "return NULL", False),
        ("long", "kzalloc(8, GFP_KERNEL)", "return NULL", False),
    ],
)
def test_two_ways_to_fail(type: str, call: str, first: str, told: bool) -> None:
    assert bool(ask(mixed_failure, MIXED.format(type=type, call=call, first=first))) is told


LOCKED = "int foo(struct foo *f)\n{{\n{body}\tf->runs++;\n\t{release}(&f->lock);\n\treturn 0;\n}}\n"


@pytest.mark.parametrize(
    ("body", "release", "told"),
    [
        ("\tif (spin_trylock(&f->lock))\n\t\treturn -EBUSY;\n", "spin_unlock", True),
        ("\tif (!spin_trylock(&f->lock))\n\t\treturn -EBUSY;\n", "spin_unlock", False),
        ("\tif (!down_trylock(&f->lock))\n\t\treturn -EBUSY;\n", "up", True),
        ("\tif (down_trylock(&f->lock))\n\t\treturn -EBUSY;\n", "up", False),
        ("\tint ret = mutex_trylock(&f->lock);\n\n\tif (ret != 0)\n\t\treturn -EBUSY;\n", "mutex_unlock", True),
        ("\tint ret = mutex_trylock(&f->lock);\n\n\tif (ret == 0)\n\t\treturn -EBUSY;\n", "mutex_unlock", False),
        ("\tif (mutex_trylock(&f->lock))\n\t\treturn 0;\n", "mutex_unlock", False),
        ("\tif (mutex_trylock(&f->lock))\n\t\treturn -EBUSY;\n", "bar_unlock", False),
        (
            "\tif (mutex_trylock(&f->lock)) {\n\t\tmutex_unlock(&f->lock);\n\t\treturn -EBUSY;\n\t}\n",
            "mutex_unlock",
            False,
        ),
    ],
)
def test_the_answer_of_a_call_that_tries(body: str, release: str, told: bool) -> None:
    assert bool(ask(inverted_trylock, LOCKED.format(body=body, release=release))) is told
