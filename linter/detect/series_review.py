"""What reviewers asked about an earlier version, and whether the line that they asked about is still there.

Works where one run sees both: the review of v1 (a reply with the patch quoted), then v2. Memory is bounded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from linter.detect.series_order import Found, line_place
from linter.patch.model import LineKind, Patch, Series
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


@record(frozen=False)
class Memory:
    """Remarks by title of the patch, the oldest forgotten first."""

    titles: OrderedDict[str, list[_Asked]] = field(default_factory=OrderedDict)

    def note(self, series: Series) -> None:
        """Remember the remarks in a review."""
        for patch in series.patches:
            for remark in patch.remarks:
                line = remark.line
                if line is None or line.kind is not LineKind.ADDED or len(line.text.strip()) < 15:
                    continue
                if not _REQUEST.search(remark.text[:2000]):
                    continue
                asked = self.titles.setdefault(_key(patch), [])
                if len(asked) < MAX_REMARKS:
                    asked.append(_Asked(patch.version, remark.path, b" ".join(line.text.split()), remark.text))
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
            for line in hunk.lines:
                if line.kind is not LineKind.ADDED:
                    continue
                one = wanted.pop((file.path, b" ".join(line.text.split())), None)
                if one is not None:
                    said = " ".join(one.text.split())
                    texts = {"VERSION": str(one.version), "TEXT": said if len(said) < 100 else said[:99] + "…"}
                    yield Found(index, line_place(file, line), texts, one.line.decode("utf-8", "replace")[:60])


def _key(patch: Patch) -> str:
    return " ".join(patch.title.lower().split())
