"""Replies to the patches they are about: whose words a remark is, on which patch, and which finding it meets."""

from __future__ import annotations

import re
import sqlite3

from linter.audit.changed import ChangedLines
from linter.audit.stretches import walk
from linter.pattern import lazy

NEAR = 3
"""Lines between a finding and a remark that still speak of the same thing."""
MAX_THREADS = 20_000
"""Messages of quoted patches that are remembered while quotations are put together."""
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
        if len(first) > MAX_THREADS:  # threads this old are over
            for key in list(first)[: MAX_THREADS // 2]:
                del first[key]


def _original(db: sqlite3.Connection, names: list[str]) -> int | None:
    for name in names:
        sql = "SELECT min(patch) FROM patches WHERE message_id = ? AND quoted = 0"
        row = db.execute(sql, (name,)).fetchone()
        if row[0] is not None:
            return int(row[0])
    return None


def attach_remarks(db: sqlite3.Connection) -> None:
    """Find for each remark the patch above it in the thread that it is about, and the line in it."""
    db.execute("UPDATE remarks SET patch = NULL, by = NULL, addressed = NULL, path = quoted_path, line = quoted_line")
    sql = (
        "SELECT r.message, m.parents, m.address, m.sender FROM remarks r JOIN messages m USING (message)"
        " WHERE r.message > ? GROUP BY r.message ORDER BY r.message"
    )
    ours = "SELECT n, quoted_path, quoted_line, line_key FROM remarks WHERE message = ? ORDER BY n"
    for message, parents, address, name in walk(db, sql):
        candidates = _patches_above(db, parents.split(), message)
        rows = []
        for n, path, line, key in db.execute(ours, (message,)).fetchall():
            patch, path, line = _place(candidates, path, line, key)
            by = "bot" if is_bot(address, name) else "author" if _is_author(db, patch, address) else "reviewer"
            rows.append((patch, by, path, line, message, n))
        db.executemany("UPDATE remarks SET patch = ?, by = ?, path = ?, line = ? WHERE message = ? AND n = ?", rows)


class _Candidate:
    """A patch that a reply may be about."""

    def __init__(self, db: sqlite3.Connection, patch: int, packed: bytes | None) -> None:
        self.patch = patch
        self.lines = ChangedLines(packed) if packed else None
        rows = db.execute("SELECT n, path FROM files WHERE patch = ?", (patch,))
        self.files: dict[int, str | None] = dict(rows.fetchall())

    def find(self, key: int, path: str | None) -> list[tuple[str | None, int]]:
        """Where the quoted line stands in it."""
        if self.lines is None:
            return []
        found = [(self.files.get(file), line) for line, file in self.lines.find(key)]
        return [place for place in found if path is None or place[0] == path]


def _patches_above(db: sqlite3.Connection, parents: list[str], message: int) -> list[_Candidate]:
    """Patches of the thread, nearest first; else the quotation itself, or the first reply that quotes the same."""
    found: list[tuple[int, bytes | None]] = []
    for name in parents:
        sql = "SELECT patch, lines FROM patches WHERE message_id = ? AND quoted = 0 ORDER BY patch"
        found += db.execute(sql, (name,)).fetchall()
    if not found:
        sql = "SELECT coalesce(superseded, patch), lines FROM patches WHERE message = ? ORDER BY patch"
        found = db.execute(sql, (message,)).fetchall()
    return [_Candidate(db, patch, packed) for patch, packed in found]


def _place(
    candidates: list[_Candidate], path: str | None, line: int | None, key: int | None
) -> tuple[int | None, str | None, int | None]:
    """The patch, file and line that a remark is about, as far as they can be known."""
    for candidate in candidates if key is not None else ():
        places = candidate.find(key or 0, path)
        if places:
            paths, lines = {place[0] for place in places}, {place[1] for place in places}
            if len(paths) == 1:
                path = places[0][0]
            if len(lines) == 1 and len(paths) == 1 and places[0][1]:
                line = places[0][1]
            return candidate.patch, path, line
    for candidate in candidates:
        if path is None or path in candidate.files.values():
            return candidate.patch, path, line
    return (candidates[0].patch if candidates else None), path, line


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
