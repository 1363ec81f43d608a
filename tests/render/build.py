"""Reports for the renderers' tests, built by hand: a small mail parser of the tests' own, and findings by text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.detect.model import Finding, Label
from linter.patch.model import (
    Change,
    FilePatch,
    Hunk,
    Image,
    Line,
    LineKind,
    Location,
    Patch,
    Person,
    Side,
)
from linter.review.model import Counts, Judged, PatchReport, Report, Skip, Verdict
from linter.rulebook.model import Citation, Confidence, Rule, Rulebook, Severity, Status, Tables

HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)")
KINDS = {b" ": LineKind.CONTEXT, b"+": LineKind.ADDED, b"-": LineKind.REMOVED}


def _person(value: str) -> Person:
    name, _, address = value.rpartition("<")
    return Person(name.strip(' "'), address.rstrip(">"))


def _hunks(lines: list[bytes], at: int) -> Iterator[tuple[Hunk, int]]:
    while at < len(lines) and (match := HUNK.match(lines[at])):
        pre, pre_count, post, post_count = (int(x) if x else 1 for x in match.groups()[:4])
        start, body = at, []
        left, right = pre, post
        at += 1
        while left < pre + pre_count or right < post + post_count:
            kind = KINDS[lines[at][:1]]
            number = None if kind is LineKind.ADDED else left
            after = None if kind is LineKind.REMOVED else right
            body.append(Line(kind, lines[at][1:], number, after, at + 1))
            left += kind is not LineKind.ADDED
            right += kind is not LineKind.REMOVED
            at += 1
        yield Hunk(pre, pre_count, post, post_count, match[5].strip(), tuple(body), start + 1), at


def _files(lines: list[bytes]) -> Iterator[FilePatch]:
    for at, line in enumerate(lines):
        if not line.startswith(b"diff --git "):
            continue
        names = line.decode("utf-8", "surrogateescape").split(" ")
        pre, post = names[2][2:], names[3][2:]
        first = at + 1
        while first < len(lines) and not lines[first].startswith((b"@@", b"diff --git")):
            first += 1
        new = any(text.startswith(b"new file") for text in lines[at:first])
        hunks = tuple(hunk for hunk, _ in _hunk_run(lines, first))
        yield FilePatch(None if new else pre, post, Change.ADD if new else Change.MODIFY, hunks, at + 1)


def _hunk_run(lines: list[bytes], at: int) -> Iterator[tuple[Hunk, int]]:
    while at < len(lines) and lines[at].startswith(b"@@"):
        for hunk, after in _hunks(lines, at):
            yield hunk, after
            at = after


def patch_of(raw: bytes, source: str = "0002-dma-buf.patch", quoted: bool = False) -> Patch:
    """A well-formed mail to a `Patch`."""
    head, _, rest = raw.partition(b"\n\n")
    unfolded = re.sub(r"\n[ \t]+", " ", head.decode())
    headers = tuple(tuple(line.split(": ", 1)) for line in unfolded.split("\n") if ": " in line)
    named = {key.lower(): value for key, value in headers}
    subject = named.get("subject", "")
    bracket = re.match(r"(?:Re: )?\[([^]]*)\] *", subject)
    prefixes = tuple(bracket[1].split()) if bracket else ()
    numbers = [p for p in prefixes if re.fullmatch(r"\d+/\d+", p)]
    versions = [int(p[1:]) for p in prefixes if re.fullmatch(r"v\d+", p)]
    message, _, _ = rest.partition(b"\n---\n")
    author = _person(named["from"]) if "from" in named else None
    return Patch(
        message_id=named.get("message-id", "").strip("<>") or None,
        in_reply_to=named.get("in-reply-to", "").strip("<>") or None,
        references=tuple(re.findall(r"<([^>]*)>", named.get("references", ""))),
        subject=subject,
        title=subject[bracket.end() :] if bracket else subject,
        prefixes=prefixes,
        author=author,
        sender=author,
        date=1760000000.0,
        version=versions[0] if versions else 1,
        index=int(numbers[0].split("/")[0]) if numbers else None,
        total=int(numbers[0].split("/")[1]) if numbers else None,
        headers=headers,  # type: ignore[arg-type]  # pairs, by the split above
        body=message + b"\n",
        body_lineno=head.count(b"\n") + 3,
        notes=b"",
        notes_lineno=0,
        trailers=(),
        files=tuple(_files(raw.split(b"\n"))),
        raw=raw,
        source=source,
        quoted=quoted,
    )


def at(patch: Patch, text: str, *, whole: bool = False, nth: int = 0) -> Location:
    """The place of `text` in the patch: its columns, or the whole line that holds it."""
    wanted = text.encode()
    hits = [(f, line) for f in patch.files for h in f.hunks for line in h.lines if wanted in line.text]
    file, line = hits[nth]
    removed = line.kind is LineKind.REMOVED
    start = line.text.index(wanted)
    return Location(
        path=file.pre_path if removed else file.post_path,
        side=Side.PRE if removed else Side.POST,
        line=line.pre_lineno if removed else line.post_lineno,
        column=1 if whole else start + 1,
        patch_lineno=line.patch_lineno,
        changed=line.kind is not LineKind.CONTEXT,
        end_column=None if whole else start + len(wanted) + 1,
    )


def in_mail(patch: Patch, text: str) -> Location:
    """The place of a line of the mail that holds `text`."""
    for number, line in enumerate(patch.raw.split(b"\n"), 1):
        if text.encode() in line:
            start = line.index(text.encode())
            return Location(None, None, None, start + 1, number, None, False, start + len(text.encode()) + 1)
    raise AssertionError(text)


def finding(
    labels: list[tuple[Location, str]],
    message: str = "file descriptor leaks on an error path",
    rule: str = "fd-leak",
    category: str = "resource",
    severity: Severity = Severity.ERROR,
    confidence: Confidence = Confidence.HIGH,
    help: str = "Call put_unused_fd() on this path, or move fd_install() after the last failing step.",
    function: str | None = None,
    limits: tuple[str, ...] = (),
    primary: int = -1,
) -> Finding:
    """A finding; the last label is the primary one unless said otherwise."""
    chosen = primary % len(labels)
    marked = tuple(Label(place, text, number == chosen) for number, (place, text) in enumerate(labels))
    return Finding(rule, category, severity, confidence, message, help, marked, function, limits)


def judge(
    finding: Finding,
    anchor: Location | None = None,
    verdict: Verdict = Verdict.REPORTED,
    fingerprint: str = "",
    reason: str = "",
) -> Judged:
    """A judged finding, anchored at its primary label unless said otherwise."""
    return Judged(finding, verdict, anchor or finding.primary.location, fingerprint or f"{finding.rule}-0001", reason)


def rule(id: str, title: str, category: str = "resource", severity: Severity = Severity.ERROR) -> Rule:
    """A rule as the rulebook holds it."""
    return Rule(
        id=id,
        title=title,
        category=category,
        severity=severity,
        confidence=Confidence.HIGH,
        status=Status.STABLE,
        since="0.1.0",
        rationale="A reserved slot is owed back.\n",
        help="Call put_unused_fd() on this path.",
        engine="typestate",
        block={},
        citations=(Citation("install last", url="https://example.org/fd?a=1&b=2"), Citation("undo", path="fs/file.c")),
        cwe="CWE-775",
    )


RULES = (
    rule("fd-leak", "file descriptor leaks on an error path"),
    rule("user-triggered-log", "log call that user space can trigger", "logging", Severity.WARNING),
    rule("commit-message-empty", "commit message is missing", "commit", Severity.INFO),
)


def report_of(*reports: PatchReport, messages: int | None = None, skipped: tuple[Skip, ...] = ()) -> Report:
    """A report with counts that add up; its patches come from an iterator, as in a real run."""
    counts = Counts(messages=len(reports) if messages is None else messages)
    counts.without_patch = counts.messages - len(reports)
    counts.skipped = len(skipped)
    for one in reports:
        counts.patches += 1
        counts.files += len(one.patch.files)
        counts.skipped += len(one.skipped)
        for judged in one.judged:
            if judged.verdict is Verdict.REPORTED:
                label = judged.finding.severity.label
                setattr(counts, label, getattr(counts, label) + 1)
            counts.suppressed += judged.verdict is Verdict.SUPPRESSED
            counts.baselined += judged.verdict is Verdict.BASELINED
            counts.hidden += judged.verdict is Verdict.BELOW_THRESHOLD
    book = Rulebook({one.id: one for one in RULES}, Tables({}), "0" * 64)
    return Report("0.1.0", book, iter(reports), counts, list(skipped))


def whole_image(path: str, text: bytes, side: Side = Side.POST) -> Image:
    """A file that is known from end to end, none of it shown by the patch."""
    lines = text.count(b"\n")
    return Image(path, side, text, (None,) * lines, tuple(range(1, lines + 1)), True)
