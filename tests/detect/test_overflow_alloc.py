"""Allocations whose size user space says."""

from __future__ import annotations

import pytest

from linter.detect.overflow_alloc import alloc_unbounded, user_sum_wraps
from tests.detect.units import ask, ask_words

FUNCTION = """static long foo(struct foo *p, struct arg __user *up)
{{
	struct arg a;
	u32 n;
	u8 small;
	void *buf;

	if (copy_from_user(&a, up, sizeof(a)))
		return -EFAULT;
	{body}
	return 0;
}}
"""


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("buf = kmalloc(a.size, GFP_KERNEL);", True),
        ("buf = kzalloc(sizeof(*p) + a.size, GFP_KERNEL);", True),
        ("n = a.count * 8; buf = vmalloc(n);", True),
        ("get_user(n, up); buf = kcalloc(n, 4, GFP_KERNEL);", True),
        ("buf = vmemdup_user(up, a.size);", True),
        ("if (!a.size) return 0; buf = kmalloc(a.size, GFP_KERNEL);", True),
        ("buf = kmalloc(a.size, GFP_KERNEL); for (n = 0; n < a.size; n++) buf[n] = 0;", True),
        ("if (a.size > 64) return 0; buf = kmalloc(a.size, GFP_KERNEL);", False),
        ("n = a.size; if (n > 64) return 0; buf = kmalloc(n, GFP_KERNEL);", False),
        ("n = min(a.size, 64); buf = kmalloc(n, GFP_KERNEL);", False),
        ("small = a.size; buf = kmalloc(small, GFP_KERNEL);", False),
        ("if (check(&a)) return 0; buf = kmalloc(a.size, GFP_KERNEL);", False),
        ("if (check_mul_overflow(a.size, 8, &n)) return 0; buf = kmalloc(n, GFP_KERNEL);", False),
        ("buf = kmalloc(a.size & 0xff, GFP_KERNEL);", False),
        ("buf = kmalloc(a.size, GFP_KERNEL | __GFP_NOWARN);", False),
        ("buf = kvmalloc(a.size, GFP_KERNEL_ACCOUNT);", False),
        ("buf = kmalloc(p->size, GFP_KERNEL);", False),
        ("buf = memdup_user(up, a.size);", False),
    ],
)
def test_what_bounds_a_size(body: str, told: bool) -> None:
    assert bool(ask(alloc_unbounded, FUNCTION.format(body=body))) is told


def test_what_came_in_after_the_allocation() -> None:
    text = (
        "int f(struct a __user *u)\n{\n\tu32 n = 4;\n\tb = kmalloc(n, GFP_KERNEL);\n\tget_user(n, u);\n\treturn 0;\n}\n"
    )
    assert not ask(alloc_unbounded, text)


def test_the_argument_of_an_ioctl_of_drm_and_of_an_option() -> None:
    drm = (
        "int f(struct drm_device *dev, void *data, struct drm_file *file)\n{\n\tstruct arg *a = data;\n\n"
        "\tb = kvmalloc_array(a->n, 8, GFP_KERNEL);\n\treturn 0;\n}\n"
    )
    assert ask_words(alloc_unbounded, drm) == ["kvmalloc_array(a->n, 8, GFP_KERNEL)"]
    assert not ask(alloc_unbounded, drm.replace("drm_file", "foo_file"))
    option = "int {name}(struct sock *s, int optlen)\n{{\n\tb = kmalloc(optlen, GFP_KERNEL);\n\treturn 0;\n}}\n"
    assert ask(alloc_unbounded, option.format(name="foo_setsockopt"))
    assert not ask(alloc_unbounded, option.format(name="foo_other"))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("if (sizeof(a) + a.count * 8 > p->len) return 0;", True),
        ("if (p->len != sizeof(a) + ENTRIES(a.count)) return 0;", True),
        ("if (sizeof(a) + a.count * 8 > p->len) return 0; for (n = 0; n < a.count; n++) go(n);", True),
        ("if (a.count > 4) return 0; if (sizeof(a) + a.count * 8 > p->len) return 0;", False),
        ("if (sizeof(a) + entries(a.count) > p->len) return 0;", False),
        ("if (sizeof(a) + p->count * 8 > p->len) return 0;", False),
        ("if (sizeof(a) + a.offset > p->len) return 0;", False),
        ("small = a.count; if (sizeof(a) + small * 8 > p->len) return 0;", False),
    ],
)
def test_an_array_that_user_space_counted(body: str, told: bool) -> None:
    assert bool(ask(user_sum_wraps, FUNCTION.format(body=body))) is told
