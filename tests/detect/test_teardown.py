"""The engine `teardown`: what one function sets up, held against the one that undoes it."""

from __future__ import annotations

import pytest

from linter.detect.teardown import QUESTIONS, never_released, not_mirrored
from linter.detect.teardown_stop import never_stopped
from tests.detect.units import ask, ask_words

DRIVER = """static int foo_probe(struct foo *p)
{{
	int ret;

	ret = clk_prepare_enable(p->clk);
	if (ret)
		return ret;
	ret = foo_start(p);
	if (ret) {{
		clk_disable_unprepare(p->clk);
		return ret;
	}}
	return 0;
}}

{rest}
"""


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ("static void foo_remove(struct foo *p)\n{\n\tfoo_note(p);\n}\n", True),
        ("static void foo_disconnect(struct foo *p)\n{\n\tfoo_note(p);\n}\n", True),
        ("static void foo_remove(struct foo *p)\n{\n\tclk_disable_unprepare(p->bus);\n}\n", True),
        ("static void foo_remove(struct foo *p)\n{\n\tclk_disable_unprepare(p->clk);\n}\n", False),
        ("static void foo_remove(struct foo *p)\n{\n\tfoo_hw_stop(p);\n}\n", False),
        ("static void foo_remove(struct foo *p)\n{\n\tclk_unprepare(p->clk);\n}\n", False),
        ("void foo_remove(struct foo *p)\n{\n}\nvoid off(void *c)\n{\n\tclk_disable_unprepare(c);\n}\n", False),
        ("static void bar_remove(struct foo *p)\n{\n}\n", False),
        ("static void foo_remove(struct foo *p)\n{\n\t__hunklint_gap();\n}\n", True),
        ("static void foo_remove(struct foo *p)\n{\n}\nvoid x(void)\n{\n\tdevm_add_action(d, off, c);\n}\n", False),
    ],
)
def test_what_the_error_path_gives_back(rest: str, told: bool) -> None:
    assert bool(ask(never_released, DRIVER.format(rest=rest))) is told


@pytest.mark.parametrize(
    "body",
    [
        "reset_control_assert(p->rst); reset_control_deassert(p->rst); if (x) reset_control_assert(p->rst); return 0;",
        "clk_prepare_enable(p->clk); y = read(p); clk_disable_unprepare(p->clk); return 0;",
        "clk_prepare_enable(p->clk); return 0;",
        "clk_prepare_enable(p->clk); q->clk = p->clk; if (x) { clk_disable_unprepare(p->clk); return 1; } return 0;",
        "clk_prepare_enable(clk); if (x) { clk_disable_unprepare(clk); return 1; } return 0;",
        "for (;;) { clk_prepare_enable(p->clk); if (x) break; } clk_disable_unprepare(p->clk); return 0;",
    ],
)
def test_what_is_not_held_in_the_end(body: str) -> None:
    text = f"static int foo_init(struct foo *p)\n{{\n\t{body}\n}}\n\nstatic void foo_exit(struct foo *p)\n{{\n}}\n"
    assert not ask(never_released, text)


MIRROR = """static int foo_probe(struct foo *p)
{{
	p->buf = kzalloc(64, GFP_KERNEL);
	if (!p->buf)
		return -ENOMEM;
	{opens};
	return 0;
}}

static void foo_remove(struct foo *p)
{{
	{shuts}
}}
"""


@pytest.mark.parametrize(
    ("opens", "shuts", "told"),
    [
        ("register_netdev(p->dev)", "kfree(p->buf); unregister_netdev(p->dev);", ["kfree(p->buf)"]),
        ("register_netdev(p->dev)", "unregister_netdev(p->dev); kfree(p->buf);", []),
        ("request_irq(p->irq, h, 0, n, p)", "kfree(p->buf); free_irq(p->irq, p);", ["kfree(p->buf)"]),
        ("devm_request_irq(d, p->irq, h, 0, n, p)", "kfree(p->buf);", []),
        (
            "register_netdev(p->dev)",
            "if (p->a) unregister_netdev(p->dev); kfree(p->buf); unregister_netdev(p->dev);",
            [],
        ),
        ("register_netdev(p->dev)", "kfree(p->other); unregister_netdev(p->dev);", []),
        ("input_register_device(p->dev)", "kfree(p->buf); input_unregister_device(p->dev);", []),
        ("debugfs_create_file(n, 0, NULL, p, &f)", "kfree(p->buf); debugfs_remove(p->dir);", []),
    ],
)
def test_the_way_back(opens: str, shuts: str, told: list[str]) -> None:
    assert ask_words(not_mirrored, MIRROR.format(opens=opens, shuts=shuts)) == told


WORK = """static void foo_poll(struct work_struct *work)
{{
	struct foo *p = container_of(work, struct foo, poll);
	{handler}
}}

static void foo_open(struct foo *p)
{{
	INIT_WORK(&p->poll, foo_poll);
	{start}
}}

static void foo_close({head})
{{
	{stop}
	kfree(p);
}}
"""


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({}, True),
        ({"start": "p->poll.data = 1; schedule_work(&p->poll);"}, True),
        ({"start": ""}, False),
        ({"start": "queue_work(p->wq, &p->poll);"}, True),
        ({"start": "queue_work(p->wq, &p->poll);", "stop": "destroy_workqueue(p->wq);"}, False),
        ({"stop": "flush_scheduled_work();"}, False),
        ({"stop": "cancel_work_sync(&p->poll);"}, False),
        ({"stop": "foo_end(&p->poll);"}, False),
        ({"stop": "w = &p->poll;"}, False),
        ({"stop": "foo_stop_all(p);"}, False),
        ({"handler": "kref_put(&p->ref, foo_release);"}, False),
        ({"handler": "kfree(p);"}, False),
        ({"head": "struct kref *ref"}, False),
        ({"stop": "p = kmalloc(1, GFP_KERNEL);"}, False),
    ],
)
def test_work_that_nothing_stops(parts: dict[str, str], told: bool) -> None:
    usual = {"handler": "", "start": "schedule_work(&p->poll);", "stop": "", "head": "struct foo *p"}
    assert bool(ask(never_stopped, WORK.format(**{**usual, **parts}))) is told


def test_every_question_survives_odd_code() -> None:
    text = "void foo_init(void)\n{\n\tINIT_WORK();\n\tclk_enable();\n\trequest_irq();\n}\nvoid foo_exit(void)\n{\n}\n"
    for name, question in QUESTIONS.items():
        assert isinstance(ask(question, text), list), name
