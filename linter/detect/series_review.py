"""What reviewers asked about an earlier version, and whether the line that they asked about is still there.

Works where one run sees both: the review of v1 (a reply with the patch quoted), then v2. Memory is bounded.
A line whose neighbours changed may have been moved, or what it needed put beside it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from linter.detect.series_order import Found, line_place
from linter.patch.model import Hunk, LineKind, Patch, Series
from linter.pattern import lazy
from linter.record import field, record

MAX_TITLES = 2000
MAX_REMARKS = 50
_REQUEST = lazy(
    r"(?i)\?|\b(?:please|should|must|need(?:s|ed)? to|don't|do not|why|use|drop|remove|rename|instead|wrong|missing)\b"
)


@record
class _Asked:
    version: int
    path: str | None
    line: bytes
    text: str
    beside: tuple[bytes, ...]  # the line, with those above and below


@record(frozen=False)
class Memory:
    """Remarks by title of the patch, the oldest forgotten first."""

    titles: OrderedDict[str, list[_Asked]] = field(default_factory=OrderedDict)

    def note(self, series: Series) -> None:
        """Remember the remarks in a review."""
        for patch in series.patches:
            beside = _neighbours(patch) if patch.remarks else {}
            for remark in patch.remarks:
                line = remark.line
                if line is None or line.kind is not LineKind.ADDED or len(line.text.strip()) < 15:
                    continue
                if not _REQUEST.search(remark.text[:2000]):
                    continue
                asked = self.titles.setdefault(_key(patch), [])
                if len(asked) < MAX_REMARKS:
                    words = b" ".join(line.text.split())
                    around = beside.get(line.patch_lineno, ())
                    asked.append(_Asked(patch.version, remark.path, words, remark.text, around))
        while len(self.titles) > MAX_TITLES:
            self.titles.popitem(last=False)

    def unaddressed(self, series: Series) -> Iterator[Found]:
        """Lines of a version that a reviewer of the one before asked about; older remarks have been talked over."""
        for index, patch in enumerate(series.patches):
            asked = self.titles.get(_key(patch)) if not patch.quoted else None
            earlier = [one for one in asked or () if one.version == patch.version - 1]
            if earlier:
                yield from _still_there(index, patch, earlier)


def _still_there(index: int, patch: Patch, asked: list[_Asked]) -> Iterator[Found]:
    wanted = {(one.path, one.line): one for one in asked}
    for file in patch.files:
        for hunk in file.hunks:
            beside = _beside(hunk)
            for line in hunk.lines:
                if line.kind is not LineKind.ADDED:
                    continue
                one = wanted.pop((file.path, b" ".join(line.text.split())), None)
                if one is not None and _agree(one.beside, beside[line.patch_lineno]):
                    said = " ".join(one.text.split())
                    texts = {"VERSION": str(one.version), "TEXT": said if len(said) < 100 else said[:99] + "…"}
                    yield Found(index, line_place(file, line), texts, one.line.decode("utf-8", "replace")[:60])


def _agree(quoted: tuple[bytes, ...], now: tuple[bytes, ...]) -> bool:
    """Whether the lines around one are the same, as far as the quotation goes."""
    return all(not old or old == new for old, new in zip(quoted, now, strict=bool(quoted)))


def _neighbours(patch: Patch) -> dict[int, tuple[bytes, ...]]:
    found: dict[int, tuple[bytes, ...]] = {}
    for file in patch.files:
        for hunk in file.hunks:
            found.update(_beside(hunk))
    return found


def _beside(hunk: Hunk) -> dict[int, tuple[bytes, ...]]:
    """Each line of the post-image, by its place in the mail, with the lines above and below."""
    lines = [line for line in hunk.lines if line.kind is not LineKind.REMOVED]
    words = [b"", *(b" ".join(line.text.split()) for line in lines), b""]
    return {line.patch_lineno: tuple(words[index : index + 3]) for index, line in enumerate(lines)}


def _key(patch: Patch) -> str:
    return " ".join(patch.title.lower().split())
