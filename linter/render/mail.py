"""Replies ready to edit and to send: an mbox, one mail a patch with remarks. Nothing is sent from here.

The patch is quoted and trimmed, each remark stands below its line. No date, no sender and no Message-ID are made up:
the mail program adds them. One line says that a program drafted it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from linter.patch.model import Patch, Person
from linter.pattern import lazy
from linter.render.escape import one_line, visible
from linter.render.options import RenderOptions
from linter.render.quote import kept_lines, quote, statement_end
from linter.render.remark import Said, in_sight, lay_out, listed, remark_lines, unmarked
from linter.render.source import Source
from linter.render.words import place, plural
from linter.review.model import Judged, PatchReport, Report
from linter.review.overlap import AGAIN, MORE
from linter.rulebook.model import Severity

MOST_REMARKS = 12
MOST_NITS = 3  # remarks of severity info
MOST_PLACES = 5  # of remarks that are only summed up
FROM_LINE = "From hunklint Mon Sep 17 00:00:00 2001"  # git's constant date: nothing depends on the clock

_ADDRESS = lazy(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_MESSAGE_ID = lazy(r"[!-;=?-~]+")


def _header(name: str, value: str) -> str:
    """A header line, folded, in RFC 2047 words where it is not ASCII."""
    from email.header import Header

    return f"{name}: {Header(value, None if value.isascii() else 'utf-8', 76, name).encode()}"


def _addresses(name: str, people: list[tuple[str, str]]) -> str:
    return f"{name}: " + ",\n\t".join(_address(person, address) for person, address in people)


def _address(name: str, address: str) -> str:
    """One address; a name that is not ASCII in encoded words of at most 75 characters (RFC 2047, section 2)."""
    from email.header import Header
    from email.utils import formataddr

    if name.isascii():
        return formataddr((name, address))
    return f"{Header(name, 'utf-8', 75).encode(linesep=chr(10))}\n <{address}>"


def _named(patch: Patch, *names: str) -> Iterator[tuple[str, str]]:
    """The people of some headers of the patch."""
    from email.utils import getaddresses

    values = [" ".join(value.split()) for key, value in patch.headers if key.lower() in names]
    yield from getaddresses(values)


def _pairs(people: Iterable[Person | None]) -> Iterator[tuple[str, str]]:
    yield from ((person.name, person.address) for person in people if person is not None)


def recipients(patch: Patch) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """To: the author and the sender; Cc: everybody else who had the patch. Each address once, none that is none."""
    seen: set[str] = set()

    def fresh(people: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        found = []
        for name, address in people:
            if _ADDRESS.fullmatch(address) and address.lower() not in seen:
                seen.add(address.lower())
                found.append((one_line(name), address))
        return found

    first = fresh(_pairs([patch.sender] if patch.quoted else [patch.author, patch.sender]))
    return first, fresh(_named(patch, "to", "cc"))


def headers(patch: Patch) -> Iterator[str]:
    """The header lines of the reply."""
    to, cc = recipients(patch)
    subject = one_line(patch.subject)
    yield _header("Subject", subject if subject.lower().startswith("re:") else f"Re: {subject}".strip())
    if to:
        yield _addresses("To", to)
    if cc:
        yield _addresses("Cc", cc)
    if patch.message_id and _MESSAGE_ID.fullmatch(patch.message_id):
        yield f"In-Reply-To: <{patch.message_id}>"
        known = [one for one in patch.references if _MESSAGE_ID.fullmatch(one) and one != patch.message_id]
        yield "References: " + "\n ".join(f"<{one}>" for one in [*known, patch.message_id])
    yield "MIME-Version: 1.0"
    yield "Content-Type: text/plain; charset=utf-8"
    yield "Content-Transfer-Encoding: 8bit"


def attribution(patch: Patch) -> str:
    """Who wrote what is quoted, and when, as the mail says it."""
    person = patch.sender if patch.quoted else patch.author or patch.sender
    who = one_line(person.name or person.address) if person else "the author"
    date = next((value for key, value in patch.headers if key.lower() == "date"), "")
    return f"On {one_line(date)}, {who} wrote:" if date else f"{who} wrote:"


def chosen(patch_report: PatchReport) -> tuple[list[Judged], list[Judged]]:
    """The findings to remark on, in the order of the patch, and those beyond the limit."""
    findings = list(patch_report.reported)
    worst_first = sorted(findings, key=lambda judged: (-judged.finding.severity, -judged.finding.confidence))
    kept: list[Judged] = []
    nits = 0
    for judged in worst_first:
        nit = judged.finding.severity is Severity.INFO
        if len(kept) < MOST_REMARKS and not (nit and nits >= MOST_NITS):
            kept.append(judged)
            nits += nit
    ids = {id(judged) for judged in kept}
    return [judged for judged in findings if id(judged) in ids], [j for j in findings if id(j) not in ids]


def _below(judged: Judged, source: Source) -> int:
    """The line of the message that a remark stands under; 0 for the whole patch and for its headers."""
    line = judged.anchor.patch_lineno or judged.finding.primary.location.patch_lineno
    return statement_end(source, line) if line >= source.patch.body_lineno else 0


def _mentioned(judged: Judged, source: Source) -> Iterator[int]:
    """The lines above a remark that it speaks of; what lies below is named, for there nobody has read it yet."""
    for label in judged.finding.labels:
        line = label.location.patch_lineno
        if label.text != AGAIN and 0 < line < judged.anchor.patch_lineno and not in_sight(label, judged, source):
            yield line


def _places(judged: list[Judged], patch: Patch) -> str:
    """Where several findings are: each path once, with its lines."""
    lines: dict[str, list[str]] = {}
    for one in judged[:MOST_PLACES]:
        path, colon, line = place(one.anchor, patch).rpartition(":")
        known = bool(colon and path and line.isdigit())
        lines.setdefault(path if known else place(one.anchor, patch), []).extend([line] if known else [])
    words = [f"{path}:{listed(numbers)}" if numbers else path for path, numbers in lines.items()]
    left = len(judged) - MOST_PLACES
    return ", ".join(words) + (f" and {plural(left, 'more place')}" if left > 0 else "")


def _rest(left: list[Judged], patch: Patch) -> Iterator[str]:
    """The findings beyond the limit, summed up by what they say."""
    if not left:
        return
    groups: dict[str, list[Judged]] = {}
    for judged in left:
        groups.setdefault(unmarked(MORE.sub("", judged.finding.message)).rstrip("."), []).append(judged)
    yield ""
    yield from lay_out(f"{plural(len(left), 'more remark')}, in short:")
    for words, alike in groups.items():
        first, *more = lay_out(f"- {words} ({_places(alike, patch)})")
        yield first
        yield from (f"  {line}" for line in more)


def body(patch_report: PatchReport, version: str, tool: str) -> Iterator[str]:
    """The lines of the reply."""
    source = Source(patch_report)
    findings, left = chosen(patch_report)
    remarks: dict[int, list[str]] = {}
    said = Said()
    for judged in findings:
        lines = remark_lines(judged, source, said)
        below = remarks.setdefault(_below(judged, source), [])
        below += ([""] if below else []) + lines
    yield visible(attribution(source.patch))
    yield ""
    if 0 in remarks:
        yield from (*remarks.pop(0), "")
    mentioned = {line for judged in findings for line in _mentioned(judged, source)} - {*remarks}
    yield from quote(source, kept_lines(source, remarks, mentioned), remarks)
    yield from _rest(left, source.patch)
    yield ""
    yield from lay_out(f"(Drafted by a program, {tool} {version}; tell me where it is wrong.)")


def render(report: Report, options: RenderOptions) -> Iterator[str]:
    """One mail a patch with remarks, each as one piece that starts with its From_ line."""
    for patch_report in report.patches:
        if not patch_report.reported:
            continue
        lines = [FROM_LINE, *headers(patch_report.patch), ""]
        text: list[str] = []
        for line in body(patch_report, report.version, options.tool_name):
            if line or (text and text[-1]):  # never two empty lines
                text.append(line)
        yield "\n".join([*lines, *text, "", ""])
