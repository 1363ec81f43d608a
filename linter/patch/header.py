"""Header values in, their parts out: people, dates, message ids, the bracketed words of a subject."""

from __future__ import annotations

import re

from linter.patch.model import Person
from linter.pattern import compiled, lazy
from linter.record import record

_ADDRESS = lazy(r'\s*(?:"((?:[^"\\]|\\.){0,400})"|([^"<>(),:;@]{0,400}?))\s*<\s*([^<>\s,]{1,320})\s*>')
_BARE = lazy(r"\s*([^\s<>(),:;\"]{1,256}@[^\s<>(),:;\"]{1,256})\s*(?:\(([^()]{0,200})\))?")
_MESSAGE_ID = lazy(r"<([^<>\s]{1,998})>")
_DATE = lazy(
    r"\s*(?:[A-Za-z]{3,9},?\s+)?(\d{1,2})\s+([A-Za-z]{3})[a-z]*\s+(\d{2,4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?"
    r"(?:\s*([+-])(\d{2}):?(\d{2})|\s+([A-Z]{1,5}))?"
)
_MONTHS = dict(zip("jan feb mar apr may jun jul aug sep oct nov dec".split(), range(1, 13), strict=True))  # noqa: SIM905
_ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
_REPLY = lazy(r"\s*(?:re|aw|sv|fwd?|antw|答复|回复)(?:\[\d+\])?\s*[:：]\s*", re.IGNORECASE)
_BRACKET = lazy(r"\s*\[([^\[\]]{0,200})\]\s*")
_VERSION = lazy(r"[vV](\d{1,3})(?:\.\d+)?$")
_FUSED_VERSION = lazy(r"(?:PATCH|RFC|RESEND)[-_]?[vV](\d{1,3})$", re.IGNORECASE)
_NUMBER = lazy(r"(\d{1,4})\s*/\s*(\d{1,4})$")


@record
class Subject:
    """A subject taken apart."""

    text: str
    title: str
    prefixes: tuple[str, ...]
    version: int
    index: int | None
    total: int | None
    reply: bool

    @property
    def is_patch(self) -> bool:
        """Whether the brackets call the mail a patch."""
        return self.index is not None or any("PATCH" in word.upper() for word in self.prefixes)


def parse_subject(text: str) -> Subject:
    """Split a decoded, unfolded subject into prefixes, version, k/n and title."""
    text = " ".join(text.split())
    rest, prefixes, reply = text, list[str](), False
    while True:
        if match := _REPLY.match(rest):
            reply = True
        elif match := _BRACKET.match(rest):
            prefixes.extend(word for word in compiled(r"[\s,]+").split(compiled(r"\s*/\s*").sub("/", match[1])) if word)
        else:
            break
        rest = rest[match.end() :]
    version, index, total = 1, None, None
    for word in prefixes:
        if found := _VERSION.match(word) or _FUSED_VERSION.match(word):
            version = int(found[1]) or 1
        elif found := _NUMBER.search(word):
            index, total = int(found[1]), int(found[2])
    return Subject(text, rest.strip(), tuple(prefixes), version, index, total, reply)


# `Doe, Jane <j@x>`: an encoded name that was decoded, no list of two
_FAMILY_FIRST = lazy(r"\s*([^<>\"@]{0,100},[^<>\"@]{0,100}\S)\s*<([^<>\s@]{1,100}@[^<>\s@]{1,200})>\s*$")


def parse_person(value: str) -> Person | None:
    """The first person of an address header."""
    if match := _ADDRESS.match(value):
        name = match[1].replace('\\"', '"').replace("\\\\", "\\") if match[1] is not None else match[2] or ""
        return Person(name.strip(), match[3])
    if match := _BARE.match(value):
        return Person((match[2] or "").strip(), match[1])
    if match := _FAMILY_FIRST.match(value):
        return Person(match[1], match[2])
    return _parse_person_slowly(value)


def _parse_person_slowly(value: str) -> Person | None:
    from email.utils import parseaddr

    try:
        name, address = parseaddr(value[:2000])
    except Exception:  # the library has raised several kinds on hostile headers
        return None
    return Person(name, address) if address else None


def parse_date(value: str) -> float | None:
    """An RFC 5322 date in seconds since the epoch, UTC; None where it cannot be read."""
    match = _DATE.match(value)
    if match is None:
        return None
    day, month_name, year, hour, minute, second, sign, zone_hours, zone_minutes, zone = match.groups()
    month = _MONTHS.get(month_name.lower())
    if month is None or not 1 <= int(day) <= 31:
        return None
    full_year = int(year)
    if len(year) < 4:
        full_year += 2000 if full_year < 69 else 1900
    seconds = _days(full_year, month, int(day)) * 86400 + int(hour) * 3600 + int(minute) * 60 + int(second or 0)
    if sign:
        offset = int(zone_hours) * 3600 + int(zone_minutes) * 60
        seconds -= offset if sign == "+" else -offset
    elif zone in _ZONES:
        seconds -= _ZONES[zone] * 3600
    return float(seconds)


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the proleptic Gregorian calendar (the calendar module is slow to import)."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def parse_ids(value: str) -> tuple[str, ...]:
    """All message ids of a header, without their brackets."""
    found = _MESSAGE_ID.findall(value)
    if not found and (word := value.strip().split(" ")[0].strip("<>")) and "@" in word:
        return (word,)
    return tuple(found)
