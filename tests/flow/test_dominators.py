"""Dominators against their definition: what cannot be reached without a node is dominated by it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from linter.flow.build import build_cfg
from linter.flow.dominators import Dominators, dominators, post_dominators, postorder, reachable, reverse
from tests.flow.sources import parse_function


@st.composite
def graphs(draw: st.DrawFn) -> list[list[int]]:
    size = draw(st.integers(1, 9))
    return [draw(st.lists(st.integers(0, size - 1), max_size=3)) for _ in range(size)]


@given(graphs())
def test_dominators_equal_removal_reachability(graph: list[list[int]]) -> None:
    found = Dominators(graph, 0)
    everything = reachable(graph, 0)
    for node in range(len(graph)):
        dominated = everything - reachable(graph, 0, without=node) if node in everything else set()
        assert {other for other in everything if found.dominates(node, other)} == dominated


@given(graphs())
def test_postorder_visits_what_is_reachable_once(graph: list[list[int]]) -> None:
    order = postorder(graph, 0)
    assert len(order) == len(set(order)) and set(order) == reachable(graph, 0)


@given(graphs())
def test_reverse_twice_is_the_graph(graph: list[list[int]]) -> None:
    assert [sorted(targets) for targets in reverse(reverse(graph))] == [sorted(targets) for targets in graph]


def test_exit_post_dominates_and_entry_dominates() -> None:
    cfg = build_cfg(parse_function("int f(int a)\n{\n\tif (a)\n\t\tg();\n\treturn 0;\n}\n"))
    assert all(dominators(cfg).dominates(cfg.entry, node) for node in dominators(cfg).idom)
    assert post_dominators(cfg).dominates(cfg.exit, cfg.entry)
