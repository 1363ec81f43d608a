"""What conditions and assignments teach along a path."""

from __future__ import annotations

import pytest

from linter.flow.build import build_cfg
from linter.flow.facts import ANY, ERROR, NEGATIVE, POSITIVE, ZERO, Facts, join
from linter.flow.model import StepKind
from linter.flow.solve import solve
from tests.flow.sources import parse_function


def marks(body: str) -> dict[str, int]:
    """For each reached `mark(x)` what x may be there, by the text of x."""
    cfg = build_cfg(parse_function("int f(struct s *p, struct s *q, int a, int b)\n{\n" + body + "\n}\n"))
    found: dict[str, int] = {}

    def flow(index: int, facts: Facts) -> list[tuple[int, Facts]]:
        facts = facts.copy()
        for step in cfg.blocks[index].steps:
            if step.kind is StepKind.CALL and step.expr is not None and step.expr.text == "mark":
                found[step.expr.args[0].key] = facts.mask(step.expr.args[0])
            facts.run(step)
        after = []
        for edge in cfg.blocks[index].edges:
            state = facts.copy()
            if edge.assume is None or state.assume(*edge.assume):
                after.append((edge.target, state))
        return after

    order = cfg.order()
    from linter.flow.facts import same

    solve([(cfg.entry, Facts())], flow, join, same, lambda index: order[index])
    return found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if (!p) mark(p);", ZERO),
        ("if (p) mark(p);", ANY & ~ZERO),
        ("if (p == NULL) return 0; mark(p);", ANY & ~ZERO),
        ("if (IS_ERR(p)) mark(p);", ERROR),
        ("if (IS_ERR_OR_NULL(p)) return 0; mark(p);", POSITIVE),
        ("if (a < 0) mark(a);", NEGATIVE),
        ("if (a < 0) return a; mark(a);", ANY & ~NEGATIVE),
        ("if (likely(a > 0)) mark(a);", POSITIVE | ERROR),
        ("a = -EINVAL; mark(a);", NEGATIVE),
        ("a = PTR_ERR_OR_ZERO(p); if (a) mark(p);", ERROR),
        ("a = IS_ERR(p); if (!a) mark(p);", ANY & ~ERROR),
        ("b = a; if (b) return 0; mark(a);", ZERO),
        ("if ((a = get()) < 0) mark(a);", NEGATIVE),
        ("a = 0; if (b) a = -EIO; mark(a);", ZERO | NEGATIVE),
        ("if (!p->x) return 0; q = p; mark(q->x);", ANY & ~ZERO),
        ("if (a) return 0; fill(&a); mark(a);", ANY),
        ("p = ERR_PTR(-ENOMEM); mark(p);", ERROR),
        ("if (dma_mapping_error(p, a)) mark(a);", ERROR),
        ("q = &p->in; if (q->error) return 0; mark(q->error);", ZERO),
        ("q = &p->in; if (p->in.error) return 0; mark(q->error);", ZERO),
        ("if (!p) return 0; for_each_child_of_node(p, q) a++; mark(p);", ANY & ~ZERO),
        ("if (!q) return 0; for_each_child_of_node(p, q) a++; mark(q);", ANY),
        ("if (!p) return 0; list_for_each_entry(p, &q->list, list) a++; mark(p);", ANY),
    ],
)
def test_what_is_known(body: str, expected: int) -> None:
    (mask,) = marks(body).values()
    assert mask == expected


@pytest.mark.parametrize(
    "body",
    [
        "if (a) return 0; if (a) mark(a);",
        "if (p->flags & X) return 0; if (p->flags & X) mark(a);",
        "if (a == b) return 0; if (b == a) mark(a);",
        "if (a < b) return 0; if (b > a) mark(a);",
        "#ifdef X\nreturn 0;\n#endif\n#ifdef X\nmark(a);\n#endif\n",
        "if (is_foo(p)) return 0; if (is_foo(p)) mark(a);",
    ],
)
def test_conditions_agree_with_themselves(body: str) -> None:
    assert marks(body) == {}


@pytest.mark.parametrize(
    "body",
    [
        "if (a == 3) { if (a == 1) mark(a); }",
        "a = 1; if (a == 3) mark(a);",
        "if (a == 3) { b = a; } else { b = 1; return b; } if (b == 2) mark(b);",
        "if (PTR_ERR(p) == -EPROBE_DEFER) return 0; if (!IS_ERR(p) && PTR_ERR(p) == -ENOMEM) mark(p);",
        "if (!net_eq(p, q)) { a = g(); if (net_eq(p, q)) mark(a); }",
        "if (a != 0) { if (XE_IOCTL_DBG(p, !a)) mark(a); }",
    ],
)
def test_one_number_is_no_other(body: str) -> None:
    """What contradicts the path is not reached."""
    assert marks(body) == {}


def test_a_number_may_change() -> None:
    """Another value is another number."""
    assert marks("if (a == 3) { a = g(); if (a == 1) mark(a); }") == {"a": POSITIVE}


def test_a_loop_starts_its_values_anew() -> None:
    body = "while (a) { p = get(); if (!p) break; use(p); } mark(p);"
    assert marks(body)["p"] == ANY


def test_sixty_joins_are_sixty_joins() -> None:
    assert marks("if (a) b = 1; else b = 2;\n" * 60 + "mark(b);")["b"] == POSITIVE
