"""Reachability, orders, dominators and post-dominators of a graph given as successor lists."""

from __future__ import annotations

from collections.abc import Sequence

from linter.flow.model import Cfg


def successors(cfg: Cfg) -> list[list[int]]:
    """For each block the blocks that it leads to."""
    return [[edge.target for edge in block.edges] for block in cfg.blocks]


def reverse(graph: Sequence[Sequence[int]]) -> list[list[int]]:
    """The graph with every edge turned round."""
    turned: list[list[int]] = [[] for _ in graph]
    for source, targets in enumerate(graph):
        for target in targets:
            turned[target].append(source)
    return turned


def reachable(graph: Sequence[Sequence[int]], start: int, without: int | None = None) -> set[int]:
    """What can be reached from `start` without passing `without`."""
    if start == without:
        return set()
    seen, stack = {start}, [start]
    while stack:
        for target in graph[stack.pop()]:
            if target not in seen and target != without:
                seen.add(target)
                stack.append(target)
    return seen


def postorder(graph: Sequence[Sequence[int]], start: int) -> list[int]:
    """The reachable nodes, each after what it leads to (but for edges that close a loop)."""
    seen, order = {start}, []
    stack = [(start, iter(graph[start]))]
    while stack:
        node, targets = stack[-1]
        for target in targets:
            if target not in seen:
                seen.add(target)
                stack.append((target, iter(graph[target])))
                break
        else:
            order.append(node)
            stack.pop()
    return order


class Dominators:
    """The dominator tree of what `start` reaches (Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm)."""

    def __init__(self, graph: Sequence[Sequence[int]], start: int) -> None:
        order = postorder(graph, start)
        number = {node: index for index, node in enumerate(order)}
        before = reverse(graph)
        self.idom: dict[int, int] = {start: start}
        changed = True
        while changed:
            changed = False
            for node in reversed(order):
                if node == start:
                    continue
                best: int | None = None
                for source in before[node]:
                    if source in self.idom:
                        best = source if best is None else self._meet(best, source, number)
                if best is not None and self.idom.get(node) != best:
                    self.idom[node] = best
                    changed = True

    def _meet(self, one: int, two: int, number: dict[int, int]) -> int:
        while one != two:
            while number[one] < number[two]:
                one = self.idom[one]
            while number[two] < number[one]:
                two = self.idom[two]
        return one

    def dominates(self, one: int, two: int) -> bool:
        """Whether every path from the start to `two` passes `one`."""
        if two not in self.idom:
            return False
        while two != one:
            above = self.idom[two]
            if above == two:
                return False
            two = above
        return True


def dominators(cfg: Cfg) -> Dominators:
    """Dominators from the entry."""
    return Dominators(successors(cfg), cfg.entry)


def post_dominators(cfg: Cfg) -> Dominators:
    """Dominators from the exit in the turned graph: `dominates(a, b)` where every way out of b passes a."""
    return Dominators(reverse(successors(cfg)), cfg.exit)
