"""What should stand in a merge request against what stands there: which comments to write, change, close.

A comment of ours begins with a hidden marker that holds the finding's fingerprint, so that a finding has one comment
however often CI runs. Only comments of the account that we write with count: anybody could write a marker.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from linter.patch.model import Side
from linter.record import field, record
from linter.render.grid import grid_lines
from linter.render.markdown import fence, words
from linter.render.position import Unique
from linter.render.remark import again_sentence, path_sentence
from linter.render.source import Source
from linter.review.model import Judged, PatchReport
from linter.review.overlap import MORE

GONE = "**No longer found.**"
_MARKER = re.compile(r"\A<!-- hunklint:finding ([\w-]{1,80}) -->\n")


@record
class Wanted:
    """A comment that should be there, on a changed line."""

    key: str
    path: str
    line: int
    removed: bool  # the line is one of the pre-image
    other_path: str  # the file's name on the other side
    body: str


@record
class Existing:
    """A comment of ours that is there."""

    id: str
    key: str
    body: str
    thread: str = ""
    outdated: bool = False  # it no longer stands on a line of the diff
    resolved: bool = False
    answered: bool = False  # somebody replied


@record(frozen=False)
class Plan:
    """What to do, in this order."""

    create: list[Wanted] = field(default_factory=list)
    update: list[tuple[Existing, str]] = field(default_factory=list)  # with the new body
    reopen: list[Existing] = field(default_factory=list)  # closed by us, found again
    close: list[Existing] = field(default_factory=list)
    replaced: list[Existing] = field(default_factory=list)  # closed because it is written anew elsewhere
    left_out: int = 0  # findings beyond the limit of this run
    kept: int = 0


def key_of(body: str) -> str | None:
    """The fingerprint that a comment of ours begins with."""
    found = _MARKER.match(body.replace("\r\n", "\n"))
    return found[1] if found else None


def gone_body(existing: Existing) -> str:
    """The comment of a finding that went: said first, the rest kept for those who read back."""
    marker, _, rest = existing.body.replace("\r\n", "\n").partition("\n")
    return f"{marker}\n{GONE}\n\n{rest}"


def is_gone(body: str) -> bool:
    """Whether we closed this comment."""
    return body.replace("\r\n", "\n").partition("\n")[2].startswith(GONE)


def wanted_comments(reports: Iterable[PatchReport]) -> list[Wanted]:
    """Comments for the findings that stand on changed lines; the others are told in the summary."""
    unique, found = Unique(), []
    for report in reports:
        source = Source(report)
        for judged in report.reported:
            key = unique(judged)
            comment = _wanted(judged, source, key)
            if comment is not None:
                found.append(comment)
    return found


def _wanted(judged: Judged, source: Source, key: str) -> Wanted | None:
    anchor = judged.anchor
    place = source.place(anchor.patch_lineno) if anchor.patch_lineno else None
    if not anchor.changed or anchor.line is None or anchor.path is None or place is None:
        return None
    removed = anchor.side is Side.PRE
    other = place.file.post_path if removed else place.file.pre_path
    return Wanted(key, anchor.path, anchor.line, removed, other or anchor.path, _body(judged, source, key))


def _body(judged: Judged, source: Source, key: str) -> str:
    finding = judged.finding
    path = " ".join(filter(None, (path_sentence(judged, source), again_sentence(judged, source))))
    limits = f" ({'; '.join(map(words, finding.limits))})" if finding.limits else ""
    paragraphs = [
        f"**{finding.severity.label}**: {words(MORE.sub('', finding.message))}",
        words(path) if path else "",
        *(f"{words(grid.caption)}:\n\n{fence(chr(10).join(grid_lines(grid)))}".rstrip() for grid in finding.grids),
        words(finding.help),
        f"<sub>{finding.rule}, confidence {finding.confidence.label}{limits}; "
        f"why: `hunklint explain {finding.rule}`</sub>",
    ]
    return f"<!-- hunklint:finding {key} -->\n" + "\n\n".join(filter(None, paragraphs))


def make_plan(wanted: Sequence[Wanted], existing: Sequence[Existing], limit: int, *, complete: bool = True) -> Plan:
    """Compare. Where the review was not `complete`, nothing is taken for gone."""
    plan = Plan()
    by_key: dict[str, Existing] = {}
    for one in existing:
        first = by_key.get(one.key)
        if first is None or (first.outdated and not one.outdated) or (is_gone(first.body) and not is_gone(one.body)):
            by_key[one.key] = one
    keys = {one.key for one in wanted}
    for comment in wanted:
        known = by_key.get(comment.key)
        if known is None or (known.outdated and not _is_settled(known)):
            if len(plan.create) >= limit:
                plan.left_out += 1
                continue
            plan.create.append(comment)
            if known is not None:
                plan.replaced.append(known)
        elif is_gone(known.body):
            plan.reopen.append(known)
            plan.update.append((known, comment.body))
        elif known.body.replace("\r\n", "\n").rstrip() != comment.body.rstrip():
            plan.update.append((known, comment.body))
        else:
            plan.kept += 1
    for one in existing:
        extra = one is not by_key[one.key] and not one.answered
        if ((complete and one.key not in keys) or extra) and not is_gone(one.body):
            plan.close.append(one)
    return plan


def _is_settled(existing: Existing) -> bool:
    """Whether a person closed the thread: it is not written again."""
    return existing.resolved and not is_gone(existing.body)
