"""The graph of small functions: what is reached, in which order, under which assumption."""

from __future__ import annotations

import pytest

from linter.flow.build import build_cfg
from linter.flow.model import Cfg, StepKind
from tests.flow.sources import parse_function


def calls(cfg: Cfg) -> list[str]:
    """Callees in the order of a depth-first walk from the entry."""
    seen, stack, found = set(), [cfg.entry], []
    while stack:
        index = stack.pop()
        if index in seen:
            continue
        seen.add(index)
        found += [step.expr.text for step in cfg.blocks[index].steps if step.kind is StepKind.CALL and step.expr]
        stack += [edge.target for edge in reversed(cfg.blocks[index].edges)]
    return found


def graph(body: str) -> Cfg:
    return build_cfg(parse_function("int f(struct s *p, int n)\n{\n" + body + "\n}\n"))


def reached(body: str) -> list[str]:
    return calls(graph(body))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a(); return 0; b();", ["a"]),
        ("if (x) a(); else b(); c();", ["a", "c", "b"]),
        ("goto out; a(); out: b();", ["b"]),
        ("a(); BUG(); b();", ["a", "BUG"]),
        ("BUG_ON(p); a();", ["a"]),
        ("while (1) { a(); } b();", ["a"]),
        ("while (1) { if (x) break; a(); } b();", ["b", "a"]),
        ("do { a(); } while (0); b();", ["a", "b"]),
        ("for (;;) { a(); if (x) continue; b(); return 1; } c();", ["a", "b"]),
        ("switch (n) { case 1: a(); case 2: b(); break; default: c(); } d();", ["a", "b", "d", "c"]),
        ("x = y ? a() : b(); c();", ["a", "c", "b"]),
        ("return a() ? 1 : b();", ["a", "b"]),
        ("x = ({ a(); b(); }); c();", ["a", "b", "c"]),
        ("list_for_each_entry(p, &head, list) { a(); } b();", ["a", "b"]),
        ("p = a(h, typeof(*p), list); b();", ["a", "b"]),
    ],
)
def test_what_is_reached(body: str, expected: list[str]) -> None:
    assert reached(body) == expected


def test_short_circuit_is_edges() -> None:
    cfg = graph("if (a && (!b || c)) d();")
    tests = [(e.assume[0].key, e.assume[1]) for block in cfg.blocks for e in block.edges if e.assume]
    assert sorted(tests) == [("a", False), ("a", True), ("b", False), ("b", True), ("c", False), ("c", True)]


def test_preprocessor_arms_are_alternatives_with_one_condition() -> None:
    cfg = graph("#ifdef CONFIG_A\n a();\n#else\n b();\n#endif\n c();\n#ifndef CONFIG_A\n d();\n#endif\n")
    tests = {(e.assume[0].key, e.assume[1]) for block in cfg.blocks for e in block.edges if e.assume}
    assert tests == {("#defined(CONFIG_A)", True), ("#defined(CONFIG_A)", False)}
    assert calls(cfg) == ["a", "c", "d", "b"]


def test_what_is_between_if_0_and_endif_is_never_compiled() -> None:
    cfg = graph("#if 0\n a();\n#else\n b();\n#endif\n c();\n#if 0\n d();\n#endif\n")
    assert calls(cfg) == ["b", "c"]
    assert not any(e.assume for block in cfg.blocks for e in block.edges)


def test_what_only_older_kernels_compile_is_never_compiled() -> None:
    old, new = "LINUX_VERSION_CODE < KERNEL_VERSION(4, 0, 0)", "(LINUX_VERSION_CODE >= KERNEL_VERSION(5,10,0))"
    cfg = graph(f"#if {old}\n a();\n#else\n b();\n#endif\n#if {new}\n c();\n#elif X\n d();\n#else\n e();\n#endif\n")
    assert calls(cfg) == ["b", "c"]
    assert not any(e.assume for block in cfg.blocks for e in block.edges)
    cfg = graph("#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)\n a();\n#else\n b();\n#endif\n")
    assert sorted(calls(cfg)) == ["a", "b"]


def test_unseen_label_is_unknown_code() -> None:
    cfg = graph("if (n) goto out_of_sight; return 0;")
    assert cfg.has_gap and "out_of_sight" not in cfg.labels


def test_assignment_in_a_condition_tests_its_target() -> None:
    cfg = graph("if ((p = get())) a();")
    assert {e.assume[0].key for block in cfg.blocks for e in block.edges if e.assume} == {"p"}


def test_guard_ends_with_its_scope() -> None:
    cfg = graph("{ guard(mutex)(&p->lock); a(); } b();")
    order = [(s.kind.value, s.expr.text) for block in cfg.blocks for s in block.steps if s.expr]
    assert [o for o in order if o[0] != "use"] == [
        ("call", "guard"), ("call", "a"), ("scope-end", "guard"), ("call", "b"),
    ]  # fmt: skip


def test_cleanup_variable_is_marked() -> None:
    cfg = graph("struct s *q __free(kfree) = get();")
    declared = [s for block in cfg.blocks for s in block.steps if s.kind is StepKind.DECLARE]
    assert [(s.target.text, s.cleanup) for s in declared if s.target] == [("q", "kfree")]


def test_sixty_tests_cost_sixty_tests() -> None:
    one = len(graph("if (a) b();").blocks)
    sixty = len(graph("if (a) b();\n" * 60).blocks)
    assert sixty <= 60 * one


def test_deep_nesting_is_cut_not_crashed() -> None:
    depth = 3000
    assert graph("{" * depth + "a();" + "}" * depth).has_gap
    graph("x = " + "(" * depth + "1" + ")" * depth + ";")
    graph("x = " + "!" * depth + "1;")
    graph("if (a) b();" + " else if (a) b();" * 2000)
