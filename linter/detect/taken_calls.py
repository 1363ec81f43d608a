"""Zeroing and waiting that a patch takes away: memset(), kzalloc(), cancel_work_sync() and their like."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from linter.detect.model import Context
from linter.detect.taken_blocks import Block, code, joined
from linter.detect.taken_model import Taken
from linter.detect.typestate_explained import is_explained
from linter.patch.model import FilePatch, LineKind
from linter.pattern import compiled, lazy

_MEMSET = lazy(rb"^memset\(&?([\w>.-]+), (?:0|0x0+|'\\0'), [^;]*\);$")
_FILLED = lazy(rb"^(?:[\w *]+[ *])?([\w>.\[\]-]+) = ")
_STOP = lazy(
    rb"^(?:if \([^;]*\) )?((?:cancel_(?:delayed_)?work|flush_(?:delayed_)?work|flush_workqueue|drain_workqueue"
    rb"|del_timer|timer_delete|timer_shutdown|hrtimer_cancel|tasklet_kill|disable_irq|synchronize_\w+|kthread_stop|napi_disable"
    rb"|napi_synchronize|rcu_barrier|free_irq)\w*)\(([^;]*)\);$"
)
_ZEROED: Sequence[tuple[bytes, bytes]] = (
    (b"kzalloc(", b"kmalloc("),
    (b"kcalloc(", b"kmalloc_array("),
    (b"vzalloc(", b"vmalloc("),
    (b"kvzalloc(", b"kvmalloc("),
    (b"kmem_cache_zalloc(", b"kmem_cache_alloc("),
    (b"kzalloc_node(", b"kmalloc_node("),
)
_MOST_CHANGED = 6
"""Changed lines of a file up to which a call can be said to go alone."""


def zeroing(block: Block, file: FilePatch, context: Context) -> Iterator[Taken]:
    """`memset(&x, 0, sizeof(x));` goes, or kzalloc() becomes kmalloc()."""
    gone, come = joined(block.gone), joined(block.come)
    if not come:
        found = _MEMSET.match(gone)
        if found is not None and block.behind and not any(found[1] in text for text in _added(file)):
            yield Taken(block.gone[0], block.behind[0], {"NAME": found[1]}, found[1])
        return
    for zeroed, raw in _ZEROED:
        called = compiled(rb"\b" + re.escape(zeroed))
        if zeroed in gone and called.sub(raw, gone) == come:
            filled = _FILLED.match(gone)
            name = filled[1] if filled is not None else zeroed[:-1]
            yield Taken(block.gone[0], block.come[0], {"NAME": name}, name)


def stops(block: Block, file: FilePatch, context: Context) -> Iterator[Taken]:
    """A call that waits for a work, a timer or an interrupt goes alone."""
    found = _STOP.match(joined(block.gone))
    if found is None or block.come or not block.behind or _is_more(file):
        return
    if any(found[2] in text for text in _added(file)) or is_explained(context.patch):
        return
    yield Taken(block.gone[0], block.behind[0], {"NAME": found[1], "WHAT": joined(block.gone)}, found[1])


def _added(file: FilePatch) -> list[bytes]:
    return [code(line) for hunk in file.hunks for line in hunk.lines if line.kind is LineKind.ADDED]


def _is_more(file: FilePatch) -> bool:
    """Whether the patch changes more of the file than a call and what goes with it."""
    changed = [line for hunk in file.hunks for line in hunk.lines if line.kind is not LineKind.CONTEXT and code(line)]
    return len(changed) > _MOST_CHANGED
