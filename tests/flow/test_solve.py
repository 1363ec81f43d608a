"""The solver reaches one fixpoint, in whatever order it visits nodes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.flow.solve import Unsettled, solve


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[list[int]], list[frozenset[int]], list[int]]:
    size = draw(st.integers(1, 8))
    nodes = st.integers(0, size - 1)
    graph = [draw(st.lists(nodes, max_size=3)) for _ in range(size)]
    made = [draw(st.frozensets(st.integers(0, 5), max_size=2)) for _ in range(size)]
    return graph, made, draw(st.permutations(range(size)))


@given(problems())
def test_result_does_not_depend_on_the_order(problem: tuple[list[list[int]], list[frozenset[int]], list[int]]) -> None:
    graph, made, order = problem

    def flow(node: int, state: frozenset[int]) -> list[tuple[int, frozenset[int]]]:
        return [(target, state | made[node]) for target in graph[node]]

    def run(rank: list[int]) -> dict[int, frozenset[int]]:
        return solve([(0, frozenset[int]())], flow, lambda _, a, b: a | b, lambda a, b: a == b, lambda node: rank[node])

    assert run(list(range(len(graph)))) == run(order)


def test_state_of_a_node_is_the_join_of_what_was_sent_last() -> None:
    def flow(node: int, state: int) -> list[tuple[int, int]]:
        return [(1, 1), (2, 2)] if node == 0 else [(3, state)] if node < 3 else []

    found = solve([(0, 0)], flow, lambda _, a, b: a | b, lambda a, b: a == b, lambda node: node)
    assert found[3] == 3


def test_what_never_settles_is_given_up() -> None:
    with pytest.raises(Unsettled):
        solve([(0, 0)], lambda n, s: [(0, s + 1)], lambda _, a, b: max(a, b), lambda a, b: a == b, lambda n: 0)
