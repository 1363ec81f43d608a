"""The engine `walk`: entries that are taken off a list under the walk over it, and cursors used behind their walk.

    walk:
      report: taken-off
      message: "`$VALUE` is taken off the list here, and the walk goes on from it"

Which iterators read the entry after the body, and which end on the list's head, is data: the table `walk`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from linter.detect.paths import mentions
from linter.detect.questions import Answer, Query, Question, QuestionEngine
from linter.detect.release_words import release_words
from linter.flow.facts import Facts, join, same
from linter.flow.known import base_facts
from linter.flow.limits import UNSETTLED, note_limit
from linter.flow.model import BasicBlock, Cfg, Expr, Kind, Step, StepKind
from linter.flow.solve import Unsettled, solve
from linter.record import record
from linter.rulebook.model import Rule, Tables


@record
class WalkWords:
    """The table, ready for use."""

    reads_after: frozenset[str]
    unlinks: frozenset[str]
    ends_on_head: frozenset[str]


def walk_words(tables: Tables) -> WalkWords:
    """The words, read once a process."""
    return tables.derived("walk.words", _build)


def _build(tables: Tables) -> WalkWords:
    table = tables["walk"]
    return WalkWords(
        frozenset(table["reads-after"].split()),
        frozenset(table["unlinks"].split()),
        frozenset(table["ends-on-head"].split()),
    )


def _names(query: Query, words: frozenset[str]) -> bool:
    return any(word.encode() in query.unit.identifiers for word in words)


def taken_off(query: Query) -> Iterator[Answer]:
    """An entry that is taken off the list in a loop that then goes on from it."""
    words = walk_words(query.tables)
    if not _names(query, words.unlinks):
        return
    frees = release_words(query.tables).frees
    for block in query.cfg.blocks:
        for index, step in enumerate(block.steps) if block.in_loop else ():
            call = step.expr
            if step.kind is not StepKind.CALL or call is None or call.text not in words.unlinks or not call.args:
                continue
            head = _head_of(query.cfg, block, call.args[0], words.reads_after)
            if head is None or head.expr is None or _is_freed(query.cfg, head.expr.args[0], block.loop, frees):
                continue
            known = base_facts(query.cfg)
            if known is None or block.index not in known or not Round(query.cfg, head).comes(known, block, index):
                continue
            names = {"VALUE": head.expr.args[0].key, "CALLEE": call.text, "WALK": head.expr.text}
            label = ((head.start, head.end), "goes on from the entry")
            yield Answer((step.start, step.end), names, [label], key=head.expr.args[0].key)


def _head_of(cfg: Cfg, inside: BasicBlock, node: Expr, walks: frozenset[str]) -> Step | None:
    """The head of the innermost loop around a block, where it goes over `node` and reads it after the body."""
    for block in cfg.blocks:
        for step in block.steps if block.loop == inside.loop else ():
            if step.kind is StepKind.ITERATE and step.expr is not None and step.expr.args:
                return step if step.expr.text in walks and _is_entry(node, step.expr) else None
    return None


def _is_freed(cfg: Cfg, cursor: Expr, loop: int, frees: Mapping[str, int]) -> bool:
    """Whether the loop frees the entry, too: another rule speaks of that."""
    return any(
        step.kind is StepKind.CALL and step.expr is not None and step.expr.text in frees
        and any(arg.key == cursor.key for arg in step.expr.args)
        for block in cfg.blocks if block.loop == loop
        for step in block.steps
    )  # fmt: skip


def _is_entry(node: Expr, walk: Expr) -> bool:
    """Whether an argument is the node by which a walk goes over its entries, or the cursor where they are the same."""
    cursor = walk.args[0]
    if node.key == cursor.key:
        return len(walk.args) == 2  # list_for_each(): the cursor is the node
    if node.kind is not Kind.ADDRESS or len(walk.args) < 3:
        return False
    return node.args[0].key == f"{cursor.key}->{walk.args[-1].key}"


class Round:
    """Whether a way within a loop leads from a step back to its head, the cursor still on the same entry."""

    def __init__(self, cfg: Cfg, head: Step) -> None:
        self.cfg = cfg
        self.head = head
        self.cursor = head.expr.args[0].key if head.expr is not None else ""
        self.found = False

    def comes(self, known: Mapping[int, Facts], block: BasicBlock, index: int) -> bool:
        """Whether there is such a way from behind the step of that number."""
        facts = known[block.index].copy()
        for step in block.steps[: index + 1]:
            facts.run(step)
        order = self.cfg.order()
        try:
            solve(
                self._run(block, facts, index + 1),
                lambda node, state: self._run(self.cfg.blocks[node], state.copy(), 0),
                join,
                same,
                lambda node: order[node],
            )
        except Unsettled:
            note_limit(self.cfg.function, UNSETTLED)
            return False
        return self.found

    def _run(self, block: BasicBlock, facts: Facts, first: int) -> list[tuple[int, Facts]]:
        for step in block.steps[first:]:
            if step is self.head:
                self.found = True
                return []
            if step.kind in (StepKind.GAP, StepKind.RETURN) or (
                step.target is not None and step.target.key == self.cursor
            ):
                return []
            facts.run(step)
        after = []
        for edge in block.edges:
            copy = facts.copy()
            inside = self.cfg.blocks[edge.target].loop >= block.loop > 0
            if inside and (edge.assume is None or copy.assume(*edge.assume)):
                after.append((edge.target, copy))
        return after


def used_behind(query: Query) -> Iterator[Answer]:
    """A cursor that is used where its walk may have come to the end: it stands for the head then."""
    words = walk_words(query.tables)
    if not _names(query, words.ends_on_head):
        return
    cfg = query.cfg
    heads = [
        (block.index, step.expr, end)
        for block in cfg.blocks for step in block.steps
        if step.kind is StepKind.ITERATE and step.expr is not None and step.expr.text in words.ends_on_head
        and step.expr.args and step.expr.args[0].kind is Kind.NAME
        and _mentioned(query, step.expr.args[0].text, end := _end_of_loop(query, step))
    ]  # fmt: skip
    known = base_facts(query.cfg) if heads else None
    for index, walk, end in heads if known is not None else ():
        if known is None or index not in known:
            continue
        behind = Behind(cfg, walk, index, end)
        if walk.args[0].text not in behind.witnesses:  # else the loop itself says by its cursor how it ended
            behind.run(known[index])
        if behind.found:
            place = behind.found[min(behind.found)]
            names = {"VALUE": walk.args[0].text, "WALK": walk.text}
            label = ((walk.start, walk.end), "may come to the end of the list")
            yield Answer(place, names, [label], key=walk.args[0].text)


def _end_of_loop(query: Query, step: Step) -> int:
    """Where the loop's statement ends."""
    node = query.unit.tree.root_node.descendant_for_byte_range(step.start, step.start + 1)
    while node is not None and node.type not in ("for_statement", "while_statement", "compound_statement"):
        node = node.parent
    return node.end_byte if node is not None and node.type != "compound_statement" else step.end


def _mentioned(query: Query, name: str, start: int) -> bool:
    return query.unit.text.find(name.encode(), start, query.function.body.end_byte) >= 0


class Behind:
    """Follows a cursor from the end of its walk on."""

    def __init__(self, cfg: Cfg, walk: Expr, head: int, end: int) -> None:
        self.cfg = cfg
        self.text = cfg.function.unit.text
        self.walk = walk
        self.head = head
        self.name = walk.args[0].text
        self.own = frozenset({self.name})
        self.node = f"{self.name}->{walk.args[-1].key}"
        self.witnesses = frozenset(
            step.target.key
            for block in cfg.blocks
            for step in block.steps
            if step.target is not None and walk.start < step.start < end
        )
        self.found: dict[int, tuple[int, int]] = {}

    def run(self, facts: Facts) -> None:
        """Fill `found`: places where the cursor is used."""
        block = self.cfg.blocks[self.head]
        state = facts.copy()
        for step in block.steps:
            state.run(step)
        seeds = [
            (edge.target, state.copy())
            for edge in block.edges
            if edge.assume is not None and edge.assume[0] is self.walk and not edge.assume[1]
        ]
        order = self.cfg.order()
        try:
            solve(seeds, self._block, join, same, lambda node: order[node])
        except Unsettled:
            note_limit(self.cfg.function, UNSETTLED)
            self.found.clear()

    def _block(self, index: int, facts: Facts) -> list[tuple[int, Facts]]:
        facts = facts.copy()
        for step in self.cfg.blocks[index].steps:
            if self._ends(step):
                return []
            facts.run(step)
        edges = self.cfg.blocks[index].edges
        after = []
        for edge in edges:
            copy = facts.copy()
            if edge.assume is None or (copy.assume(*edge.assume) and not self._looks(edge.assume[0])):
                after.append((edge.target, copy))
        if len(after) > 1 and any(edge.assume and mentions(edge.assume[0], self.witnesses) for edge in edges):
            return []  # what the loop sets may tell how it ended
        return after

    def _looks(self, test: Expr) -> bool:
        """Whether a condition looks at the cursor: one that compares it knows that it may be the head."""
        if test.key == self.name:
            self.found.setdefault(test.start, (test.start, test.end))  # never NULL, whether it found something or not
        return mentions(test, self.own)

    def is_node(self, step: Step) -> bool:
        """Whether a use reads the node by which the walk went, and nothing of the entry around it."""
        return b"".join(self.text[step.start : step.end].split()).decode("utf-8", "replace") == self.node

    def _ends(self, step: Step) -> bool:
        """Note a use; True where the cursor is nothing to look at any more on this path."""
        kind, expr = step.kind, step.expr
        if kind is StepKind.GAP or (step.target is not None and step.target.key == self.name):
            return True
        if kind is StepKind.ITERATE and expr is not None:
            return mentions(expr, self.own)
        if kind is StepKind.USE and expr is not None and expr.key == self.name:
            if self.is_node(step):
                return False  # the head has one, too
            self.found.setdefault(step.start, (step.start, step.end))
            return True
        if kind is StepKind.RETURN:
            if expr is not None and expr.key == self.name:
                self.found.setdefault(step.start, (step.start, step.end))
            return True
        if kind is StepKind.CALL and expr is not None:
            if expr.text[:1].isupper() or expr.text.startswith(("list_", "hlist_", "container_of")):
                return mentions(expr, self.own)
            if any(arg.kind is Kind.ADDRESS and arg.args[0].key == self.name for arg in expr.args):
                return True  # filled by the callee
            if any(arg.key == self.name for arg in expr.args):
                self.found.setdefault(step.start, (step.start, step.end))
                return True
        return False


QUESTIONS: Mapping[str, Question] = {"taken-off": taken_off, "used-behind": used_behind}
"""What a rule of this engine can ask."""


class WalkEngine(QuestionEngine):
    """See the module's docstring. A rule's triggers are the iterators that its question is about."""

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        """Check a rule's block."""
        found = super().check(rule, tables)
        words = walk_words(tables)
        return found or (words.reads_after if rule.block["report"] == "taken-off" else words.ends_on_head)


ENGINE = WalkEngine("walk", QUESTIONS)
