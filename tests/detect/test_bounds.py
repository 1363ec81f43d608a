"""The engine `bounds`: indices one past the end, and sizes that wrap."""

from __future__ import annotations

import pytest

from linter.detect.bounds import off_by_one, rounded_up
from tests.detect.units import ask, ask_words

BODY = "static int foo(struct foo *foo, unsigned int i)\n{{\n{body}\treturn 0;\n}}\n"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("\tif (i > ARRAY_SIZE(tab))\n\t\treturn 1;\n\tg(tab[i]);\n", ["i > ARRAY_SIZE(tab)"]),
        ("\tif (i > ARRAY_SIZE(tab))\n\t\treturn 1;\n\tg(other[i]);\n", []),
        ("\tif (i > ARRAY_SIZE(tab) - 1)\n\t\treturn 1;\n\tg(tab[i]);\n", []),
        ("\tif (i >= ARRAY_SIZE(tab))\n\t\treturn 1;\n\tg(tab[i]);\n", []),
        ("\tif (i > ARRAY_SIZE(tab))\n\t\tg(1);\n\tg(tab[i]);\n", []),  # goes on
        ("\tif (i > ARRAY_SIZE(tab))\n\t\treturn 1;\n\ti -= 1;\n\tg(tab[i]);\n", []),
        ("\tif (foo->bad || i > foo->num)\n\t\treturn 1;\n\tg(foo->tab[i]);\n", ["i > foo->num"]),
        ("\tif (!i || i > foo->num)\n\t\treturn 1;\n\tg(foo->tab[i]);\n", []),  # counted from one
        ("\tif (i > foo->limit)\n\t\treturn 1;\n\tg(foo->tab[i]);\n", []),  # may be the last one
        ("\tif (i > foo->num.x)\n\t\treturn 1;\n\tg(foo->tab[i]);\n", []),
        ("\tfor (i = 0; i <= foo->len / 4; i++) {\n\t\tg(foo->dw[i]);\n\t}\n", ["i = 0; i <= foo->len / 4"]),
        ("\tfor (i = 0; i <= foo->len / 4; i++) {\n\t\tg(i);\n\t}\n\tg(foo->dw[i]);\n", []),
        ("\tfor (i = 0; i <= (foo->hi - foo->lo) / 2; i++)\n\t\tg(foo->dw[i]);\n", []),
        ("\tfor (i = 0; i <= ARRAY_SIZE(tab); i++)\n\t\tg(tab[i]);\n", ["i = 0; i <= ARRAY_SIZE(tab)"]),
        ("\ti = find_next_bit(map, n, 0);\n\tif (i > n)\n\t\treturn 1;\n", ["i > n"]),
        ("\ti = find_next_bit(map, n, 0);\n\tif (i >= n)\n\t\treturn 1;\n", []),
    ],
)
def test_one_too_many(body: str, found: list[str]) -> None:
    assert ask_words(off_by_one, BODY.format(body=body)) == found


IOCTL = (
    "static int foo_ioctl(struct drm_device *dev, void *data, struct drm_file *file)\n{{\n"
    "\tstruct args *args = data;\n\tu32 size;\n\n{body}\treturn foo_new(size);\n}}\n"
)


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("\tsize = roundup(args->size, 4096);\n", 1),
        ("\tif (args->size > SZ_1G)\n\t\treturn -EINVAL;\n\tsize = roundup(args->size, 4096);\n", 0),
        ("\tsize = roundup(args->size, 4096);\n\tif (size < args->size)\n\t\treturn -EINVAL;\n", 0),
        ("\tsize = roundup(dev->size, 4096);\n", 0),
    ],
)
def test_a_size_that_wraps_when_it_is_rounded(body: str, count: int) -> None:
    assert len(ask(rounded_up, IOCTL.format(body=body))) == count


def test_who_chooses_the_size_has_to_be_known() -> None:
    text = IOCTL.format(body="\tsize = roundup(args->size, 4096);\n")
    assert not ask(rounded_up, text.replace("foo_ioctl", "foo_new").replace("struct drm_file *file", "int n"))
