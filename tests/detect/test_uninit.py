"""The engine `uninit`: what is read, returned or handed on before it was set."""

from __future__ import annotations

import pytest

from linter.detect.uninit_scalars import maybe_unassigned, unfilled_read
from linter.detect.uninit_structs import leaked_to_user, partly_set
from linter.rulebook.model import Confidence
from tests.detect.units import ask, ask_words

LOOP = (
    "int foo(struct foo *foo, int n)\n{{\n\tint i, ret;\n\n"
    "\tfor ({head})\n\t\tret = foo_do(foo, i);\n\treturn ret;\n}}\n"
)


@pytest.mark.parametrize(
    "head", ["i = 0; i < n; i++", "i = n; i > 0; i--", "i = 0; i < foo->count; i++", "i = 0; foo_more(foo); i++"]
)
def test_a_loop_that_may_not_run(head: str) -> None:
    assert ask_words(maybe_unassigned, LOOP.format(head=head)) == ["return ret;"]


@pytest.mark.parametrize(
    "head", ["i = 0; i < 4; i++", "i = 0; i < FOO_MAX; i++", "i = 0; i < ARRAY_SIZE(foo_tab); i++"]
)
def test_a_loop_that_always_runs(head: str) -> None:
    assert not ask(maybe_unassigned, LOOP.format(head=head))


def test_conditions_that_agree() -> None:
    text = (
        "int foo(bool a)\n{{\n\tint x;\n\n\tif (a)\n\t\tx = foo_do();\n\tif ({test})\n\t\treturn x;\n\treturn 0;\n}}\n"
    )
    assert not ask(maybe_unassigned, text.format(test="a"))
    assert ask(maybe_unassigned, text.format(test="!a"))


@pytest.mark.parametrize("store", ["foo_get(&x);", "FOO_GET(x);", "foo_get(x);", "__hunklint_gap();", "x = 1;"])
def test_what_may_store(store: str) -> None:
    text = "int foo(bool a)\n{{\n\tint x;\n\n\tif (a)\n\t\tgoto out;\n\tfoo_do();\nout:\n\t{store}\n\treturn x;\n}}\n"
    assert ask(maybe_unassigned, text.format(store=""))
    assert not ask(maybe_unassigned, text.format(store=store))


def test_a_sum_without_a_start() -> None:
    text = (
        "void foo(struct foo *foo, int n)\n{\n\tu32 sum;\n\n"
        "\twhile (n--)\n\t\tsum += foo_get(foo);\n\tfoo_set(foo, sum);\n}\n"
    )
    assert ask_words(maybe_unassigned, text) == ["sum += foo_get(foo)"]


READ = "int foo(struct foo *foo)\n{{\n\tunsigned int val;\n\tint ret;\n\n{body}\treturn val & 1;\n}}\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("\tregmap_read(foo->map, 1, &val);\n", True),
        ("\tret = regmap_read(foo->map, 1, &val);\n\tif (ret)\n\t\tpr_warn(\"no\");\n", True),
        ("\tret = regmap_read(foo->map, 1, &val);\n\tif (ret)\n\t\treturn ret;\n", False),
        ("\tret = regmap_read(foo->map, 1, &val);\n\tif (ret)\n\t\tval = 0;\n", False),
        ("\tif (regmap_read(foo->map, 1, &val))\n\t\treturn -EIO;\n", False),
        ("\tret = regmap_read(foo->map, 1, &val);\n\tret |= foo_read(foo);\n\tif (ret)\n\t\treturn ret;\n", False),
        ("\tval = 0;\n\tregmap_read(foo->map, 1, &val);\n", False),
        ("\tfoo_read(foo->map, 1, &val);\n", False),
    ],
)  # fmt: skip
def test_a_call_that_fills_only_where_it_succeeds(body: str, told: bool) -> None:
    assert bool(ask(unfilled_read, READ.format(body=body))) is told


STRUCT = (
    "int foo(struct foo *foo)\n{{\n\tstruct clk_init_data init{value};\n\n"
    "{body}\tfoo->hw.init = &init;\n\treturn 0;\n}}\n"
)


@pytest.mark.parametrize(
    ("value", "body", "told"),
    [
        ("", "\tinit.name = \"a\";\n", True),
        (" = {}", "\tinit.name = \"a\";\n", False),
        ("", "\tmemset(&init, 0, sizeof(init));\n\tinit.name = \"a\";\n", False),
        ("", "\tfoo_prepare(&init);\n\tinit.name = \"a\";\n", False),
        ("", "\tinit = foo->template;\n\tinit.name = \"a\";\n", False),
        ("", "", False),
    ],
)  # fmt: skip
def test_a_structure_that_is_set_by_hand(value: str, body: str, told: bool) -> None:
    assert bool(ask(partly_set, STRUCT.format(value=value, body=body))) is told


def test_a_callee_that_fills_the_rest() -> None:
    text = (
        "int foo(void *p)\n{{\n\tstruct v4l2_subdev_format fmt;\n\n\tfmt.which = 1;\n\treturn {callee}(p, &fmt);\n}}\n"
    )
    assert ask(partly_set, text.format(callee="foo_apply"))
    assert not ask(partly_set, text.format(callee="foo_get_fmt"))
    assert not ask(partly_set, text.replace("return {callee}", "int r = {callee}").format(callee="foo_get_fmt"))
    assert not ask(partly_set, text.replace("return {callee}", "p = {callee}").format(callee="foo_get_fmt"))


def test_a_buffer_that_user_space_gets() -> None:
    text = (
        "void foo(struct iio_dev *dev)\n{{\n\tu16 buf[8]{value};\n\n"
        "\tbuf[0] = foo_read(dev);\n\tiio_push_to_buffers(dev, buf);\n}}\n"
    )
    assert ask_words(leaked_to_user, text.format(value="")) == ["iio_push_to_buffers(dev, buf)"]
    assert not ask(leaked_to_user, text.format(value=" = { }"))
    assert not ask(
        leaked_to_user, text.replace("buf[0] =", "memset(buf, 0, sizeof(buf));\n\tbuf[0] =").format(value="")
    )


def test_a_map_that_hardly_fails_is_hardly_worth_a_word() -> None:
    body = "\tregmap_read(foo->map, 1, &val);\n"
    on_bus = READ.replace("struct foo *foo", "struct i2c_client *client, struct foo *foo")
    assert [answer.confidence for answer in ask(unfilled_read, READ.format(body=body))] == [Confidence.LOW]
    assert [answer.confidence for answer in ask(unfilled_read, on_bus.format(body=body))] == [None]
    in_memory = (
        'static void setup(struct foo *foo)\n{\n\tfoo->map = syscon_regmap_lookup_by_phandle(foo->np, "x");\n}\n'
    )
    found = ask(unfilled_read, in_memory + on_bus.format(body=body))
    assert [answer.confidence for answer in found] == [Confidence.LOW]


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("\tmax14577_read_reg(foo->map, pick(1, 2), &val);\n", 1),
        ("\tif (max14577_read_reg(foo->map, 1, &val))\n\t\treturn -EIO;\n", 0),
        ("\tpci_read_config_byte(foo->pci, 1, &val);\n", 0),  # stores all ones where it fails
        ("\tfoo_fetch(foo, 1, &val);\n", 0),  # may return nothing
        ("\tval = 1;\n\tmax14577_read_reg(foo->map, 1, &val);\n", 0),
    ],
)
def test_a_dropped_call_fills_its_last_argument_where_it_succeeds(body: str, count: int) -> None:
    assert len(ask(unfilled_read, READ.format(body=body))) == count


POLL = (
    "u32 foo(struct foo *foo, int n)\n{{\n\tint i, {start};\n\tu32 reg;\n\n"
    "\t{loop} {{\n{body}\t\tif (reg & 1)\n\t\t\tbreak;\n\t}}\n\treturn reg;\n}}\n"
)


@pytest.mark.parametrize(
    ("start", "loop", "told"),
    [
        ("left = foo->usec * 20", "for (; left > 0; left--)", False),
        ("left = FOO_LOOPS", "while (left--)", False),
        ("left = 100", "while (--left)", False),
        ("timeout = foo->usec", "for (; timeout; timeout--)", False),
        ("retries = n", "for (i = 0; i < retries; i++)", False),
        ("left = foo->count", "for (; left > 0; left--)", True),
        ("left = n * foo->count", "while (left--)", True),
        ("timeout = 5", "while (timeout > foo->count)", True),
    ],
)
def test_a_device_is_asked_at_least_once(start: str, loop: str, told: bool) -> None:
    body = "\t\treg = readl(foo->base);\n"
    assert bool(ask(maybe_unassigned, POLL.format(start=start, loop=loop, body=body))) is told


def test_a_round_may_pass_without_a_store() -> None:
    body = "\t\tif (foo_busy(foo))\n\t\t\tcontinue;\n\t\treg = readl(foo->base);\n"
    assert ask(maybe_unassigned, POLL.format(start="timeout = foo->usec * 20", loop="while (timeout--)", body=body))
