"""Globs over kernel paths: `*` and `?` stay within one folder, `**/` crosses folders, `[ab]` and `{a,b}` choose."""

from __future__ import annotations

import functools
import re

from linter.pattern import compiled, lazy, translated
from linter.rulebook.model import AppliesTo

LONGEST_PATH = 4096
"""PATH_MAX of https://www.kernel.org/doc/man-pages/: a longer path in a patch is no path."""


MOST_CHOICES = 100
_BRACES = lazy(r"\{([^{}]*)\}")


@functools.lru_cache(maxsize=4096)
def _compiled(globs: tuple[str, ...]) -> re.Pattern[str]:
    return translated("\n".join(globs), _translate_all)


def _translate_all(globs: str) -> str:
    return "|".join(translate(plain) for glob in globs.split("\n") for plain in _spelled_out(glob))


def _spelled_out(glob: str) -> list[str]:
    """The globs that `{a,b}` stands for; beyond a hundred, braces are text."""
    done: list[str] = []
    pending = [glob]
    while pending:
        text = pending.pop()
        match = _BRACES.search(text)
        if match is None or len(pending) + len(done) > MOST_CHOICES:
            done.append(text)
        else:
            pending += [text[: match.start()] + one + text[match.end() :] for one in match[1].split(",")]
    return done


def translate(glob: str) -> str:
    """A regular expression for one glob without braces.

    What stands between two wildcards is looked for from the left and then kept (`(?>…)`): the earliest place leaves
    the most to the rest, so it is never wrong, and a hostile glob cannot make the matcher try them all.
    """
    parts = glob.split("/")
    chunks: list[list[str]] = [[]]
    for part in parts:
        if part == "**":
            chunks.append([])
        else:
            chunks[-1].append(_segment(part))
    out = "/".join(chunks[0])
    if len(chunks) == 1:
        return out + r"\Z"
    out += "/" if chunks[0] else ""
    for chunk in chunks[1:-1]:
        if chunk:
            out += "(?>(?:[^/]+/)*?" + "/".join(chunk) + "/)"
    last = "/".join(chunks[-1])
    return out + (f"(?:[^/]+/)*{last}" if last else ".+") + r"\Z"


def _segment(part: str) -> str:
    """A regular expression for one folder's name."""
    pieces = [_piece(piece) for piece in compiled(r"\*+").split(part)]
    if len(pieces) == 1:
        return pieces[0]
    middle = "".join(f"(?>[^/]*?{piece})" for piece in pieces[1:-1] if piece)
    return f"{pieces[0]}{middle}[^/]*{pieces[-1]}"


def _piece(text: str) -> str:
    """A stretch without `*`: text, `?`, `[…]`."""
    if "?" not in text and "[" not in text:
        return re.escape(text)
    out: list[str] = []
    index = 0
    while index < len(text):
        char = text[index]
        end = text.find("]", index + 2) if char == "[" else -1
        if char == "?":
            out.append("[^/]")
        elif end > index:
            out.append("[" + re.escape(text[index + 1 : end]).replace(r"\-", "-") + "]")
            index = end
        else:
            out.append(re.escape(char))
        index += 1
    return "".join(out)


def matches(globs: tuple[str, ...], path: str | None) -> bool:
    """Whether one of the globs fits the whole path."""
    if not path or not globs or len(path) > LONGEST_PATH:
        return False
    return _compiled(globs).match(path) is not None


def applies(where: AppliesTo, path: str | None) -> bool:
    """Whether a rule is about a file. A file of unknown name is taken for a C file in a driver."""
    if path is None:
        return not where.paths or matches(where.paths, "drivers/unknown.c")
    if where.paths and not matches(where.paths, path):
        return False
    return not matches(where.exclude, path)
