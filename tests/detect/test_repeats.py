"""The engine `repeats`: descriptors resolved twice, references stored over others."""

from __future__ import annotations

import pytest

from linter.detect.repeats import fd_twice, reference_overwritten
from tests.detect.units import ask, ask_words

LOOKUP = (
    "static int foo(struct foo *foo, int fd, int other)\n{{\n\tstruct file *f = fget(fd);\n\n{body}\treturn 0;\n}}\n"
)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("\tfoo->b = dma_buf_get(fd);\n", ["dma_buf_get(fd)"]),
        ("\tfoo_by_fd(foo, fd);\n", ["foo_by_fd(foo, fd)"]),
        ("\tfoo->b = dma_buf_get(other);\n", []),
        ("\tfd = other;\n\tfoo->b = dma_buf_get(fd);\n", []),
        ("\tfoo_log(foo, fd);\n", []),
        ("\tput_unused_fd(fd);\n", []),
    ],
)
def test_a_descriptor_that_is_resolved_again(body: str, found: list[str]) -> None:
    assert ask_words(fd_twice, LOOKUP.format(body=body)) == found


KEEP = "static long foo_ioctl(struct file *file, unsigned int cmd, unsigned long arg)\n{{\n{body}\treturn 0;\n}}\n"


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("\tstruct foo *foo = file->private_data;\n\n\tfoo->f = fget(arg);\n", 1),
        ("\tstruct foo *foo = file->private_data;\n\n\tif (foo->f)\n\t\treturn 1;\n\tfoo->f = fget(arg);\n", 0),
        ("\tstruct foo *foo = kzalloc(8, GFP_KERNEL);\n\n\tfoo->f = fget(arg);\n", 0),
        ("\tstruct foo foo;\n\n\tfoo.f = fget(arg);\n", 0),
        ("\tstruct foo *foo = file->private_data;\n\n\tfoo->n = count(arg);\n", 0),
    ],
)
def test_a_reference_that_is_stored_over_another(body: str, count: int) -> None:
    assert len(ask(reference_overwritten, KEEP.format(body=body))) == count


def test_who_calls_again_has_to_be_known() -> None:
    body = "\tstruct foo *foo = file->private_data;\n\n\tfoo->f = fget(arg);\n"
    text = KEEP.format(body=body).replace("foo_ioctl", "foo_start").replace("unsigned int cmd, unsigned long", "int")
    assert not ask(reference_overwritten, text)
