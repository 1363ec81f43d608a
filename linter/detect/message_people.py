"""Checks of who signed: the author, the sender, those who developed with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from linter.detect.message_parts import Check, Problem, header_line, last_line, message_lines
from linter.detect.model import Context
from linter.patch.model import Patch, Person
from linter.pattern import compiled, lazy

_SIGNED = lazy(r"^\s*(?:[>*] ?)?signed-off-by\s*:\s*(.*)$", re.I)
_ADDRESS = lazy(r"<?([^\s<>()\"]+@[^\s<>()\"]+)>?")
_RELAY = lazy(r"^devnull\+|@(?:kernel-bugzilla|patchwork)\b", re.I)
_FOLDED = str.maketrans({"ł": "l", "Ł": "l", "ø": "o", "Ø": "o", "ß": "ss", "æ": "ae", "đ": "d", "ı": "i", "þ": "th"})


def person_of(text: str) -> Person:
    """The name and address of a trailer."""
    match = _ADDRESS.search(text)
    if match is None:
        return Person(text.strip(), "")
    return Person(text[: match.start()].strip(" <\"'"), match[1])


def signers(patch: Patch) -> list[tuple[int, Person]]:
    """Everybody who signed off, with the line."""
    found = []
    for lineno, line in message_lines(patch, "body"):
        match = _SIGNED.match(line)
        if match and match[1].strip():
            found.append((lineno, person_of(match[1])))
    return found


def words_of_name(name: str) -> frozenset[str]:
    """The words of a name without accents, order and punctuation."""
    if name.isascii():
        return frozenset(word for word in compiled(r"\w+").findall(name.casefold()) if len(word) > 1)
    import unicodedata  # seldom needed

    plain = unicodedata.normalize("NFKD", name.translate(_FOLDED))
    plain = "".join(char for char in plain if not unicodedata.combining(char)).casefold()
    return frozenset(word for word in compiled(r"\w+").findall(plain) if len(word) > 1)


def same_person(one: Person, other: Person) -> bool:
    """Whether two names with addresses are the same person, as far as text can tell."""
    if one.address and _bare(one.address) == _bare(other.address):
        return True
    left, right = words_of_name(one.name), words_of_name(other.name)
    if left and right and (left <= right or right <= left) and min(len(left), len(right)) > 1:
        return True
    if "".join(sorted(left)) == "".join(sorted(right)) and left:
        return True
    if _is_short_for(left, right) or _is_short_for(right, left):
        return True
    if one.address.lower().partition("@")[2] == other.address.lower().partition("@")[2] and one.address:
        return _differ_by_a_letter(left, right)
    return bool(left) and left == right


def _is_short_for(nick: frozenset[str], name: frozenset[str]) -> bool:
    """Whether one word is made of a name: `jdoe`, `doej`, `janedoe`."""
    if len(nick) != 1 or len(name) < 2:
        return False
    made = {word for one in name for other in name - {one} for word in (one[0] + other, other + one[0], one + other)}
    return len(next(iter(nick))) > 4 and not made.isdisjoint(nick)


def _differ_by_a_letter(left: frozenset[str], right: frozenset[str]) -> bool:
    """Whether two names of one house share a word, and the other word has one letter that is another."""
    shared, mine, other = left & right, left - right, right - left
    if not shared or len(mine) != 1 or len(other) != 1:
        return left == right and bool(left)
    a, b = *mine, *other
    return len(a) == len(b) > 4 and sum(x != y for x, y in zip(a, b, strict=True)) == 1


def _bare(address: str) -> str:
    """An address without case and `+tag`."""
    local, _, domain = address.lower().partition("@")
    return f"{local.split('+')[0]}@{domain}"


def is_relayed(person: Person) -> bool:
    """Whether a mail came through a service that puts its own address in From."""
    return _RELAY.search(person.address) is not None or bool(compiled(r"\bvia\b").search(person.name))


_BACKPORT = lazy(rb"commit [0-9a-f]{40} upstream|\[ ?upstream commit|cherry picked from commit|^stable", re.I)


def is_backport(patch: Patch) -> bool:
    """Whether a patch is one for a stable tree: its sender is who keeps that."""
    words = {word.lower() for word in patch.prefixes}
    named = any(re.match(r"v?\d+\.\d+|stable|for-stable|autosel", word) for word in words)
    return named or _BACKPORT.search(patch.body) is not None


def _missing(patch: Patch, context: Context) -> Iterator[Problem]:
    """Nobody signed, or below the line where git stops to read."""
    if signers(patch):
        return
    lineno = _signed_below(patch)
    what = "the Signed-off-by stands below the `---` line, where git drops it" if lineno else "no Signed-off-by"
    yield Problem(lineno or last_line(patch), {"WHAT": what, "AUTHOR": str(patch.author or "the author")})


def _signed_below(patch: Patch) -> int:
    """The line of a sign-off below the `---` line; 0 where there is none."""
    return next((number for number, line in message_lines(patch, "notes") if _SIGNED.match(line)), 0)


def _author(patch: Patch, context: Context) -> Iterator[Problem]:
    author = patch.author
    if author is None or is_relayed(author) or not author.address:
        return
    signed = signers(patch)
    if any(same_person(author, person) for _, person in signed):
        return
    at = signed[0][0] if signed else _signed_below(patch) or last_line(patch)  # where `missing-sob` says it, too
    yield Problem(at, {"AUTHOR": str(author)}, author.address)


def _sender(patch: Patch, context: Context) -> Iterator[Problem]:
    """The last sign-off is not the sender's. An account without a name may be anybody's, the author's as well."""
    author, sender, signed = patch.author, patch.sender, signers(patch)
    if author is None or sender is None or not patch.mail or is_relayed(sender) or same_person(author, sender):
        return
    if not sender.name or "@" in sender.name or is_backport(patch):
        return
    if signed and (same_person(signed[-1][1], sender) or _alike(signed[-1][1], sender)):
        return
    if not signed:
        return
    yield Problem(signed[-1][0], {"SENDER": str(sender)}, sender.address, ((header_line(patch, "From"), "sent by"),))


def _alike(one: Person, other: Person) -> bool:
    """Whether two names or addresses share a name: somebody who signs with another address than they send from."""
    left, right = (words_of_name(f"{person.name} {person.address.partition('@')[0]}") for person in (one, other))
    long = [word for word in left if len(word) > 3]
    return any(word in "".join(right) for word in long) or any(len(w) > 3 and w in "".join(left) for w in right)


def _codeveloper(patch: Patch, context: Context) -> Iterator[Problem]:
    signed = [person for _, person in signers(patch)]
    for trailer in patch.trailers:
        if trailer.token.lower() != "co-developed-by":
            continue
        person = person_of(trailer.value)
        if not any(same_person(person, other) for other in signed):
            yield Problem(trailer.patch_lineno, {"NAME": str(person)}, person.address)


PEOPLE: Mapping[str, Check] = {
    "no-signoff": _missing,
    "author-signoff": _author,
    "sender-signoff": _sender,
    "codeveloper-signoff": _codeveloper,
}
