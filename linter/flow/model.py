"""The types that leave the flow stage: expressions, steps, basic blocks, edges, control-flow graphs.

`Expr`, `Step`, `Edge` and `BasicBlock` are not frozen although nobody may change them: a patch makes thousands, and a
frozen dataclass costs three times as much to make.
"""

from __future__ import annotations

import enum

from linter.record import field, record
from linter.syntax.model import Function


class Kind(enum.Enum):
    """What an expression is, once casts, parentheses and transparent macros are peeled."""

    NAME = "name"  # text: the identifier
    FIELD = "field"  # args: (base,); text: the member; arrow tells -> from .
    INDEX = "index"  # args: (base, index)
    DEREF = "deref"  # args: (pointer,)
    ADDRESS = "address"  # args: (lvalue,)
    CALL = "call"  # text: callee's name or its canonical text; args: the arguments
    ASSIGN = "assign"  # args: (target, value); text: = += -= ... ++ --
    UNARY = "unary"  # args: (operand,); text: ! - ~ +
    BINARY = "binary"  # args: (left, right); text: the operator
    CONDITIONAL = "conditional"  # args: (condition, then, else); of `a ?: b` then is the condition
    CONST = "const"  # text: a number, a character, NULL, true, false
    STRING = "string"
    OTHER = "other"  # args: what could be read of its parts


@record(frozen=False, eq=False)
class Expr:
    """A normalised C expression. `key` is its canonical text: equal keys read equally, e.g. `dev->priv.buf`."""

    kind: Kind
    text: str
    args: tuple[Expr, ...]
    key: str
    start: int  # bytes in the unit's text
    end: int
    arrow: bool = False

    def __repr__(self) -> str:
        return f"<{self.kind.value} {self.key}>"


class StepKind(enum.Enum):
    """What a step does. Steps of a block stand in evaluation order."""

    USE = "use"  # expr: a pointer that is read through or written through here
    CALL = "call"  # expr: the CALL; target: the lvalue that takes its result directly, if any
    ASSIGN = "assign"  # target, expr (the value; None for ++ and --), op
    DECLARE = "declare"  # target (NAME), expr (initial value or None), cleanup (argument of __free) or None
    ITERATE = "iterate"  # expr: CALL with the iterator macro's name and arguments; the head of its loop
    RETURN = "return"  # expr: the value or None; the last step of its block
    SCOPE_END = "scope-end"  # expr: the NAME declared with __free or CLASS, or the guard CALL that ends here
    GAP = "gap"  # unknown code: may do anything
    ASM = "asm"


@record(frozen=False, eq=False)
class Step:
    """One thing that happens, with its place in the unit's text."""

    kind: StepKind
    start: int
    end: int
    expr: Expr | None = None
    target: Expr | None = None
    op: str = ""
    cleanup: str | None = None


@record(frozen=False, eq=False)
class Edge:
    """A possible transfer of control. `assume` is the condition and whether it held; None: nothing is known."""

    target: int
    assume: tuple[Expr, bool] | None = None
    back: bool = False  # closes a loop
    goto: int = -1  # offset of the goto statement that the edge stands for


@record(frozen=False, eq=False)
class BasicBlock:
    """Straight-line code."""

    index: int
    steps: list[Step] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    label: str | None = None  # the C label that the block starts with
    loop: int = 0  # number of the innermost loop that the block stands in, head included; 0: none

    @property
    def in_loop(self) -> bool:
        """Whether the block stands inside a loop."""
        return self.loop > 0


@record(frozen=False, eq=False)
class Cfg:
    """The control-flow graph of one function. Block `exit` is empty; every RETURN step's block has an edge to it.

    A goto to a label that is out of sight leads to a block that holds a GAP step and then leaves; a no-return call
    ends its block without an edge.
    """

    function: Function
    blocks: list[BasicBlock]
    entry: int
    exit: int
    labels: dict[str, int]
    has_gap: bool
    parameters: tuple[str, ...]  # names; empty where the head is unknown
    locals: dict[str, str]  # declared in the body: name -> type text ("struct device_node *")
    types: dict[str, str]  # of parameters: name -> type text
    returns: str  # type text of the function's result; "" where the head is unknown
    _order: list[int] | None = None
    _predecessors: list[list[int]] | None = None

    def predecessors(self) -> list[list[int]]:
        """For each block the indices of the blocks that lead to it."""
        if self._predecessors is None:
            found: list[list[int]] = [[] for _ in self.blocks]
            for block in self.blocks:
                for edge in block.edges:
                    found[edge.target].append(block.index)
            self._predecessors = found
        return self._predecessors

    def order(self) -> list[int]:
        """For each block its place in a reverse postorder: but for loops, a block comes after what leads to it."""
        if self._order is None:
            seen, found = {self.entry}, []
            stack = [(self.entry, iter(self.blocks[self.entry].edges))]
            while stack:
                index, edges = stack[-1]
                for edge in edges:
                    if edge.target not in seen:
                        seen.add(edge.target)
                        stack.append((edge.target, iter(self.blocks[edge.target].edges)))
                        break
                else:
                    found.append(index)
                    stack.pop()
            self._order = [len(self.blocks)] * len(self.blocks)
            for place, index in enumerate(reversed(found)):
                self._order[index] = place
        return self._order
