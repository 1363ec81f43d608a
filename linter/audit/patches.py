"""The patches of the report page: each with its findings below the lines that they are about."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from html import escape
from typing import Any
from urllib.parse import quote

from linter.audit.tables import cell

_FINDING = (
    "patch", "rule", "n", "severity", "confidence", "patch_line", "message", "help", "labels", "limits", "fate",
    "since", "fixed_in", "agreed", "excerpt", "path", "line",
)  # fmt: skip
MAX_REMARKS = 10
ADDRESSED = {
    "changed": "changed in the next version",
    "unchanged": "left as it was in the next version",
    "dropped": "its file left the series",
}


def shown_patches(db: sqlite3.Connection, limit: int) -> frozenset[int]:
    """The patches that the page shows: of those with findings first what a later version or a reviewer confirmed, and
    the most recent, up to a number of findings."""
    sql = (
        "SELECT p.patch, (SELECT count(*) FROM findings f WHERE f.patch = p.patch)"
        " FROM patches p WHERE p.superseded IS NULL AND p.patch IN (SELECT patch FROM findings)"
        " ORDER BY EXISTS (SELECT 1 FROM findings f WHERE f.patch = p.patch AND (f.fate = 'fixed' OR f.agreed)) DESC,"
        " p.date DESC, p.patch"
    )
    chosen: list[int] = []
    shown = 0
    for patch, count in db.execute(sql):
        if shown >= limit:
            break
        chosen.append(patch)
        shown += count
    return frozenset(chosen)


def write_patches(db: sqlite3.Connection, chosen: frozenset[int], limit: int) -> Iterator[str]:
    """The chosen patches, the most recent first; what is left out is said."""
    total = db.execute("SELECT count(*) FROM judged_findings").fetchone()[0]
    yield '<input id="filter" type="search" placeholder="rule, file, author, title" aria-label="Filter patches">'
    yield ' <span id="shown" class="soft"></span>\n'
    shown = 0
    sql = (
        "SELECT p.patch, p.title, p.author, p.date, p.message_id, p.commit_id, p.version, p.idx, p.total, p.quoted"
        " FROM patches p WHERE p.superseded IS NULL AND p.patch IN (SELECT patch FROM findings)"
        " ORDER BY p.date DESC, p.patch"
    )
    for patch in db.execute(sql):
        if patch[0] in chosen:
            found = _findings(db, patch[0])
            shown += len(found)
            yield _patch(db, patch, found)
    if shown < total:
        yield (
            f'<p class="soft">{total - shown} further findings are not on this page (--limit {limit}); '
            "<code>hunklint audit query</code> shows them.</p>\n"
        )
    if not total:
        yield '<p class="none">No findings.</p>\n'


def _findings(db: sqlite3.Connection, patch: int) -> list[dict[str, Any]]:
    sql = f"SELECT {', '.join(_FINDING)} FROM findings WHERE patch = ? ORDER BY patch_line, rule, n"
    return [dict(zip(_FINDING, row, strict=True)) for row in db.execute(sql, (patch,))]


def _patch(db: sqlite3.Connection, patch: tuple[Any, ...], found: list[dict[str, Any]]) -> str:
    number, title, author, date, name, commit, version, index, total, quoted = patch
    rules = sorted({one["rule"] for one in found})
    words = " ".join([title or "", author or "", *rules, *(one["path"] or "" for one in found)]).lower()
    place = f"v{version} " if version > 1 else ""
    place += f"{index}/{total}" if index is not None else ""
    chips = "".join(f'<span class="chip">{escape(rule)}</span>' for rule in rules)
    where = cell(name or commit, 200)
    if name and not quoted:
        # a link to follow, nothing that the page loads
        where = f'<a href="https://lore.kernel.org/r/{quote(name)}" rel="noreferrer">{where}</a>'
    return (
        f'<details class="patch" id="p{number}" data-words="{escape(words)}"><summary>{cell(title) or "(no subject)"}'
        f' <span class="soft">{escape(place)} {cell(author, 60)} {cell((date or "")[:10])}</span>{chips}</summary>'
        f'<div class="inside"><p class="soft">{where}{" (judged from a quotation)" if quoted else ""}</p>'
        f"{_code(found)}{_remarks(db, number)}</div></details>\n"
    )


def _code(found: list[dict[str, Any]]) -> str:
    lines = _lines(found)
    says: dict[int, list[str]] = {}
    for one in found:
        says.setdefault(one["patch_line"], []).append(_says(one))
        for at, text in json.loads(one["labels"]):
            if at != one["patch_line"] and at in lines:
                says.setdefault(at, []).append(f'<div class="says label">{cell(text, 400)}</div>')
    out, last = [], None
    for at in sorted(lines):
        if last is not None and at != last + 1:
            out.append('<div class="gap">\N{VERTICAL ELLIPSIS}</div>')
        text = lines[at]
        kind = ' class="add"' if text.startswith("+") else ' class="del"' if text.startswith("-") else ""
        out.append(f"<div{kind}><u>{at}</u>{escape(text)}</div>")
        out += says.pop(at, [])
        last = at
    rest = [text for at in sorted(says) for text in says[at]]  # about the mail as a whole
    return f'<div class="code"><pre>{"".join(rest)}{"".join(out)}</pre></div>'


def _lines(found: list[dict[str, Any]]) -> dict[int, str]:
    lines: dict[int, str] = {}
    for one in found:
        for first, text in json.loads(zlib.decompress(one["excerpt"])) if one["excerpt"] else ():
            lines.update(enumerate(text.split("\n"), first))
    return lines


def _says(one: dict[str, Any]) -> str:
    fate = {
        "fixed": f"gone in v{one['fixed_in']}",
        "persists": "still in the next version",
        "dropped": "its file left the series",
    }.get(one["fate"] or "", "")
    agreed = "a reviewer remarked here" if one["agreed"] else ""
    chips = [f"{one['severity']}, {one['confidence']} confidence", fate, agreed]
    shown = "".join(f'<span class="chip">{escape(text)}</span>' for text in chips if text)
    id = f"f{one['patch']}-{one['rule']}-{one['n']}"
    limits = f' <span class="soft">({cell(one["limits"], 300)})</span>' if one["limits"] else ""
    return (
        f'<div class="says {escape(one["severity"] or "")}" id="{escape(id)}"><b><code>{escape(one["rule"])}</code></b>'
        f' {cell(one["message"], 600)}{shown}<span class="help soft">{cell(one["help"], 600)}</span>{limits}</div>'
    )


def _remarks(db: sqlite3.Connection, patch: int) -> str:
    sql = (
        "SELECT r.path, r.line, r.line_text, r.text, m.sender, r.addressed FROM remarks r"
        " JOIN messages m USING (message) WHERE r.patch = ? AND r.by = 'reviewer'"
        f" ORDER BY r.message, r.n LIMIT {MAX_REMARKS}"
    )
    out = []
    for path, line, text, said, who, addressed in db.execute(sql, (patch,)):
        place = f"<code>{cell(path)}{f':{line}' if line else ''}</code>" if path else "the message"
        after = f" ({ADDRESSED[addressed]})" if addressed in ADDRESSED else ""
        shown = f": <code>{cell(text.strip(), 120)}</code>" if text else ""
        out.append(f'<p class="soft">{cell(who, 60)} on {place}{after}{shown}</p>')
        out.append(f"<blockquote>{cell(said.strip(), 800)}</blockquote>")
    return "".join(out)
