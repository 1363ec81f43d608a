"""The engine `overflow`: lengths that nothing bounds, sums that wrap, products that are too narrow."""

from __future__ import annotations

import pytest

from linter.detect.overflow import copy_unbounded, narrow_product, sum_wraps
from tests.detect.units import ask, ask_words

COPY = "int foo(const void __user *from, size_t n, struct foo *foo)\n{{\n\tchar buf[8];\n\n{body}\treturn 0;\n}}\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("\tif (copy_from_user(buf, from, n))\n\t\treturn -EFAULT;\n", True),
        ("\tif (copy_from_user(buf, from, sizeof(buf)))\n\t\treturn -EFAULT;\n", False),
        ("\tif (n > 8)\n\t\treturn -EINVAL;\n\tif (copy_from_user(buf, from, n))\n\t\treturn -EFAULT;\n", False),
        ("\tn = min(n, 8);\n\tif (copy_from_user(buf, from, n))\n\t\treturn -EFAULT;\n", False),
        ("\tif (copy_from_user(foo->buf, from, n))\n\t\treturn -EFAULT;\n", False),
        ("\t__hunklint_gap();\n\tif (copy_from_user(buf, from, n))\n\t\treturn -EFAULT;\n", False),
    ],
)
def test_a_length_that_the_caller_gives(body: str, told: bool) -> None:
    assert bool(ask(copy_unbounded, COPY.format(body=body))) is told


SUM = (
    "int foo(struct msg *m, u32 size)\n{{\n\t{kind} a = le32_to_cpu(m->a);\n\t{kind} b = {source}(m->b);\n\n"
    "\tif ({test})\n\t\treturn -EINVAL;\n\treturn 0;\n}}\n"
)


@pytest.mark.parametrize(
    ("kind", "source", "test", "told"),
    [
        ("u32", "le32_to_cpu", "a + b > size", True),
        ("u32", "le32_to_cpu", "size < a + b + 4", True),
        ("u64", "le32_to_cpu", "a + b > size", False),
        ("u32", "le16_to_cpu", "a + b > size", False),
        ("u32", "le32_to_cpu", "a > size || a + b > size", False),
        ("u32", "le32_to_cpu", "check_add_overflow(a, b, &size) || a + b > size", False),
    ],
)
def test_a_sum_of_what_came_from_outside(kind: str, source: str, test: str, told: bool) -> None:
    assert bool(ask(sum_wraps, SUM.format(kind=kind, source=source, test=test))) is told


def test_a_product_in_the_width_of_its_factors() -> None:
    text = "u64 foo(u32 a, {kind} b)\n{{\n\tu64 x = a * b;\n\n\treturn x;\n}}\n"
    assert ask_words(narrow_product, text.format(kind="u32")) == ["a * b"]
    assert not ask(narrow_product, text.format(kind="u64"))
    assert not ask(narrow_product, text.format(kind="u32").replace("a * b", "(u64)a * 2"))
