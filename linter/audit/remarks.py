"""Replies to the patches they are about: whose words a remark is, on which patch, and which finding it meets."""

from __future__ import annotations

import re
import sqlite3
from array import array

from linter.audit.stretches import walk
from linter.pattern import lazy

NEAR = 3
"""Lines between a finding and a remark that still speak of the same thing."""
# Mail that no person wrote: what they remark is no agreement with a reviewer.
_BOT = lazy(
    r"(?:^|[<.+-])(?:lkp@|0day|syzbot|kernelci|patchwork|buildbot|robot@|bot@|bot\+|noreply|no-reply|checkpatch"
    r"|sashiko|tip-bot|pr-tracker|netdev-bot)|-bot[@+]|\bbot@",
    re.IGNORECASE,
)


def is_bot(address: str | None, name: str | None) -> bool:
    """Whether a sender is a program, by address or name."""
    return bool(_BOT.search(address or "") or re.search(r"\b(?:bot|robot|buildbot)\b", name or "", re.IGNORECASE))


def supersede_quotations(db: sqlite3.Connection) -> None:
    """A patch known from quotations counts once, and not at all where the patch itself is in the archive."""
    db.execute("UPDATE patches SET superseded = NULL WHERE superseded IS NOT NULL")
    first: dict[tuple[str, str | None], int] = {}
    sql = (
        "SELECT p.patch, p.title_key, m.parents FROM patches p JOIN messages m USING (message)"
        " WHERE p.quoted = 1 ORDER BY p.patch"
    )
    for patch, title, parents in db.execute(sql):
        names = parents.split()
        original = _original(db, names)
        if original is None:
            # replies to one mail, or deeper in one thread under one title, quote one patch
            known = [first[key] for key in ((name, title) for name in names) if key in first]
            original = min(known) if known else None
            for name in names:
                first.setdefault((name, title), original or patch)
        if original is not None:
            db.execute("UPDATE patches SET superseded = ? WHERE patch = ?", (original, patch))
        if len(first) > 100_000:  # threads this old are over
            for key in list(first)[:50_000]:
                del first[key]


def _original(db: sqlite3.Connection, names: list[str]) -> int | None:
    for name in names:
        sql = "SELECT min(patch) FROM patches WHERE message_id = ? AND quoted = 0"
        row = db.execute(sql, (name,)).fetchone()
        if row[0] is not None:
            return int(row[0])
    return None


def attach_remarks(db: sqlite3.Connection) -> None:
    """Find for each remark the nearest patch above it in the thread that touches the file it is about."""
    db.execute("UPDATE remarks SET patch = NULL, by = NULL, addressed = NULL")
    sql = (
        "SELECT r.message, m.parents, m.address, m.sender FROM remarks r JOIN messages m USING (message)"
        " WHERE r.message > ? GROUP BY r.message ORDER BY r.message"
    )
    for message, parents, address, name in walk(db, sql):
        candidates = _patches_above(db, parents.split(), message)
        remarks = db.execute(
            "SELECT n, path, line_key FROM remarks WHERE message = ? ORDER BY n", (message,)
        ).fetchall()
        rows = []
        for n, path, key in remarks:
            patch = _best(db, candidates, path, key)
            by = "bot" if is_bot(address, name) else "author" if _is_author(db, patch, address) else "reviewer"
            rows.append((patch, by, message, n))
        db.executemany("UPDATE remarks SET patch = ?, by = ? WHERE message = ? AND n = ?", rows)


def _patches_above(db: sqlite3.Connection, parents: list[str], message: int) -> list[tuple[int, bytes | None]]:
    found: list[tuple[int, bytes | None]] = []
    for name in parents:
        sql = "SELECT patch, lines FROM patches WHERE message_id = ? AND quoted = 0 ORDER BY patch"
        found += db.execute(sql, (name,)).fetchall()
    if not found:  # judged from the quotation itself, or from the first reply that quotes it
        sql = "SELECT coalesce(superseded, patch), lines FROM patches WHERE message = ? ORDER BY patch"
        found = db.execute(sql, (message,)).fetchall()
    return found


def _best(
    db: sqlite3.Connection, candidates: list[tuple[int, bytes | None]], path: str | None, key: int | None
) -> int | None:
    if key is not None:
        for patch, packed in candidates:
            if packed is not None:
                lines = array("I")
                lines.frombytes(packed)
                if key in lines:
                    return patch
    for patch, _ in candidates:
        if path is None or db.execute("SELECT 1 FROM files WHERE patch = ? AND path = ?", (patch, path)).fetchone():
            return patch
    return candidates[0][0] if candidates else None


def _is_author(db: sqlite3.Connection, patch: int | None, address: str | None) -> bool:
    if patch is None or not address:
        return False
    sql = "SELECT p.address, m.address FROM patches p JOIN messages m USING (message) WHERE p.patch = ?"
    row = db.execute(sql, (patch,)).fetchone()
    return row is not None and address in row


def mark_agreement(db: sqlite3.Connection) -> None:
    """A finding agrees with a reviewer who remarked on the same file within a few lines."""
    db.execute("UPDATE findings SET agreed = 0")
    db.execute(
        "UPDATE findings SET agreed = 1 WHERE line IS NOT NULL AND EXISTS (SELECT 1 FROM remarks r"
        " WHERE r.patch = findings.patch AND r.by = 'reviewer' AND r.path = findings.path AND r.line IS NOT NULL"
        " AND abs(r.line - findings.line) <= ?)",
        (NEAR,),
    )
