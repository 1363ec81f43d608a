"""Text of a patch to text that is safe to show: nothing here reaches a terminal, a log or a page as a command.

Comes in: bytes or strings that somebody mailed. Goes out: strings in which every control character, terminal
escape, bidirectional override and invisible character stands as a visible name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from linter.pattern import lazy
from linter.record import record

TAB = 8

Glyphs = bool | None
"""What an output can show: True: everything, controls as pictures (␛); None: everything, controls as names (<U+001B>,
for fonts without the pictures); False: ASCII and nothing else."""


def decode(text: bytes) -> str:
    """UTF-8 where it is, Latin-1 byte by byte where it is not: no byte is lost."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return "".join(map(_latin1, text.decode("utf-8", "surrogateescape")))


def _latin1(char: str) -> str:
    """The Latin-1 character of a byte that was no UTF-8; any other character as it is."""
    return chr(ord(char) - 0xDC00) if 0xDC80 <= ord(char) <= 0xDCFF else char


def picture(char: str, unicode: Glyphs = True) -> str:
    """How one character that cannot be printed is shown: ␛ for a C0 control, <U+202E> for the rest."""
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8, kept by surrogateescape
        return f"\\x{code - 0xDC00:02x}"
    if unicode and code < 0x20:
        return chr(0x2400 + code)
    if unicode and code == 0x7F:
        return "\u2421"
    return f"<U+{code:04X}>"


def visible(text: str, unicode: Glyphs = True, keep: Collection[str] = ()) -> str:
    """The text with every character that cannot be printed shown by its picture, but for those in `keep`."""
    if text.isprintable() and (unicode is not False or text.isascii()):
        return text
    return "".join(char if is_shown(char, unicode) or char in keep else picture(char, unicode) for char in text)


def is_shown(char: str, unicode: Glyphs = True) -> bool:
    """Whether a character can stand for itself."""
    return char.isprintable() and (unicode is not False or char.isascii())


def one_line(text: str, unicode: Glyphs = True) -> str:
    """The text on one line: runs of blanks and line breaks become one space, the rest is made visible."""
    return visible(" ".join(text.split()), unicode)


def prose(text: str, unicode: Glyphs = True) -> str:
    """Text of several lines: line breaks stay, tabs become spaces, the rest is made visible."""
    return visible(text.replace("\r\n", "\n").expandtabs(TAB), unicode, keep="\n")


_CI = ("GITHUB_ACTIONS", "GITEA_ACTIONS", "FORGEJO_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION")
_COMMAND = lazy(r"^([ \t]*):(?=:)|#(?=#(?:vso|teamcity)?\[)", re.M)


def in_ci(environment: Mapping[str, str]) -> bool:
    """Whether standard output is read by a CI server that takes some lines of it for commands."""
    return any(environment.get(name) for name in _CI)


def no_commands(text: str) -> str:
    """Lines for the log of a CI server: none of them is a command, whatever a patch says.

    `::name::` at the start of a line (GitHub), `##[name]` (GitHub, Azure), `##vso[` and `##teamcity[` anywhere.
    """
    return _COMMAND.sub(lambda match: f"{match[0]} ", text)


def data(text: str) -> str:
    """The text for a format with an escaping of its own (JSON): only lone surrogates are replaced."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join(picture(char) if "\ud800" <= char <= "\udfff" else char for char in text)
    return text


def char_width(char: str) -> int:
    """Terminal columns of one printable character: 0 for a combining mark, 2 for a wide one."""
    if char < "\u0300":
        return 1
    import unicodedata  # only patches that are not ASCII pay for it

    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def width(text: str) -> int:
    """Terminal columns of printable text."""
    return len(text) if text.isascii() else sum(map(char_width, text))


@record
class Shown:
    """A line of code as it is displayed; `columns[b]` is the display column of byte b of the line (and of its end)."""

    text: str
    columns: tuple[int, ...]
    start: int = 0  # byte at which the shown part begins

    def column(self, byte: int) -> int:
        """The display column (0-based) of a byte of the whole line, clamped to what is shown."""
        return self.columns[min(max(byte - self.start, 0), len(self.columns) - 1)]


def show(line: bytes, around: int = 0, unicode: Glyphs = True, limit: int = 1000) -> Shown:
    """Expand tabs and make a line printable; of a line longer than `limit` bytes only the part near byte `around`."""
    start = 0
    if len(line) > limit:
        start = max(0, min(around - limit // 2, len(line) - limit))
        line = line[start : start + limit]
        while line and 0x80 <= line[0] < 0xC0 and start:  # do not begin inside a UTF-8 character
            line, start = line[1:], start + 1
    line = line.rstrip(b"\r") if line.endswith(b"\r") and not line.endswith(b"\r\r") else line
    text = line.decode("utf-8", "surrogateescape")
    single = len(text) == len(line)
    parts: list[str] = []
    columns: list[int] = []
    column = 0
    for char in text:
        shown = _latin1(char)
        if char == "\t":
            piece = " " * (TAB - column % TAB)
        elif is_shown(shown, unicode):
            piece = shown
        else:
            piece = picture(shown, unicode)
        columns.extend([column] * (1 if single else len(char.encode("utf-8", "surrogateescape"))))
        parts.append(piece)
        column += width(piece)
    columns.append(column)
    return Shown("".join(parts), tuple(columns), start)


def take(text: str, start: int, count: int) -> str:
    """The characters of printable text that stand in display columns start..start+count."""
    if text.isascii() or count <= 0:
        return text[start : start + max(count, 0)]
    parts: list[str] = []
    column = 0
    for char in text:
        size = char_width(char)
        if start <= column and column + size <= start + count:
            parts.append(char)
        elif column < start < column + size or column < start + count < column + size:
            parts.append(" ")  # half of a wide character
        column += size
    return "".join(parts)
