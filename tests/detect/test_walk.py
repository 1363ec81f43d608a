"""The engine `walk`: entries that leave a list under the walk, and cursors that outlive it."""

from __future__ import annotations

import pytest

from linter.detect.walk import QUESTIONS, taken_off, used_behind
from tests.detect.units import ask, ask_words

WALK = "void foo(struct list_head *h)\n{{\n\tstruct bar *b;\n\n\t{head} {{\n\t\t{body}\n\t}}\n}}\n"


@pytest.mark.parametrize(
    ("head", "body", "told"),
    [
        ("list_for_each_entry(b, h, node)", "list_del(&b->node);", True),
        ("list_for_each_entry(b, h, node)", "list_del_init(&b->node); if (b->x) return;", True),
        ("list_for_each(b, h)", "list_del(b);", True),
        ("hlist_for_each_entry(b, h, node)", "hlist_del(&b->node);", True),
        ("list_for_each_entry(b, h, node)", "list_del(&b->node); return;", False),
        ("list_for_each_entry(b, h, node)", "list_del(&b->node); b = first(h);", False),
        ("list_for_each_entry(b, h, node)", "list_del(&b->node); __hunklint_gap();", False),
        ("list_for_each_entry(b, h, node)", "list_del(&b->node); goto again;", False),
        ("list_for_each_entry(b, h, node)", "list_del(&b->other);", False),
        ("list_for_each_entry(b, h, node)", "list_del_rcu(&b->node);", False),
        ("list_for_each_entry(b, h, node)", "list_del(&b->node); kfree(b);", False),
        ("list_for_each_entry_safe(b, n, h, node)", "list_del(&b->node);", False),
        ("while (!list_empty(h))", "b = first(h); list_del(&b->node);", False),
    ],
)
def test_an_entry_that_leaves_the_list(head: str, body: str, told: bool) -> None:
    assert bool(ask(taken_off, WALK.format(head=head, body=body))) is told


def behind(tail: str, body: str = "if (b->x) break;", head: str = "list_for_each_entry(b, h, node)") -> list[str]:
    lines = ["int ret = 0;", "struct bar *b;", head + " {", body, "}", tail]
    return ask_words(used_behind, "int foo(struct list_head *h)\n{\n\t" + "\n\t".join(lines) + "\n}\n")


@pytest.mark.parametrize(
    ("tail", "places"),
    [
        ("b->y = 1;", ["b->y"]),
        ("if (!b) return 1;", ["b"]),
        ("return b;", ["return b;"]),
        ("kfree(b);", ["kfree(b)"]),
        ("list_add(&new, &b->node);", []),
        ("__list_add(&new, b->node.prev, &b->node);", []),
        ("get(&b); b->y = 1;", []),
        ("if (&b->node == h) return 1; b->y = 1;", []),
        ("if (list_entry_is_head(b, h, node)) return 1; b->y = 1;", []),
        ("b = other(); b->y = 1;", []),
        ("b = first(h, typeof(*b), node); b->y = 1;", []),
        ("list_for_each_entry(b, h, node) b->y = 1;", []),
        ("if (FOO_IS_END(b)) return 1; b->y = 1;", []),
        ("__hunklint_gap(); b->y = 1;", []),
    ],
)
def test_a_cursor_behind_its_walk(tail: str, places: list[str]) -> None:
    assert behind(tail) == places


def test_what_tells_how_a_walk_ended() -> None:
    found = "if (b->x) { ret = 1; break; }"
    assert not behind("if (!ret) return 0; b->y = 1;", found)
    assert behind("if (ret) return 0; b->y = 1;", found)
    assert not behind("if (b) return 0; b->y = 1;", "if (b->x) { b = NULL; break; }")
    assert not behind("if (count > 3) b->y = 1;", "count++; if (b->x) break;")
    assert behind("if (debug) b->y = 1;", "count++; if (b->x) break;")


def test_only_walks_that_end_on_the_head() -> None:
    assert not behind("if (!b) return 1;", head="hlist_for_each_entry(b, h, node)")
    assert not behind("b->y = 1;", head="for_each_bar(b, h)")


def test_every_question_survives_odd_code() -> None:
    text = "void f(void)\n{\n\tlist_for_each_entry() list_del();\n\tlist_for_each_entry(a->b, c) list_del(&a);\n}\n"
    for name, question in QUESTIONS.items():
        assert isinstance(ask(question, text), list), name
