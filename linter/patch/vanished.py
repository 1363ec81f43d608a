"""The lines of a hunk from which empty context lines vanished in, the likeliest places for these put back.

Some mail programs and archives drop empty lines. The hunk header tells how many are lacking. A hunk of git starts
and ends with three context lines, so a run shorter than that has lost its share there; the rest goes where kernel
code has empty lines: behind declarations, before comments and labels.
"""

from __future__ import annotations

from linter.patch.model import LineKind
from linter.pattern import lazy

_DECLARATION = lazy(
    rb"\s*(?:(?:const|static|unsigned|signed|struct|union|enum|volatile)\s+)*[A-Za-z_]\w*\s+\**\w[^()]*;\s*$"
)
_STATEMENT = lazy(rb"\s*(?:if|for|while|switch|return|goto|do)\b|\s*[\w>.\[\]-]+\s*[-+|&]?=[^=]|\s*\w+\(")
_LABEL = lazy(rb"\s*[A-Za-z_]\w*:\s*$")
_EDGE = 3  # context lines that git puts around a change

Item = tuple[LineKind, bytes, int]


def place_blanks(items: list[Item], lacking: int) -> list[Item]:
    """Insert `lacking` empty context lines; each points to the line of the mail above it."""
    kinds = [item[0] for item in items]
    changed = [i for i, kind in enumerate(kinds) if kind is not LineKind.CONTEXT]
    if not changed or not items:
        return items + [(LineKind.CONTEXT, b"", items[-1][2] if items else 0)] * lacking
    gaps: list[int] = []  # an empty line goes before items[gap]
    lead, trail = changed[0], len(items) - 1 - changed[-1]
    head = min(lacking, max(0, _EDGE - lead))
    gaps += _best_gaps(items, 0, changed[0], head)
    tail = min(lacking - head, max(0, _EDGE - trail))
    gaps += _best_gaps(items, changed[-1] + 1, len(items), tail)
    rest = lacking - head - tail
    if rest:
        taken = set(gaps)
        inner = _best_gaps(items, changed[0] + 1, changed[-1] + 1, rest, taken)
        gaps += inner
        gaps += [len(items)] * (rest - len(inner))
    result: list[Item] = []
    for index in range(len(items) + 1):
        above = items[max(index - 1, 0)][2]
        result += [(LineKind.CONTEXT, b"", above)] * gaps.count(index)
        if index < len(items):
            result.append(items[index])
    return result


def _best_gaps(items: list[Item], low: int, high: int, count: int, taken: set[int] | None = None) -> list[int]:
    if not count:
        return []
    scored = sorted(
        ((-_score(items, gap), gap) for gap in range(low, high + 1) if not taken or gap not in taken),
    )
    return [gap for _, gap in scored[:count]]


def _score(items: list[Item], gap: int) -> int:
    """How likely an empty line stood between two lines."""
    above_item = items[gap - 1] if gap else None
    below_item = items[gap] if gap < len(items) else None
    above = above_item[1].strip() if above_item else b""
    below = below_item[1].strip() if below_item else b""
    if (above_item and not above) or (below_item and not below):
        return -2
    context = (above_item is None or above_item[0] is LineKind.CONTEXT) + (
        below_item is None or below_item[0] is LineKind.CONTEXT
    )
    if not context:
        return -5
    if (above.startswith((b"*", b"/*")) and not above.endswith(b"*/")) or above.endswith((b"{", b",", b"\\")):
        return -3
    if below.startswith((b"*", b"}", b"{", b")")):
        return -1
    score = context - 1
    if above == b"}" and below_item is not None and not below.startswith(b"else"):
        score += 3
    if below.startswith(b"/*"):
        score += 4
    if above.endswith(b";"):
        score += 1
    if _DECLARATION.match(above) and not above.startswith((b"return", b"goto")) and _STATEMENT.match(below):
        score += 5
    if _LABEL.match(below):
        score += 1
    if above.startswith((b"goto ", b"return")):
        score += 2
    return score
