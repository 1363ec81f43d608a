"""The engine `cleanup`, and what the table `cleanup` has in common with the tables of resources and conventions."""

from __future__ import annotations

import pytest

from linter.detect.cleanup_goto import mixed_with_goto
from linter.detect.cleanup_use import error_kept, late_init, raw_return, unset
from linter.detect.release_words import release_words
from linter.detect.returns import conventions, typed_allocators
from linter.detect.typestate_tables import knowledge
from linter.rulebook.model import Severity
from tests.detect.units import ask, ask_words, tables


def test_a_scoped_resource_is_released_by_what_its_family_names() -> None:
    helpers = tables()["cleanup"]["free"]
    classes = tables()["cleanup"]["class"]
    seen = 0
    for row in tables()["resources"]["families"]:
        word, _, name = str(row.get("scoped", "")).rstrip(")").partition("(")
        if word == "__free":
            assert helpers[name]["calls"] in row["release"], row
            seen += 1
        elif word:
            assert classes[name]["gives"] in row["release"], row
    assert seen >= 10


def test_every_guard_that_locks_takes_a_known_lock() -> None:
    locks = {name for row in tables()["locks"]["families"] for name in row["acquire"]}
    guards = tables()["cleanup"]["guard"]
    for name in ("mutex", "spinlock", "spinlock_irqsave", "rwsem_read", "rcu", "preempt", "irqsave"):
        assert guards[name]["takes"] in locks, name


@pytest.mark.parametrize("name", sorted(typed_allocators(tables())))
def test_a_typed_allocator_is_known_as_an_allocator_everywhere(name: str) -> None:
    family = knowledge(tables()).acquire[name]
    assert family.fails == "null" and family.kind == "memory"
    assert "kvfree" in family.release
    assert ("kfree" in family.release) is not name.startswith("kv")
    known = conventions(tables())
    assert name in known.null and name in known.allocations
    assert name in release_words(tables()).allocates


def test_there_are_typed_allocators() -> None:
    assert len(typed_allocators(tables())) == 12


RETURNED = "struct foo *foo(void)\n{{\n\tstruct foo *p __free(kfree) = bar();\n\n{body}\treturn {value};\n}}\n"


@pytest.mark.parametrize(
    ("body", "value", "told"),
    [
        ("", "p", True),
        ("", "no_free_ptr(p)", False),
        ("", "p->next", False),
        ("", "ERR_CAST(p)", False),
        ("\tif (p)\n\t\treturn NULL;\n", "p", False),
        ("\tif (IS_ERR(p))\n\t\treturn p;\n", "NULL", False),
        ("\tif (!p)\n\t\treturn NULL;\n", "p", True),
    ],
)
def test_what_is_returned_of_a_scoped_variable(body: str, value: str, told: bool) -> None:
    assert bool(ask(raw_return, RETURNED.format(body=body, value=value))) is told


def test_a_name_that_means_something_else_outside_the_block() -> None:
    text = (
        "struct foo *foo(struct foo *p)\n{\n\tif (p) {\n\t\tstruct foo *q __free(kfree) = bar();\n\n\t\tq->x = 1;\n"
        "\t}\n\tstruct foo *q = p;\n\n\treturn q;\n}\n"
    )
    assert not ask(raw_return, text)


def test_a_predicate_returns_no_pointer() -> None:
    assert not ask(raw_return, "bool foo(void)\n{\n\tstruct foo *p __free(kfree) = bar();\n\n\treturn p;\n}\n")


STORED = (
    "int foo(struct foo *f, void **out)\n{{\n\tvoid *p __free(kfree) = bar();\n\tint ret;\n\n{body}\treturn 0;\n}}\n"
)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("\t*out = p;\n", True),
        ("\tf->p = p;\n", True),
        ("\tf->p = p;\n\tretain_and_null_ptr(p);\n", False),
        ("\tf->p = p;\n\tp = NULL;\n", False),
        ("\tf->p = p;\n\tfoo_take(&p);\n", False),
        ("\tf->p = p;\n\t__hunklint_gap();\n", False),
        ("\tf->p = p;\n\tret = run(f);\n\tif (ret)\n\t\treturn -EIO;\n\tf->p = NULL;\n", False),
    ],
)
def test_what_is_stored_of_a_scoped_variable(body: str, told: bool) -> None:
    assert bool(ask(raw_return, STORED.format(body=body))) is told


def test_a_file_may_define_its_own_helper() -> None:
    text = (
        "DEFINE_FREE(mine, struct clk *, if ({test}) clk_put(_T))\n\nint foo(void)\n{{\n"
        "\tstruct clk *c __free(mine) = clk_get(NULL, NULL);\n\n\tif (IS_ERR(c))\n\t\treturn PTR_ERR(c);\n"
        "\treturn 0;\n}}\n"
    )
    assert ask_words(error_kept, text.format(test="_T")) == ["clk_get(NULL, NULL)"]
    assert not ask(error_kept, text.format(test="!IS_ERR_OR_NULL(_T)"))
    assert not ask(error_kept, text.format(test="_T").replace("DEFINE_FREE(mine", "DEFINE_FREE(other"))


def test_a_variable_without_a_value() -> None:
    text = "int foo(int n)\n{{\n\tvoid *p __free(kfree);\n\n{body}\tp = bar();\n\treturn 0;\n}}\n"
    assert [answer.severity for answer in ask(unset, text.format(body=""))] == [Severity.WARNING]
    assert [answer.severity for answer in ask(unset, text.format(body="\tif (n)\n\t\treturn -EIO;\n"))] == [None]
    assert not ask(unset, text.format(body="").replace("(kfree)", "(kfree) = NULL"))


def test_the_attribute_belongs_to_one_declarator() -> None:
    text = "int foo(void)\n{\n\tvoid *p, *q __free(kfree);\n\n\tp = bar();\n\tq = bar();\n\treturn 0;\n}\n"
    assert [answer.names["VALUE"] for answer in ask(unset, text)] == ["q"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("\tp = bar();\n", True),
        ("\tif (n)\n\t\tp = bar();\n", False),
        ("\tif (n)\n\t\treturn 1;\n\tp = bar();\n", True),
        ("\tp = bar();\n\tp = baz();\n", False),
        ("\tfill(&p);\n", False),
        ("\twhile (n--)\n\t\tp = bar();\n", False),
    ],
)
def test_a_variable_that_is_set_later(body: str, told: bool) -> None:
    text = f"int foo(int n)\n{{\n\tvoid *p __free(kfree) = NULL;\n\n{body}\treturn 0;\n}}\n"
    assert bool(ask(late_init, text)) is told


MIXED = "int foo(struct foo *f)\n{{\n\tint ret = 0;\n\n{body}\treturn ret;\n}}\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("\tguard(mutex)(&f->l);\n\tif (run(f))\n\t\tgoto out;\n\tret = 1;\nout:\n\tclk_put(f->c);\n", ["goto out"]),
        ("\tguard(mutex)(&f->l);\n\tif (run(f))\n\t\tgoto out;\n\tret = 1;\nout:\n\tf->n++;\n", []),
        ("\tguard(mutex)(&f->l);\nout:\n\tclk_put(f->c);\n\tif (run(f))\n\t\tgoto out;\n", []),
        ("\tmutex_lock(&f->l);\n\tif (run(f))\n\t\tgoto out;\n\tret = 1;\nout:\n\tclk_put(f->c);\n", []),
        ("\tif (run(f))\n\t\tgoto out;\n\tguard(mutex)(&f->l);\n\tret = 1;\nout:\n\tf->n++;\n", ["goto out"]),
        ("\tif (run(f))\n\t\tgoto out;\n\t{\n\t\tguard(mutex)(&f->l);\n\t\tret = 1;\n\t}\nout:\n\tf->n++;\n", []),
    ],
)
def test_a_jump_in_a_function_with_a_guard(body: str, told: list[str]) -> None:
    assert ask_words(mixed_with_goto, MIXED.format(body=body)) == told
