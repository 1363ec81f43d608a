"""Checks of trailers: Fixes, links, tags that are doubled or put together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from linter.detect.message_parts import Check, Problem, message_lines, subject_line
from linter.detect.message_people import is_backport, person_of, same_person
from linter.detect.model import Context
from linter.patch.model import Patch, Person
from linter.pattern import lazy

_GOOD = lazy(r"[0-9a-fA-F]{12,64} \(\".+\"\)\s*$")
_HASH = lazy(r"(?:commit:?\s+)?([0-9a-fA-F]{7,64})\b[:,]?\s*(.*)$")
_MISTYPED = lazy(r"[0-9a-f]{7,}\w+", re.I)
_REFERENCE = lazy(r"https?://|#\d|\w+#\d|\bbug\b|CVE-|coverity|\(\"", re.I)
_TAGS = lazy(r"^(?:[A-Z][\w-]*-by|Cc)$", re.I)


def _fixes(patch: Patch, context: Context) -> Iterator[Problem]:
    for trailer in patch.trailers:
        if trailer.token.lower() != "fixes":
            continue
        value = trailer.value.strip()
        if _GOOD.match(value):
            continue
        match = _HASH.match(value)
        if match is None:
            if not _REFERENCE.search(value):
                mistyped = _MISTYPED.match(value)
                why = f"`{mistyped[0]}` is no id of a commit" if mistyped else "it names no commit"
                yield Problem(trailer.patch_lineno, {"WHY": why}, value[:40])
            continue
        yield Problem(trailer.patch_lineno, {"WHY": _why(patch, trailer.patch_lineno, match)}, match[1])


def _why(patch: Patch, lineno: int, match: re.Match[str]) -> str:
    number, rest = match[1], match[2]
    if len(number) < 12:
        return f"the id has {len(number)} digits, 12 are the least"
    if match[0].lower().startswith("commit"):
        return "the word `commit` does not belong there"
    between = match.string[match.end(1) : match.start(2)]
    if rest.startswith(('("', "('")) and between != " ":
        return "one blank, and nothing else, belongs between the id and the subject"
    if rest.startswith('("') and not rest.rstrip().endswith('")'):
        after = patch.line_text(lineno + 1).decode("utf-8", "replace").strip()
        return "it is broken over two lines" if after.endswith('")') else 'it does not end with `")`'
    if not rest:
        return "the subject of the commit is missing"
    return 'the subject does not stand in `("` and `")`'


def _duplicates(patch: Patch, context: Context) -> Iterator[Problem]:
    """A tag that stands twice. Who signs again below the tags of others passes the patch on."""
    seen: dict[tuple[str, str], int] = {}
    for trailer in patch.trailers:
        if not _TAGS.match(trailer.token):
            continue
        key = (trailer.token.lower(), " ".join(trailer.value.lower().split()))
        if key in seen and key[0] != "cc" and not _is_passed_on(patch, key[0], seen[key], trailer.patch_lineno):
            text = f"{trailer.token}: {trailer.value}"
            others = ((seen[key], "the first one"),)
            yield Problem(trailer.patch_lineno, {"TRAILER": text[:80]}, text, others)
        seen.setdefault(key, trailer.patch_lineno)


def _is_passed_on(patch: Patch, token: str, first: int, second: int) -> bool:
    """Whether something was said between two sign-offs: a tag of others, a link, where it was picked from."""
    between = (line for lineno, line in message_lines(patch, "body") if first < lineno < second)
    return token == "signed-off-by" and any(line.strip() and not line.lower().startswith("cc:") for line in between)


def _reported(patch: Patch, context: Context) -> Iterator[Problem]:
    """Reported-by: by somebody else than the author, without Closes: or Link:. Asked for since Linux 6.3."""
    tokens = {trailer.token.lower() for trailer in patch.trailers}
    if context.kernel is None or context.kernel < (6, 3) or tokens & {"closes", "link", "bugzilla", "bug"}:
        return
    if any(re.search(r"https?://", line) for _, line in message_lines(patch, "body")):
        return
    for trailer in patch.trailers:
        if trailer.token.lower() == "reported-by":
            person = person_of(trailer.value)
            if patch.author is not None and _are_close(person, patch.author):
                continue  # told over the desk, most likely
            yield Problem(trailer.patch_lineno, {"NAME": person.name or person.address}, person.address)
            return


def _are_close(one: Person, other: Person) -> bool:
    """Whether they are one person, or have addresses of one firm."""
    domains = [person.address.rpartition("@")[2].lower() for person in (one, other)]
    firms = {".".join(domain.split(".")[-2:]) for domain in domains}
    return same_person(one, other) or (len(firms) == 1 and not any(map(_FOR_ALL.match, firms)))


_FOR_ALL = lazy(
    r"(?:kernel\.org|g(?:oogle)?mail\.com|(?:outlook|hotmail|yahoo|qq|163|126|icloud|foxmail|protonmail)\.com|gmx\.\w+"
    r"|web\.de|linux\.dev|proton\.me|pm\.me|mailbox\.org|posteo\.\w+|mail\.ru|(?:com?|ac|edu|org|net)\.[a-z]{2})$"
)


def _stable(patch: Patch, context: Context) -> Iterator[Problem]:
    """stable@ among the recipients of the mail only: the tag in the message is what counts."""
    to = " ".join(value for name, value in patch.headers if name.lower() in ("to", "cc")).lower()
    if not re.search(r"\bstable@(?:vger\.)?kernel\.org", to) or re.match(r"^\d", " ".join(patch.prefixes[1:2])):
        return
    if b"stable@" in patch.body.lower() or b"stable@" in patch.notes.lower() or is_backport(patch):
        return
    yield Problem(subject_line(patch))


TRAILERS: Mapping[str, Check] = {
    "fixes-format": _fixes,
    "trailer-duplicate": _duplicates,
    "reported-without-link": _reported,
    "stable-not-tagged": _stable,
}
