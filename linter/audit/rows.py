"""Messages, patches, remarks and findings as rows for the store: plain values, text made safe for any reader."""

from __future__ import annotations

import json
import re
import time
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from linter.audit.changed import line_key, pack_lines
from linter.audit.model import Row
from linter.patch.model import FilePatch, LineKind, Message, Patch
from linter.pattern import lazy
from linter.review.model import Judged, PatchReport, Verdict

AROUND = 8
"""Lines of the mail that are kept on each side of a finding's lines."""
MAX_TEXT = 4000
_LINK = lazy(rb"https?://(?:lore\.kernel\.org|lkml\.kernel\.org|patch\.msgid\.link|lore)/[^\s<>]{1,400}")
_LINK_ID = lazy(r"/([^/\s<>]{1,300}@[^/\s<>]{2,200})")
# what stands below the last quoted line of many replies, and is about nothing
_FAREWELL = lazy(
    r"\s*(?:(?:with )?(?:best|kind|warm)?\s*regards|thanks|thank you|cheers|br|bye)\b"
    r"[^\n]{0,40}(?:\n[^\n]{0,40}){0,3}\s*",
    re.IGNORECASE,
)
# an approval is no remark on the line above it
_APPROVAL = lazy(
    r"(?:\s*(?:reviewed|acked|tested|signed-off|suggested|reported|co-developed)-by:[^\n]*(?:\n|$))+"
    r"(?:[^\n]{0,60}\n?){0,2}\s*",
    re.IGNORECASE,
)
_WORDS = lazy(r"[a-z0-9_]+")
# folders whose sub-folders are subsystems of their own
_DEEP = frozenset({"drivers", "net", "fs", "arch", "sound", "include", "tools", "Documentation", "kernel", "crypto"})
_DEEPER = frozenset({"drivers/gpu", "drivers/net", "drivers/media", "include/uapi", "Documentation/devicetree"})


def text_of(value: bytes | str) -> str:
    """Any bytes as text that every database reader can take."""
    text = value if isinstance(value, str) else value.decode("utf-8", "replace")
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")


def date_of(seconds: float | None) -> str | None:
    """An ISO 8601 date and time, UTC; None where the mail has none that can be."""
    if seconds is None or not 0 <= seconds < 4102444800:  # up to 2100: beyond, a clock was wrong
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def message_row(number: int, message: Message, judge: bool) -> Row:
    """What is known of a message once it was parsed."""
    outcome = "discussion"
    if message.patches:
        outcome = "judged" if judge or not all(patch.quoted for patch in message.patches) else "review"
    notes = message.body if message.cover else b"\n".join(patch.notes for patch in message.patches)
    change_id = next((patch.change_id for patch in message.patches if patch.change_id), None)
    return {
        "message": number,
        "outcome": outcome,
        "subject": text_of(message.subject),
        "sender": text_of(message.sender.name) if message.sender else None,
        "address": text_of(message.sender.address).lower() if message.sender else None,
        "date": date_of(message.date),
        "cover": int(message.cover),
        "change_id": change_id or (_change_id(message) if message.cover else None),
        "links": " ".join(linked_ids(notes)),
    }


def _change_id(message: Message) -> str | None:
    found = re.search(rb"^change-id:[ \t]*(\S{4,200})", message.body, re.IGNORECASE | re.MULTILINE)
    return text_of(found[1]) if found else None


def linked_ids(text: bytes) -> list[str]:
    """Message-IDs in links to an archive."""
    found: dict[str, None] = {}
    for link in _LINK.findall(text):
        name = _LINK_ID.search(text_of(link))
        if name is not None:
            found[name[1].rstrip(".,;)")] = None
    return list(found)[:20]


def title_key(title: str) -> str:
    """The words of a title, for comparing versions."""
    return " ".join(_WORDS.findall(title.lower()))


def subsystem_of(files: Sequence[FilePatch]) -> str | None:
    """The folder that most files of a patch lie in, as deep as a subsystem goes."""
    counted: dict[str, int] = {}
    for file in files:
        parts = (file.path or "").split("/")
        if len(parts) > 1:
            name = parts[0]
            if name in _DEEP and len(parts) > 2:
                name = "/".join(parts[:2])
            if name in _DEEPER and len(parts) > 3:
                name = "/".join(parts[:3])
            counted[name] = counted.get(name, 0) + 1
    return text_of(min(counted, key=lambda name: (-counted[name], name))) if counted else None


def patch_row(number: int, patch: Patch) -> tuple[Row, list[Row]]:
    """A patch, and its files."""
    files = [_file_row(number, place, file) for place, file in enumerate(patch.files)]
    date = date_of(patch.date)
    author = patch.author
    row: Row = {
        "patch": number, "message": number // 1000, "message_id": patch.message_id and text_of(patch.message_id),
        "title": text_of(patch.title), "title_key": title_key(text_of(patch.title)),
        "author": text_of(author.name) if author else None,
        "address": text_of(author.address).lower() if author else None,
        "date": date, "month": date and date[:7],
        "version": patch.version, "idx": patch.index, "total": patch.total,
        "prefixes": text_of(" ".join(patch.prefixes)),
        "subsystem": subsystem_of(patch.files),
        "added": sum(file["added"] for file in files), "removed": sum(file["removed"] for file in files),
        "file_count": len(files), "quoted": int(patch.quoted),
        "damage": ", ".join(damage.kind.value for damage in patch.damage) or None,
        "commit_id": patch.commit, "base_commit": patch.base_commit and text_of(patch.base_commit),
        "change_id": patch.change_id and text_of(patch.change_id),
        "lines": pack_lines(patch) if patch.message_id else None,
    }  # fmt: skip
    return row, files


def _file_row(number: int, place: int, file: FilePatch) -> Row:
    kinds = [line.kind for hunk in file.hunks for line in hunk.lines]
    return {
        "patch": number,
        "n": place,
        "path": text_of(file.path) if file.path else None,
        "change": file.change.value,
        "added": kinds.count(LineKind.ADDED),
        "removed": kinds.count(LineKind.REMOVED),
    }


def excerpt(lines: Sequence[bytes], at: Iterable[int]) -> bytes:
    """The stretches of the mail around some lines: JSON [[number of first line, text], ...], packed."""
    wanted = {near for line in at if line > 0 for near in range(line - AROUND, line + AROUND + 1)}
    stretches: list[list[Any]] = []
    last = 0
    for number in sorted(number for number in wanted if 0 < number <= len(lines)):
        text = text_of(lines[number - 1][:500])
        if stretches and number == last + 1:
            stretches[-1][1] += "\n" + text
        else:
            stretches.append([number, text])
        last = number
    return zlib.compress(json.dumps(stretches, ensure_ascii=False).encode(), 6)


def unreported_rows(number: int, report: PatchReport) -> list[Row]:
    """How many findings were made and not reported."""
    counted: dict[tuple[str, str], int] = {}
    for judged in report.judged:
        if judged.verdict is not Verdict.REPORTED:
            key = judged.finding.rule, judged.verdict.value
            counted[key] = counted.get(key, 0) + 1
    return [{"patch": number, "rule": rule, "verdict": said, "times": n} for (rule, said), n in counted.items()]


def finding_rows(number: int, reported: Sequence[Judged], patch: Patch) -> list[Row]:
    """The reported findings of a patch, counted within each rule."""
    lines = patch.raw.split(b"\n") if reported else []
    seen: dict[str, int] = {}
    rows = []
    for judged in reported:
        found, place = judged.finding, judged.anchor
        n = seen[found.rule] = seen.get(found.rule, -1) + 1
        at = place.patch_lineno
        rows.append({
            "patch": number, "rule": found.rule, "n": n, "category": found.category,
            "severity": found.severity.label, "confidence": found.confidence.label,
            "path": text_of(place.path) if place.path else None, "line": place.line, "col": place.column,
            "side": place.side.value if place.side else None, "patch_line": at,
            "function": text_of(found.function) if found.function else None,
            "message": text_of(found.message), "help": text_of(found.help), "fingerprint": judged.fingerprint,
            "text": text_of(lines[at - 1][:500]) if 0 < at <= len(lines) else "",
            "labels": json.dumps([[label.location.patch_lineno, text_of(label.text)] for label in found.labels]),
            "limits": "; ".join(text_of(limit) for limit in found.limits),
            "excerpt": excerpt(lines, [at, *(label.location.patch_lineno for label in found.labels)]),
        })  # fmt: skip
    return rows


def remark_rows(number: int, patch: Patch, first: int) -> list[Row]:
    """What a reply says below lines of the patch that it quotes."""
    rows = []
    spoken = [r for r in patch.remarks if not _FAREWELL.fullmatch(r.text) and not _APPROVAL.fullmatch(r.text)]
    for place, remark in enumerate(spoken, first):
        line = remark.line
        kind = line.kind if line is not None else None
        rows.append({
            "message": number, "n": place, "quoted_path": text_of(remark.path) if remark.path else None,
            "quoted_line": None if line is None else (line.post_lineno or line.pre_lineno),
            "side": None if line is None else ("pre" if kind is LineKind.REMOVED else "post"),
            "kind": kind.value if kind is not None else None,
            "line_text": text_of(line.text[:500]) if line is not None else None,
            "line_key": line_key(line.kind, line.text) if line is not None else None,
            "text": text_of(remark.text[:MAX_TEXT]),
        })  # fmt: skip
    return rows


def skip_row(number: int, path: str | None, stage: str, reason: str) -> Row:
    """Something that was not analysed."""
    return {"message": number, "path": text_of(path or ""), "stage": stage, "reason": text_of(reason[:MAX_TEXT])}
