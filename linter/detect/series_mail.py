"""Checks of how a series is sent: its numbers, its cover letter, what it says about earlier versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from linter.detect.message_parts import is_discussion, place, subject_line
from linter.detect.model import Context
from linter.detect.series_order import Check, Found
from linter.patch.model import Patch, Series
from linter.pattern import lazy

_CHANGES = lazy(
    rb"(?im)^[ \t*#>\[(=-]{0,12}(?:v\d|version \d|changes?\b|changelog|changed (?:in|since)|since v\d|differences"
    rb"|revision|delta|rfc\b|(?:this is )?(?:an? )?re-?send|rebased?\b)"
    rb"|\bv\d+\s?(?:->|:|-|=>|\xe2\x86\x92)|\bno changes?\b"
    rb"|\b(?:since|from|in|previous) (?:the )?(?:v\d|version|rfc)"
)
LONG = 15
MOST_AUTHORS = 3


def _mails(series: Series) -> list[Patch]:
    return [patch for patch in series.patches if patch.mail and patch.subject and not is_discussion(patch)]


def _gap(series: Series, context: Context) -> Iterator[Found]:
    """Numbers that are missing between those that came."""
    patches = _mails(series)
    totals = {patch.total for patch in patches}
    if len(totals) != 1 or None in totals or len(patches) < 2 or not any(patch.message_id for patch in patches):
        return
    total = totals.pop() or 0
    present = {patch.index for patch in patches}
    missing = [number for number in range(1, total + 1) if number not in present]
    if missing and len(missing) * 2 < total and total < 1000:
        shown = ", ".join(map(str, missing[:8]))
        texts = {"MISSING": shown, "TOTAL": str(total)}
        yield Found(0, place(subject_line(series.patches[0])), texts, shown)


def _cover(series: Series, context: Context) -> Iterator[Found]:
    """More than two patches without a letter that says what they are together."""
    patches = _mails(series)
    if series.cover is not None or len(patches) < 3:
        return
    first = patches[0]
    if first.index != 1 or first.total != len(patches) or first.in_reply_to or not first.message_id:
        return
    texts = {"COUNT": str(len(patches))}
    yield Found(series.patches.index(first), place(subject_line(first)), texts, "cover")


def _long(series: Series, context: Context) -> Iterator[Found]:
    """More patches than somebody reviews in one go; what lies in files and is many people's work is nobody's mail."""
    first = series.patches[0] if series.patches else None
    if first is None or first.index != 1 or not first.total or first.total <= LONG or first.quoted:
        return
    authors = {patch.author.address for patch in series.patches if patch.author is not None}
    if first.message_id or (len(series.patches) == first.total and len(authors) <= MOST_AUTHORS):
        yield Found(0, place(subject_line(first)), {"COUNT": str(first.total), "MOST": str(LONG)}, "long")


def _changelog(series: Series, context: Context) -> Iterator[Found]:
    """A second or later version that does not say what changed."""
    patches = _mails(series)
    if not patches or patches[0].version < 2 or "RESEND" in patches[0].prefixes:
        return
    first = patches[0]
    whole = first.total is None or first.total == 1 or first.total == len(patches)
    if not whole or (first.total is not None and series.cover is None and first.in_reply_to):
        return
    texts = [patch.body + b"\n" + patch.notes for patch in patches]
    if series.cover is not None:
        texts.append(series.cover.body)
    if any(_CHANGES.search(text[:200_000]) for text in texts):
        return
    version = {"VERSION": str(first.version)}
    yield Found(series.patches.index(first), place(subject_line(first)), version, "changelog")


def _same_title(series: Series, context: Context) -> Iterator[Found]:
    """Two patches of one series with the same title."""
    seen: dict[str, Patch] = {}
    for index, patch in enumerate(series.patches):
        title = " ".join(patch.title.lower().split())
        other = seen.get(title)
        if other is not None and title and not patch.quoted and other.index != patch.index and patch.index:
            texts = {"TITLE": patch.title[:60], "PATCH": str(other.index)}
            yield Found(index, place(subject_line(patch)), texts, title)
        seen.setdefault(title, patch)


MAILS: Mapping[str, Check] = {
    "numbering-gap": _gap,
    "cover-missing": _cover,
    "too-long": _long,
    "changelog-missing": _changelog,
    "same-title": _same_title,
}
