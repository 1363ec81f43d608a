"""What is wrong inside a rule file, told by key path; the loader adds the file and the line."""

from __future__ import annotations


class BlockError(Exception):
    """A bad value inside an engine's block. `path` is the keys (and list indices) from the rule's top to the value."""

    def __init__(self, path: tuple[str | int, ...], problem: str, expected: str = "") -> None:
        super().__init__(problem)
        self.path = path
        self.problem = problem
        self.expected = expected
