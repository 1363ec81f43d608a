"""The files of a patch in, the damage out if some program turned its tabs into spaces.

Kernel C is indented with tabs, so a patch to kernel files whose context shows indentation and not one tab has lost
them. Added lines alone say nothing: they may be the author's own style.
"""

from __future__ import annotations

from collections.abc import Sequence

from linter.patch.model import Damage, DamageKind, FilePatch, LineKind
from linter.pattern import lazy

_KERNEL = lazy(r"(?:arch|block|crypto|drivers|fs|init|io_uring|ipc|kernel|mm|net|security|sound|virt)/.*\.[ch]$")
_INDENT = lazy(rb"( {2,})[A-Za-z_}{(]")
_ONE_BLANK = lazy(rb" [A-Za-z_}(]")
MIN_LINES = 3
TAB = 8  # the width that programs expand a tab to, or less the column of the marker; four are an author's choice


def find_lost_tabs(files: Sequence[FilePatch], damage: Sequence[Damage]) -> tuple[Damage, ...]:
    """The damage, if the patch shows it; to be asked only of a patch without a tab in its hunks."""
    if any(entry.kind is DamageKind.TABS for entry in damage):
        return ()
    blanks_lost = any(entry.kind is DamageKind.LOST_BLANK for entry in damage)
    hurt: list[int] = []
    wholes = [0, 0]  # lines indented by whole tabs; by tabs whose first column the marker took
    for file in files:
        if not _KERNEL.match(file.path or "") and not blanks_lost:
            continue
        for hunk in file.hunks:
            for line in hunk.lines:
                if b"\t" in line.text:
                    return ()
                if line.kind is LineKind.ADDED and not blanks_lost:
                    continue
                if indent := _INDENT.match(line.text):
                    width = len(indent[1])
                    if not blanks_lost and width < TAB - 1:
                        return ()
                    wholes[0] += width % TAB == 0
                    wholes[1] += (width + 1) % TAB == 0
                    hurt.append(line.patch_lineno)
                elif blanks_lost and _ONE_BLANK.match(line.text):
                    hurt.append(line.patch_lineno)
    if len(hurt) < MIN_LINES or (max(wholes) * 2 < len(hurt) and not blanks_lost):
        return ()
    return (Damage(DamageKind.TABS, hurt[0], len(hurt), "indented with spaces throughout"),)
