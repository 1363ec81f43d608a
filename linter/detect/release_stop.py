"""Questions about timers and works that are taken off their queue while the function that they call may still run."""

from __future__ import annotations

from collections.abc import Iterator

from linter.detect.calls import call_sites, named_calls
from linter.detect.paths import aliases
from linter.detect.questions import Answer, Query
from linter.detect.release_words import release_words, root
from linter.flow.model import Expr, Kind, Step, StepKind
from linter.pattern import lazy

_ENDS = lazy(r"(?:^|_)(?:free|kfree|kvfree|vfree|destroy|release|put|disconnect|unregister|deinit|cleanup|fini)(?:_|$)")
_TEARDOWN = lazy(
    r"(?:^|_)(?:remove|exit|free|release|destroy|deinit|fini|unregister|detach|unbind|teardown|uninit|delete|disconnect|"
    r"cleanup|dtor)(?:_|\d|$)"
)
_REMOVES = lazy(r"_(?:remove|disconnect|unbind)$")
_WAITS = lazy(r"_sync$|^flush_|^drain_|synchronize_|_sync_|^destroy_workqueue$|^timer_shutdown|^kthread_stop")


def stopped_without_waiting(query: Query) -> Iterator[Answer]:
    """A timer or work that is cancelled without waiting before the memory that it works on goes away."""
    words = release_words(query.tables)
    if not any(name in words.stops for name, _, _ in named_calls(query.function)):
        return
    steps = sorted(
        (step for block in query.cfg.blocks for step in block.steps if step.kind is StepKind.CALL),
        key=lambda step: step.start,
    )
    dropped = {site.start for site in call_sites(query.function, _Names(words.stops), _Names({})) if site.use == "drop"}
    for step in steps:
        call = step.expr
        if call is None or call.text not in words.stops or not call.args or step.start not in dropped:
            continue
        base = root(call.args[0])
        if base is None or any(_waits(later, call) for later in steps if later is not step):
            continue
        holders = _holders(query, call.args[0], base)
        end = next((later for later in steps if later.start > step.start and _ends(later, holders, base, query)), None)
        names = {
            "VALUE": query.text((call.args[0].start, call.args[0].end)).lstrip("&"),
            "CALLEE": call.text,
            "WAITS": words.stops[call.text],
        }
        if end is not None and end.expr is not None:
            names["END"] = f"{end.expr.text}()"
            label = ((end.start, end.end), "what it works on ends here")
            yield Answer((step.start, step.end), names, [label], key=call.args[0].key)
        elif _REMOVES.search(query.function.name):
            names["END"] = "the driver is gone"
            yield Answer((step.start, step.end), names, key=call.args[0].key)


class _Names:
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def __contains__(self, name: str) -> bool:
        return name in self.names


def _waits(step: Step, call: Expr) -> bool:
    """Whether a call waits for the same timer or work."""
    if step.expr is None or not _WAITS.search(step.expr.text):
        return False
    return not step.expr.args or step.expr.text.startswith(("flush_workqueue", "drain_", "kthread")) or any(
        arg.key == call.args[0].key for arg in step.expr.args
    )  # fmt: skip


def _holders(query: Query, handle: Expr, base: str) -> frozenset[str]:
    """What holds the timer or work, and other names for it."""
    found = {base}
    inner = handle.args[0] if handle.kind is Kind.ADDRESS and handle.args else handle
    while inner.kind is Kind.FIELD:
        inner = inner.args[0]
        found.add(inner.key)
    found |= {owner for owner in _owners(query, base) if owner is not None}
    for key in tuple(found):
        found |= aliases(query.cfg, key)
    return frozenset(found)


def _owners(query: Query, cursor: str) -> Iterator[str | None]:
    """What the lists are in over which a walk goes with this cursor: the entries go with it."""
    for block in query.cfg.blocks:
        for step in block.steps:
            call = step.expr
            if step.kind is StepKind.ITERATE and call is not None and len(call.args) > 1 and call.args[0].key == cursor:
                yield root(call.args[1])


def _ends(step: Step, holders: frozenset[str], base: str, query: Query) -> bool:
    """Whether a call ends the object that holds the timer or work, or the queue that it runs on."""
    call = step.expr
    if call is None or not _ENDS.search(call.text) or call.text in ("of_node_put", "pm_runtime_put", "module_put"):
        return False
    if call.text == "destroy_workqueue":
        return bool(call.args) and root(call.args[0]) == base
    given = {arg.key for arg in call.args} | {arg.args[0].key for arg in call.args if arg.kind is Kind.ADDRESS}
    return not holders.isdisjoint(given) and bool(_TEARDOWN.search(query.function.name) or "free" in call.text)


__all__ = ["stopped_without_waiting"]
