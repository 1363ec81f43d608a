"""A worklist fixpoint over any lattice: states flow along edges and are joined where paths meet.

The state of a node is always the join of what its sources sent last, so a node with one source loses nothing by being
visited again; only a node that will not settle is joined with its own past.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

N = TypeVar("N", bound=Hashable)
S = TypeVar("S")

PATIENCE = 6
"""From this many visits on the old state takes part in the join, which makes states only grow."""
MAX_VISITS = 24
"""A node visited more often has a transfer function that does not settle; the solver then gives up."""


class Unsettled(Exception):
    """The states of a node keep changing."""


def solve(
    seeds: Iterable[tuple[N, S]],
    flow: Callable[[N, S], Iterable[tuple[N, S]]],
    join: Callable[[N, S, S], S],
    same: Callable[[S, S], bool],
    order: Callable[[N], int],
) -> dict[N, S]:
    """The state at each reached node; nodes are visited in `order`, best a topological one."""
    states: dict[N, S] = {}
    visits: dict[N, int] = {}
    sent: dict[N, dict[tuple[int, int], S]] = {}
    numbers: dict[N, int] = {}
    heap: list[tuple[int, int, N]] = []
    queued: set[N] = set()

    def arrive(node: N, source: tuple[int, int], state: S) -> None:
        sent.setdefault(node, {})[source] = state
        if node not in queued:
            queued.add(node)
            heapq.heappush(heap, (order(node), numbers.setdefault(node, len(numbers)), node))

    for index, (node, state) in enumerate(seeds):
        arrive(node, (-1, index), state)
    while heap:
        _, number, node = heapq.heappop(heap)
        queued.discard(node)
        incoming = sent[node]
        state = _join_all(node, incoming, join)
        old = states.get(node)
        visits[node] = visits.get(node, 0) + 1
        if old is not None:
            if visits[node] > PATIENCE:
                state = join(node, old, state)
            if same(old, state):
                continue
        if visits[node] > MAX_VISITS:
            raise Unsettled
        states[node] = state
        for index, (target, after) in enumerate(flow(node, state)):
            arrive(target, (number, index), after)
    return states


def _join_all(node: N, incoming: dict[tuple[int, int], S], join: Callable[[N, S, S], S]) -> S:
    sources = sorted(incoming) if len(incoming) > 1 else list(incoming)
    state = incoming[sources[0]]
    for source in sources[1:]:
        state = join(node, state, incoming[source])
    return state
