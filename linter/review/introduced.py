"""What the patch introduced: findings of the post-image that the pre-image has not.

A finding of the pre-image answers for one of the post-image when it has the same rule and stands on the same line by
the diff's own mapping; else when its words are the same (`words`), wherever the line went; else when only names differ;
else when its line took the place of the other's, and both are about the same thing.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from typing import Any

from linter.detect.model import Finding
from linter.patch.model import FilePatch, Image, LineKind, Location
from linter.pattern import lazy

_NEAR = 12
"""Lines of a patch between a removed line and one that took its place."""
_SPACE = lazy(rb"\s+")
_IDENTIFIER = lazy(rb"[A-Za-z_]\w*")


def line_text(image: Image | None, location: Location) -> bytes:
    """The image line that a location is on; empty where it is on none."""
    if image is None:
        return b""
    index = line_index(image, location)
    return b"" if index is None else image_lines(image)[index]


_LINES: dict[int, tuple[Image, list[bytes]]] = {}


def image_lines(image: Image) -> list[bytes]:
    """The lines of an image; the last few images asked for are kept."""
    kept = _LINES.get(id(image))
    if kept is not None and kept[0] is image:
        return kept[1]
    if len(_LINES) > 8:
        _LINES.clear()
    lines = image.text.split(b"\n")
    _LINES[id(image)] = (image, lines)
    return lines


def line_index(image: Image, location: Location) -> int | None:
    """The 0-based image line of a location, from its patch line or its line number."""
    if location.patch_lineno:
        for index, line in enumerate(image.origin):
            if line is not None and line.patch_lineno == location.patch_lineno:
                return index
    if location.line is not None:
        for index, lineno in enumerate(image.linenos):
            if lineno == location.line:
                return index
    return None


def place_keys(image: Image | None) -> Callable[[Location], Hashable]:
    """A function from a location to a key that is the same for one unchanged line in both images, None if changed."""
    delta: dict[int, int] = {}  # image line -> what to add to its number to get the post-image number
    if image is not None:
        shift = 0
        for index, line in enumerate(image.origin):
            if line is not None and line.pre_lineno is not None and line.post_lineno is not None:
                shift = line.post_lineno - line.pre_lineno
            delta[index] = shift

    def key(location: Location) -> Hashable:
        if location.changed:
            return None
        if location.patch_lineno:
            return ("patch", location.patch_lineno)
        if image is None or location.line is None:
            return None
        index = line_index(image, location)
        if index is None:
            return None
        shift = delta[index] if image.side.value == "pre" else 0
        return ("post", location.line + shift)

    return key


def words(finding: Finding, text: bytes) -> tuple[str, str, bytes]:
    """Rule, subject and normalised primary line: what stays the same when code moves or a function is renamed."""
    return (finding.rule, finding.key, _SPACE.sub(b" ", text.strip()))


def shape(finding: Finding, text: bytes) -> tuple[str, str | None, bytes]:
    """Rule, function and the primary line with its names numbered: what stays when a local is renamed."""
    names: dict[bytes, bytes] = {}

    def number(match: re.Match[bytes]) -> bytes:
        return names.setdefault(match[0], b"$%d" % len(names))

    return (finding.rule, finding.function, _IDENTIFIER.sub(number, _SPACE.sub(b" ", text.strip())))


def match_preexisting(
    post: Sequence[Finding],
    pre: Iterable[Finding],
    post_image: Image | None,
    pre_image: Image | None,
    values: Container[str] = (),
) -> set[int]:
    """Indices into `post` of the findings that the pre-image has as well; `values`: rules about one value or call."""
    before = list(pre)
    matched: set[int] = set()
    if not before:
        return matched
    post_key, pre_key = place_keys(post_image), place_keys(pre_image)
    left = list(range(len(before)))
    places: dict[Hashable, list[int]] = defaultdict(list)
    for index, found in enumerate(before):
        place = pre_key(found.primary.location)
        if place is not None:
            places[found.rule, found.key, place].append(index)
    for index, found in enumerate(post):
        place = post_key(found.primary.location)
        candidates = places.get((found.rule, found.key, place)) if place is not None else None
        if candidates:
            left.remove(candidates.pop())
            matched.add(index)
    for describe in (words, shape):
        pool: Counter[Hashable] = Counter()
        owner: dict[Hashable, list[int]] = defaultdict(list)
        for index in left:
            description = describe(before[index], line_text(pre_image, before[index].primary.location))
            pool[description] += 1
            owner[description].append(index)
        for index, found in enumerate(post):
            if index in matched:
                continue
            if describe is shape and not found.primary.location.changed:
                continue
            description = describe(found, line_text(post_image, found.primary.location))
            if pool[description] > 0:
                pool[description] -= 1
                left.remove(owner[description].pop())
                matched.add(index)
    for index in reversed(range(len(post))):  # of two that take the place of one, the first is new
        if index in matched or post[index].rule not in values:
            continue
        old = next((at for at in left if _is_rewritten(before[at], post[index])), None)
        if old is not None:
            left.remove(old)
            matched.add(index)
    return matched


def _is_rewritten(old: Finding, new: Finding) -> bool:
    """Whether two findings are about the same thing of one function, on lines of which one took the other's place."""
    if not old.key or (old.rule, old.function, old.key) != (new.rule, new.function, new.key):
        return False
    gone, here = old.primary.location, new.primary.location
    if not (gone.changed and here.changed and gone.patch_lineno and here.patch_lineno):
        return False
    return abs(here.patch_lineno - gone.patch_lineno) <= _NEAR


def moved_lines(files: Iterable[FilePatch]) -> dict[bytes, set[str | None]]:
    """Normalised removed lines of a patch, each with the files it was removed from."""
    found: dict[bytes, set[str | None]] = defaultdict(set)
    for file in files:
        for hunk in file.hunks:
            for line in hunk.lines:
                if line.kind is LineKind.REMOVED:
                    text = _SPACE.sub(b" ", line.text.strip())
                    if len(text) > 8:
                        found[text].add(file.path)
    return found


def is_moved(finding: Finding, image: Image, path: str | None, removed: dict[bytes, set[str | None]]) -> bool:
    """Whether all changed lines that a finding rests on were removed from another file by the same patch."""
    seen = False
    for label in finding.labels:
        if not label.location.changed:
            continue
        text = _SPACE.sub(b" ", line_text(image, label.location).strip())
        if len(text) <= 8:
            continue
        if not removed.get(text, set()) - {path}:
            return False
        seen = True
    return seen


def _sha1() -> Any:
    """SHA-1 from its own module: `hashlib` loads OpenSSL, two milliseconds for twenty characters."""
    try:
        from _sha1 import sha1
    except ImportError:
        from hashlib import sha1
    return sha1


def fingerprint(finding: Finding, path: str | None, text: bytes, nth: int) -> str:
    """A name for the finding that survives re-indentation, other lines above it, and a re-roll of the series."""
    rule, key, line = words(finding, text)
    digest = _sha1()(usedforsecurity=False)
    for part in (rule, path or "", finding.function or "", key, str(nth)):
        digest.update(part.encode("utf-8", "surrogateescape") + b"\0")
    digest.update(line)
    text_of_digest: str = digest.hexdigest()
    return text_of_digest[:20]
