"""The text of a reply in, the patch that it quotes and the remarks between its lines out.

A quotation is taken for a patch if it shows a file or hunk header with changed lines, or a run of added lines that
read like code. Everything at a lower depth is somebody's remark on the patch line above it. The one who replies is
not the author.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from linter.patch.charset import decode_bytes
from linter.patch.diff import find_diff, parse_diff
from linter.patch.header import parse_person
from linter.patch.model import Change, FilePatch, Hunk, Line, LineKind, Person, Remark
from linter.pattern import lazy
from linter.record import record, replace

_QUOTE = lazy(rb"(?:[>|] ?){1,64}")
_EVIDENCE = lazy(rb"diff --git |@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@|\+\+\+ b/|--- a/")
_CODE = lazy(rb"[;{}()=<>&|#,:\\]|^\+\s*(?:/?\*|return|goto|break|else|$)")
_TRIMMED = lazy(
    rb"\s*(?:\[?\s*(?:\.\.\.|\xe2\x80\xa6|snip|cut|trim\w{0,10})[\s.]*\]?|<(?:snip|cut)>)\s*$", re.IGNORECASE
)
_ATTRIBUTION = lazy(
    r"(?:^|[,:>\n]|\d )\s*\"?([^\"<>,:\n\d][^\"<>,:\n]{0,60}?)\"?\s*<([^<>\s]{1,320}@[^<>\s]{1,320})>"
    r"\s*(?:\([^)]{0,60}\)\s*)?(?:wrote|writes|a écrit|schrieb)\b"
)
_SIGNATURE = lazy(rb"-- ?\r?$|_{20,}")
MIN_RUN = 4  # added lines without any header that make a quoted patch
_WRAP = 60  # a quoted line this long may have lost its end to the next line
_FULL = 66  # and one that would be this wide with the next word, quotation marks and tabs counted


@record
class Quotation:
    """A quoted patch."""

    files: tuple[FilePatch, ...]
    body: tuple[bytes, ...]  # what the quotation shows above the diff
    linenos: tuple[int, ...]  # their lines in the mail
    author: Person | None
    remarks: tuple[Remark, ...]


@record
class _Quoted:
    depth: int
    text: bytes
    lineno: int


def find_quotation(body: bytes, lineno: int) -> Quotation | None:
    """The patch that a reply quotes, if it does; `lineno` is the line of the mail at which `body` begins."""
    if b">" not in body and b"\n| " not in body:
        return None
    lines = _unquote(body.split(b"\n"), lineno)
    depth = _patch_depth(lines)
    if depth == 0:
        return None
    lines = _join_wrapped(lines, depth)
    own = [line for line in lines if line.depth == depth]
    texts = [line.text for line in own]
    first = _first_diff_line(texts)
    if first is None:
        files, first = _read_runs(own)
    else:
        numbers = [line.lineno for line in own[first:]]
        headed = _headed(texts[first:])
        files = parse_diff(headed, [numbers[0]] * (len(headed) - len(numbers)) + numbers).files
        files = tuple(_split_trimmed(file, lines, depth) for file in files)
    if not any(line.kind is not LineKind.CONTEXT for file in files for hunk in file.hunks for line in hunk.lines):
        return None
    above = own[:first]
    return Quotation(
        files,
        tuple(line.text for line in above),
        tuple(line.lineno for line in above),
        _find_author(lines, above, depth),
        _remarks(lines, depth, files),
    )


def _unquote(lines: Sequence[bytes], lineno: int) -> list[_Quoted]:
    """Give each line its depth and its text without the marks."""
    result: list[_Quoted] = []
    tight = _is_tight(lines)
    for number, line in enumerate(lines, lineno):
        if line[:1] not in (b">", b"|"):
            result.append(_Quoted(0, line, number))
            continue
        match = _QUOTE.match(line)
        assert match is not None
        marks = match.group()
        depth = marks.count(b">") + marks.count(b"|")
        if tight and marks.endswith(b" "):
            result.append(_Quoted(depth, line[match.end() - 1 :], number))
        else:
            result.append(_Quoted(depth, line[match.end() :], number))
    return result


def _is_tight(lines: Sequence[bytes]) -> bool:
    """Whether the marks have no blank behind them, so that a blank there belongs to the patch."""
    spaced = tight = 0
    for line in lines:
        if line[:1] == b">":
            if re.match(rb"(?:> ?)*> (?:[+-]|diff --git|@@ -)", line):
                spaced += 1
            elif re.match(rb">+(?:[+-]|diff --git|@@ -)", line):
                tight += 1
    return tight > spaced


def _patch_depth(lines: Sequence[_Quoted]) -> int:
    """The depth at which a patch is quoted; 0 if none is."""
    evidence: Counter[int] = Counter()
    changed: Counter[int] = Counter()
    code: Counter[int] = Counter()
    for line in lines:
        if line.depth:
            marker = line.text[:1]
            if marker in (b"+", b"-"):
                changed[line.depth] += 1
                code[line.depth] += marker == b"+" and _CODE.search(line.text, 0, 300) is not None
            if _EVIDENCE.match(line.text):
                evidence[line.depth] += 1
    best = max(evidence, key=lambda depth: (changed[depth], depth), default=0)
    if best and changed[best]:
        return best
    best = max(code, key=lambda depth: (code[depth], depth), default=0)
    return best if code[best] >= MIN_RUN and code[best] * 10 >= changed[best] * 6 else 0


def _join_wrapped(lines: list[_Quoted], depth: int) -> list[_Quoted]:
    """Put back the end of a quoted line that a mail program wrapped without quoting it."""
    result: list[_Quoted] = []
    for index, line in enumerate(lines):
        if (
            result
            and line.depth < depth
            and line.text.strip()
            and result[-1].depth == depth
            and result[-1].lineno == line.lineno - 1
            and result[-1].text[:1] in (b"+", b"-", b" ")
            and _is_full(result[-1], line)
            and index + 1 < len(lines)
            and lines[index + 1].depth == depth
            and lines[index + 1].text[:1] in (b"+", b"-", b" ")
        ):
            last = result[-1]
            result[-1] = _Quoted(depth, last.text + b" " + line.text.strip(), last.lineno)
        else:
            result.append(line)
    return result


def _is_full(above: _Quoted, line: _Quoted) -> bool:
    """Whether the first word of a line would have been too long for the quoted line above it."""
    width = len(b"> " * above.depth + above.text.expandtabs())
    return len(above.text) >= _WRAP or width + 1 + len(line.text.split(None, 1)[0]) >= _FULL


def _first_diff_line(texts: Sequence[bytes]) -> int | None:
    joined = b"\n".join(texts)
    at = find_diff(joined)
    hunk = re.search(
        rb"^(?:diff --git |--- a/[^\n]*\n\+\+\+ b/|\+\+\+ b/|@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@)", joined, re.MULTILINE
    )
    places = [place for place in (at, hunk.start() if hunk else -1) if place >= 0]
    return joined.count(b"\n", 0, min(places)) if places else None


def _headed(texts: list[bytes]) -> list[bytes]:
    """Give a quotation that starts inside a file's section the line that the diff parser wants above it."""
    return texts if texts[0].startswith((b"diff --", b"Index: ")) else [b"diff --git ", *texts]


def _split_trimmed(file: FilePatch, lines: Sequence[_Quoted], depth: int) -> FilePatch:
    """Where a hunk lacks lines and something stands between those it has, number only what is above the gap."""
    hunks: list[Hunk] = []
    for hunk in file.hunks:
        gap = _first_gap(hunk) if hunk.cut and hunk.numbered else None
        if gap is None:
            hunks.append(hunk)
            continue
        rest = tuple(replace(line, pre_lineno=None, post_lineno=None) for line in hunk.lines[gap:])
        hunks.append(replace(hunk, lines=hunk.lines[:gap]))
        hunks.append(Hunk(0, 0, 0, 0, hunk.section, rest, rest[0].patch_lineno, numbered=False, cut=True))
    return replace(file, hunks=tuple(hunks))


def _first_gap(hunk: Hunk) -> int | None:
    lines = hunk.lines
    for index in range(1, len(lines)):
        if lines[index].patch_lineno - lines[index - 1].patch_lineno > 1:
            return index
    return None


def _read_runs(own: Sequence[_Quoted]) -> tuple[tuple[FilePatch, ...], int]:
    """Hunks without a header: runs of changed lines, with the context between them."""
    hunks: list[Hunk] = []
    run: list[Line] = []
    first: int | None = None
    for index, line in enumerate(own):
        marker = line.text[:1]
        if marker in (b"+", b"-") and line.text.rstrip() not in (b"--", b"---"):
            kind = LineKind.ADDED if marker == b"+" else LineKind.REMOVED
            run.append(Line(kind, line.text[1:], None, None, line.lineno))
            first = index if first is None else first
        elif not run:
            continue
        elif marker == b" " and any(after.text[:1] in (b"+", b"-") for after in own[index + 1 : index + 8]):
            run.append(Line(LineKind.CONTEXT, line.text[1:], None, None, line.lineno))
        elif _continues(own, index):
            run[-1] = replace(run[-1], text=run[-1].text + b" " + line.text.strip())
        elif line.text.strip():
            _close_run(hunks, run)
            run = []
    _close_run(hunks, run)
    if not hunks:
        return (), 0
    return (FilePatch(None, None, Change.MODIFY, tuple(hunks), hunks[0].patch_lineno),), first or 0


def _continues(own: Sequence[_Quoted], index: int) -> bool:
    line, above = own[index], own[index - 1]
    below = own[index + 1] if index + 1 < len(own) else None
    return (
        bool(line.text.strip())
        and line.lineno == above.lineno + 1
        and len(above.text) + len(line.text.split(b" ")[0]) >= _WRAP
        and below is not None
        and below.lineno == line.lineno + 1
        and below.text[:1] in (b"+", b"-")
    )


def _close_run(hunks: list[Hunk], run: list[Line]) -> None:
    code = sum(line.kind is LineKind.ADDED and _CODE.search(b"+" + line.text, 0, 300) is not None for line in run)
    if code >= MIN_RUN or (hunks and code >= 2):
        hunks.append(Hunk(0, 0, 0, 0, b"", tuple(run), run[0].patch_lineno, numbered=False, cut=True))


def _find_author(lines: Sequence[_Quoted], above: Sequence[_Quoted], depth: int) -> Person | None:
    """Who the quotation says wrote the patch: its in-body From:, else the attribution right above it."""
    for line in above[:3]:
        if line.text.startswith(b"From: "):
            return parse_person(decode_bytes(line.text[6:], None))
    start = next((i for i, line in enumerate(lines) if line.depth == depth), 0)
    near = [line.text.strip() for line in lines[max(0, start - 5) : start] if line.depth == depth - 1]
    found = _ATTRIBUTION.findall(decode_bytes(b"\n".join(near), None)[-1000:])
    return Person(found[-1][0].strip(), found[-1][1]) if found else None


def _remarks(lines: Sequence[_Quoted], depth: int, files: Sequence[FilePatch]) -> tuple[Remark, ...]:
    """What stands at a lower depth below each quoted line."""
    places = {line.patch_lineno: (line, file.path) for file in files for hunk in file.hunks for line in hunk.lines}
    remarks: list[Remark] = []
    above: int | None = None
    block: list[bytes] = []
    path: str | None = None

    def close() -> None:
        text = b"\n".join(block).strip()
        block.clear()
        if text and above is not None and not _TRIMMED.match(text):
            line, where = places.get(above, (None, path))
            remarks.append(Remark(above, line, where, decode_bytes(text, None)))

    for line in lines:
        if line.depth == depth:
            if block:
                close()
            if line.text.strip():
                above = line.lineno
                path = places[above][1] if above in places else path
        elif line.depth < depth:
            if line.depth == 0 and _SIGNATURE.match(line.text):
                break
            block.append(line.text)
    close()
    return tuple(remarks)
