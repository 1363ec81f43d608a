"""The question whether a step that failed is undone, as if it had worked."""

from __future__ import annotations

from collections.abc import Iterator

from linter.detect.calls import named_calls
from linter.detect.codes import failed_value
from linter.detect.paths import overwrites, result_taken
from linter.detect.questions import Answer, Query
from linter.flow.model import Cfg, Expr, Step, StepKind
from linter.record import record
from linter.rulebook.model import Tables


@record
class Family:
    """What undoes a call that fails with an errno: the argument that is the handle, and the calls that take it."""

    handle: int
    releases: frozenset[str]


def families(tables: Tables) -> dict[str, Family]:
    """Callee -> how it is undone; only calls that leave nothing behind where they fail."""
    return tables.derived("undone.families", _build)


def _build(tables: Tables) -> dict[str, Family]:
    found: dict[str, Family] = {}
    for row in tables["resources"]["families"]:
        handle = row.get("handle")
        if (
            row.get("fails") != "negative"
            or row.get("clears")
            or row.get("raised")
            or row.get("failure")
            or not isinstance(handle, int)
        ):
            continue
        if row["kind"] != "enable" and "free_irq" not in row["release"]:
            continue  # a registration that failed may still hold what its release drops
        for name in row["acquire"]:
            found[name] = Family(handle, frozenset(row["release"]))
    return found


def makers(tables: Tables) -> dict[str, frozenset[str]]:
    """Release -> calls whose result it gives back."""
    return tables.derived("undone.makers", _makers)


def _makers(tables: Tables) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for row in tables["resources"]["families"]:
        if row["handle"] == "return":
            for name in row["release"]:
                found.setdefault(name, set()).update(row["acquire"])
    return {name: frozenset(acquire) for name, acquire in found.items()}


def failed_undone(query: Query) -> Iterator[Answer]:
    """`ret = get(x); if (ret) put(x);`: the release of what was not got, on the way that the failure takes."""
    known = families(query.tables)
    names = {name for name, _, _ in named_calls(query.function)}
    wanted = {name for name in names if name in known and not names.isdisjoint(known[name].releases)}
    if not wanted:
        return
    cfg = query.cfg
    told: set[int] = set()
    for block in cfg.blocks:
        for step in block.steps:
            call = step.expr
            if step.kind is not StepKind.CALL or call is None or call.text not in wanted or block.in_loop:
                continue
            family = known[call.text]
            taken = result_taken(cfg, call.start)
            if taken is None or taken[2].target is None or len(call.args) <= family.handle:
                continue
            handle = call.args[family.handle]
            found = _undoes(cfg, taken[0], taken[2].target.key, handle, family, wanted)
            if found is None or found.start in told or found.expr is None or _got_before(cfg, call, handle):
                continue
            if _made_before(cfg, call, handle, makers(query.tables).get(found.expr.text, frozenset())):
                continue
            told.add(found.start)
            words = {"VALUE": query.text((handle.start, handle.end)), "CALLEE": found.expr.text, "STEP": call.text}
            label = ((call.start, call.end), "fails")
            yield Answer((found.start, found.end), words, [label], key=handle.key)


def _undoes(cfg: Cfg, at: int, key: str, handle: Expr, family: Family, wanted: set[str]) -> Step | None:
    """The release on the straight way from the branch where the result says that the call failed."""
    target = next(
        (
            edge.target
            for edge in cfg.blocks[at].edges
            if (value := failed_value(edge)) is not None and value.key == key
        ),
        None,
    )
    seen: set[int] = {at}
    while target is not None and target not in seen:
        seen.add(target)
        block = cfg.blocks[target]
        if block.in_loop:
            return None
        for step in block.steps:
            if step.kind in (StepKind.RETURN, StepKind.GAP) or overwrites(step, handle.key):
                return None
            call = step.expr
            if step.kind is not StepKind.CALL or call is None:
                continue
            if call.text in wanted:
                return None  # tried once more
            if call.text in family.releases and any(arg.key == handle.key for arg in call.args):
                return step
        target = block.edges[0].target if len(block.edges) == 1 else None
    return None


def _got_before(cfg: Cfg, call: Expr, handle: Expr) -> bool:
    """Whether an earlier call of the kind got the same thing, which is what is released."""
    return any(
        step.kind is StepKind.CALL
        and step.expr is not None
        and step.expr.text == call.text
        and step.expr.start < call.start
        and any(arg.key == handle.key for arg in step.expr.args)
        for block in cfg.blocks
        for step in block.steps
    )


def _made_before(cfg: Cfg, call: Expr, handle: Expr, calls: frozenset[str]) -> bool:
    """Whether an earlier call made the thing itself, which the release gives back whole."""
    return any(
        step.kind in (StepKind.ASSIGN, StepKind.DECLARE)
        and step.target is not None
        and step.target.key == handle.key
        and step.expr is not None
        and step.expr.text in calls
        and step.start < call.start
        for block in cfg.blocks
        for step in block.steps
    )
