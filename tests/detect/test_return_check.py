"""The engine `return-check`: what it asks, and what keeps it quiet. The rules' own examples are tested elsewhere."""

from __future__ import annotations

import copy

import pytest

from linter.detect import codes, copies, dropped, lost, mismatches, pointers, results, undone, verdicts
from linter.detect.calls import call_sites, named_calls, touched_functions
from linter.detect.paths import fate, result_taken
from linter.detect.questions import fill
from linter.detect.return_check import ENGINE, QUESTIONS
from linter.detect.returns import SortedNames, conventions
from linter.flow.build import build_cfg
from linter.rulebook.errors import BlockError
from linter.rulebook.load import load_rulebook
from linter.rulebook.model import Rule
from tests.detect.units import ask, ask_words, make_function, make_unit, tables


class Everything:
    """Every name there is."""

    def __contains__(self, name: str, /) -> bool:
        return True


def test_sorted_names_agree_with_a_set() -> None:
    words = ["alpha", "alpha_b", "b", "beta", "gamma_delta", "zz"]
    names = SortedNames(" ".join(words))
    for word in [*words, "", "a", "alph", "alpha_", "bet", "betaa", "zzz", "gamma", "delta"]:
        assert (word in names) is (word in words), word


def test_curated_conventions_win() -> None:
    known = conventions(tables())
    assert "kzalloc" in known.null
    assert "kzalloc" not in known.errptr
    assert "devm_clk_get" in known.errptr
    assert "devm_gpiod_get_optional" in known.either
    assert "devm_gpiod_get_optional" not in known.errptr
    assert "queue_work" not in known.must
    assert "clk_prepare_enable" in known.must


def test_calls_are_classified_by_what_stands_around_them() -> None:
    function = make_function(
        "int f(void)\n{\n\tint r;\n\n\tdrop_it();\n\tr = take_it(1);\n\tif (r)\n\t\treturn r;\n"
        "\tif (in_test())\n\t\treturn 1;\n\tops->member();\n\treturn given_back();\n}\n"
    )
    sites = {site.name: (site.use, site.target) for site in call_sites(function, Everything(), Everything())}
    assert sites["drop_it"] == ("drop", None)
    assert sites["take_it"] == ("true", "r")
    assert "in_test" not in sites
    assert "member" not in sites
    assert [name for name, _, _ in named_calls(function)][:2] == ["drop_it", "take_it"]


def test_only_touched_functions_are_asked() -> None:
    text = "int a(void)\n{\n\treturn 0;\n}\n\n\nint b(void)\n{\n\treturn 1;\n}\n"
    assert [f.name for f in touched_functions(make_unit(text, added=frozenset({9})))] == ["b"]
    assert [f.name for f in touched_functions(make_unit(text))] == ["a", "b"]


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        ("p->x = 1;", "used"),
        ("if (!p)\n\t\treturn 1;\n\tp->x = 1;", "tested"),
        ("if (IS_ERR(p))\n\t\treturn 1;", "tested"),
        ("q = p;\n\tif (!q)\n\t\treturn 1;", "tested"),
        ("p = other();", "overwritten"),
        ("return p;", "returned"),
        ("take(p);", "passed"),
    ],
)
def test_fate_of_a_result(behind: str, expected: str) -> None:
    function = make_function(f"void *f(void)\n{{\n\tstruct s *p, *q;\n\n\tp = get();\n\t{behind}\n\treturn 0;\n}}\n")
    cfg = build_cfg(function)
    start = function.unit.text.index(b"get(")
    taken = result_taken(cfg, start)
    assert taken is not None
    seen = fate(cfg, taken[0], taken[1], "p", conventions(tables()).tests)
    happened = {
        "used": bool(seen.uses),
        "tested": seen.tested,
        "overwritten": seen.overwritten is not None,
        "returned": seen.returned,
        "passed": bool(seen.passed),
    }
    assert happened[expected], happened
    assert happened["used"] is (expected == "used")


def test_a_loop_costs_no_more_than_its_blocks() -> None:
    body = "\tif (a)\n\t\tb();\n" * 60
    head = "int f(int a)\n{\n\tstruct s *p = kzalloc(4, GFP_KERNEL);\n\n"
    text = f"{head}{body}\twhile (a--)\n\t\tc();\n\tp->x = 1;\n\treturn 0;\n}}\n"
    assert ask_words(results.unchecked_pointer, text, convention="null") == ["p->x"]


def test_teardown_may_drop_results() -> None:
    text = "static int {}(struct foo *f)\n{{\n\tclk_prepare_enable(f->clk);\n\treturn 0;\n}}\n"
    assert ask(results.unchecked_result, text.format("foo_start"))
    assert not ask(results.unchecked_result, text.format("foo_remove"))


def test_a_gap_between_hunks_keeps_a_pointer_unjudged() -> None:
    text = "int f(struct foo *f)\n{\n\tf->p = kzalloc(4, GFP_KERNEL);\n\t__hunklint_gap();\n\tuse(f);\n\treturn 0;\n}\n"
    assert not ask(results.unchecked_pointer, text, convention="null", untested=True)
    assert ask(results.unchecked_pointer, text.replace("\t__hunklint_gap();\n", ""), convention="null", untested=True)


def test_zero_is_known_on_every_path_or_not_at_all() -> None:
    text = (
        "static int f(struct device *dev)\n{\n\tint ret;\n\n\tret = a(dev);\n\tif (ret)\n\t\treturn ret;\n\tMIDDLE"
        'if (b(dev)) {\n\t\tdev_err(dev, "bad\\n");\n\t\treturn ret;\n\t}\n\treturn 0;\n}\n'
    )
    assert len(ask(codes.missing_code, text.replace("MIDDLE", ""))) == 1
    assert not ask(codes.missing_code, text.replace("MIDDLE", "if (c(dev))\n\t\tret = -EIO;\n\t"))


def test_swallowed_code_is_the_constant() -> None:
    head = "static int f(struct foo *f)\n{\n\tint ret = clk_prepare_enable(f->clk);\n\n"
    text = head + "\tif (ret < 0)\n\t\treturn -EINVAL;\n\treturn 0;\n}\n"
    answers = ask(codes.swallowed_code, text)
    assert [answer.names["CODE"] for answer in answers] == ["-EINVAL"]


def test_a_failed_copy_inside_a_longer_condition_is_left_alone() -> None:
    head = "static int f(int n, void __user *u, char *b)\n{\n"
    text = head + "\tif (n > 4 || copy_from_user(b, u, n))\n\t\treturn -EINVAL;\n\treturn 0;\n}\n"
    assert not ask(copies.copy_errno, text)
    assert ask(copies.copy_errno, text.replace("n > 4 || ", ""))


def test_pointer_given_by_two_kinds_of_functions_is_left_alone() -> None:
    text = (
        "static int f(int old)\n{\n\tvoid *p;\n\n\tif (old)\n\t\tp = kzalloc(4, GFP_KERNEL);\n\telse\n\t\tp = ELSE;\n"
        "\tif (IS_ERR(p))\n\t\treturn 1;\n\treturn 0;\n}\n"
    )
    assert not ask(verdicts.errptr_test_of_null, text.replace("ELSE", "memdup_user(u, 4)"))
    assert ask(verdicts.errptr_test_of_null, text.replace("ELSE", "kmalloc(4, GFP_KERNEL)"))


def test_code_between_if_0_and_endif_is_not_asked() -> None:
    body = "int f(void)\n{\n#if 0\n\tclk_prepare_enable(a);\n#else\n\tclk_prepare_enable(b);\n#endif\n\treturn 0;\n}\n"
    assert ask_words(results.unchecked_result, body) == ["clk_prepare_enable(b)"]
    version = body.replace("#if 0", "#if LINUX_VERSION_CODE < KERNEL_VERSION(4, 0, 0)")
    assert ask_words(results.unchecked_result, version) == ["clk_prepare_enable(b)"]
    nested = body.replace("a);\n", "a);\n#ifdef X\n\tclk_enable(c);\n#endif\n\tclk_enable(d);\n")
    assert ask_words(results.unchecked_result, nested) == ["clk_prepare_enable(b)"]


ELEMENT = (
    "int f(struct i2c_client *c)\n{{\n\tstruct regmap *maps[2];\n\n\tmaps[0] = devm_regmap_init_i2c(c, &cfg);\n{}}}\n"
)


@pytest.mark.parametrize(
    ("behind", "count"),
    [
        ("\treturn foo_probe(c, maps);\n", 0),
        ("\tfor (i = 0; i < 2; i++)\n\t\tif (IS_ERR(maps[i]))\n\t\t\treturn 1;\n\tfoo_use(maps[0]);\n\treturn 0;\n", 0),
        ("\tregmap_write(maps[0], 1, 1);\n\treturn 0;\n", 1),
    ],
)
def test_an_element_of_an_array_that_is_handed_on_whole(behind: str, count: int) -> None:
    found = ask(results.unchecked_pointer, ELEMENT.format(behind), convention="errptr", untested=True)
    assert len(found) == count


def test_a_pointer_that_only_cleanup_asks_for_again() -> None:
    late = (
        "int f(struct foo *q)\n{{\n\tint ret = g(q->a);\n\n\tif (ret)\n\t\tgoto {0};\n\treturn 0;\n"
        "{0}:\n\tif (q)\n\t\th(q);\n\treturn ret;\n}}\n"
    )
    assert ask_words(pointers.tested_after_use, late.format("err_free")) == []
    assert len(ask_words(pointers.tested_after_use, late.format("again"))) == 1


def test_a_pointer_that_starts_with_an_address_is_never_null() -> None:
    text = "int f(int n)\n{{\n\tconst struct c *q = {};\n\tint a = q->a;\n\n\tif (q)\n\t\ta = 2;\n\treturn a;\n}}\n"
    assert ask_words(pointers.tested_after_use, text.format("&base")) == []
    assert len(ask_words(pointers.tested_after_use, text.format("find(n)"))) == 1


def test_failures_gathered_in_a_variable_are_no_errno() -> None:
    text = (
        "static long f(struct sc __user *sc)\n{{\n\tlong err = __copy_from_user(&c, &sc->r, 8);\n\n"
        "\tif (err)\n\t\treturn err;\n\terr {} g(sc);\n\treturn err;\n}}\n"
    )
    assert ask_words(copies.copy_left_returned, text.format("|=")) == []
    assert ask_words(copies.copy_left_returned, text.format("=")) == ["return err;"]


def test_results_that_are_told_apart_and_answered_alike() -> None:
    text = (
        "static int f(struct foo *foo)\n{{\n\tint ret;\n\n\tret = clk_prepare_enable(foo->clk);\n"
        "\tif (ret < 0)\n\t\treturn 0;\n"
        "{}\tret = clk_prepare_enable(foo->clk);\n\tif (ret)\n\t\treturn ret;\n\treturn 1;\n}}\n"
    )
    assert ask_words(dropped.success_returned, text.format("")) == ["return 0;"]
    assert ask_words(dropped.success_returned, text.format("\telse if (ret > 0)\n\t\treturn 0;\n")) == []


REPLACED = "int f(struct foo *p)\n{{\n\tint ret;\n\n\tret = {};\n{}\treturn ret;\n}}\n"


@pytest.mark.parametrize(
    ("first", "behind", "count"),
    [
        ("foo_one(p)", "\tret = foo_two(p);\n", 1),
        ("foo_one(p)", "\tret = 0;\n", 0),  # it says that the result does not matter
        ("foo_one(p)", "\tif (p->more)\n\t\tret = foo_two(p);\n", 0),  # returned on the other path
        ("foo_one(p)", "\tret = foo_two(p, ret);\n", 0),
        ("foo_one(p)", "\tret |= foo_two(p);\n", 0),
        ("foo_read(p)", "\tret = foo_read(p);\n", 0),
        ("foo_stop(p)", "\tret = foo_two(p);\n", 0),
        ("wait_event_timeout(p->q, p->done, 10)", "\tret = foo_two(p);\n", 0),
        ("regmap_read_poll_timeout(p->map, 1, val, val, 1, 2)", "\tret = foo_two(p);\n", 1),
    ],
)
def test_a_result_that_the_next_one_replaces(first: str, behind: str, count: int) -> None:
    assert len(ask(lost.lost_result, REPLACED.format(first, behind))) == count


def test_a_result_that_nothing_comes_behind() -> None:
    text = (
        "int f(struct foo *p)\n{{\n\tint ret;\n\n\tret = foo_one(p);\n\tif (ret)\n\t\treturn ret;\n"
        "\tret = foo_two(p);\n\tunlock(p);\n\treturn {};\n}}\n"
    )
    assert ask_words(lost.lost_result, text.format("0")) == ["foo_two(p)"]
    assert ask_words(lost.lost_result, text.format("ret")) == []
    assert ask_words(lost.lost_result, text.replace("return ret", "return 1").format("0")) == []  # it reports nothing


def test_a_member_of_the_same_name_of_something_else_is_no_test() -> None:
    text = (
        "int f(struct device *dev, struct link *dl)\n{{\n\tdl->codec->name = devm_kstrdup(dev, dev->id, GFP_KERNEL);\n"
        "\tif (!{})\n\t\treturn 1;\n\treturn add(dl);\n}}\n"
    )
    assert len(ask(results.unchecked_pointer, text.format("dl->cpu->name"), untested=True)) == 1
    assert ask(results.unchecked_pointer, text.format("codec->name"), untested=True) == []  # another name for it
    assert ask(results.unchecked_pointer, text.format("dl->codec->name"), untested=True) == []


def test_a_pointer_whose_member_heads_a_list_is_read_through() -> None:
    text = (
        "void f(struct amdgpu_device *adev)\n{\n\tstruct hive *hive = amdgpu_get_xgmi_hive(adev);\n"
        "\tstruct dev *d;\n\n\tlist_for_each_entry(d, &hive->devices, head)\n\t\tg(d);\n}\n"
    )
    assert len(ask(results.unchecked_pointer, text)) == 1


def test_errors_read_from_another_pointer() -> None:
    text = "static int f(void)\n{\n\tif (IS_ERR(a))\n\t\treturn PTR_ERR(b);\n\treturn 0;\n}\n"
    assert ask_words(mismatches.other_error_read, text) == ["PTR_ERR(b)"]
    assert not ask(mismatches.other_error_read, text.replace("(b)", "(a)"))


def test_every_question_survives_odd_code() -> None:
    text = "static int f(void)\n{\n\tif (x) { goto a; } else if (IS_ERR(({ int y = 1; y; }))) return (0);\n"
    text += "a:\n\tfor (;;) ;\n}\nint\n"
    for name, question in QUESTIONS.items():
        assert isinstance(ask(question, text), list), name


def test_messages_are_filled() -> None:
    assert fill("`$VALUE` of $CALLEE() and $OTHER", {"VALUE": "p->x", "CALLEE": "f"}) == "`p->x` of f() and $OTHER"


def test_a_block_is_checked() -> None:
    rule = load_rulebook().rules["unchecked-return"]
    for block, path in [
        ({"report": "unchecked-results", "message": "x"}, ("return-check", "report")),
        ({"report": "unchecked-result"}, ("return-check", "message")),
        ({"report": "unchecked-result", "message": "x", "convenion": "null"}, ("return-check", "convenion")),
        ({"report": "unchecked-pointer", "message": "x", "convention": "zero"}, ("return-check", "convention")),
    ]:
        with pytest.raises(BlockError) as caught:
            ENGINE.check(_with(rule, block), tables())
        assert caught.value.path == path


def _with(rule: Rule, block: dict[str, str]) -> Rule:
    """A rule with another block."""
    other = copy.copy(rule)
    object.__setattr__(other, "block", block)
    return other


ENABLED = (
    "static int f(struct foo *p)\n{{\n\tint ret;\n\n\tret = clk_prepare_enable(p->clk);\n"
    "\tif ({test}) {{\n{branch}\t}}\n\treturn 0;\n}}\n"
)


@pytest.mark.parametrize(
    ("test", "branch", "count"),
    [
        ("ret", "\t\tclk_disable_unprepare(p->clk);\n\t\treturn ret;\n", 1),
        ("ret < 0", "\t\tlog(p);\n\t\tclk_disable_unprepare(p->clk);\n\t\treturn ret;\n", 1),
        ("!ret", "\t\tclk_disable_unprepare(p->clk);\n\t\treturn 1;\n", 0),
        ("ret", "\t\tclk_disable_unprepare(p->bus);\n\t\treturn ret;\n", 0),
        ("ret", "\t\tif (p->on)\n\t\t\tclk_disable_unprepare(p->clk);\n\t\treturn ret;\n", 0),
        ("ret", "\t\tret = clk_prepare_enable(p->clk);\n\t\tclk_disable_unprepare(p->clk);\n\t\treturn ret;\n", 0),
    ],
)
def test_a_failed_step_that_is_undone(test: str, branch: str, count: int) -> None:
    assert len(ask(undone.failed_undone, ENABLED.format(test=test, branch=branch))) == count
