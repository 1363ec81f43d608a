"""The types that leave the patch stage: lines, hunks, files, patches, series, images.

Bytes stay bytes. Line numbers are 1-based, byte offsets 0-based with an exclusive end.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

from linter.record import record


class Side(enum.Enum):
    """Which image a place is in."""

    PRE = "pre"  # the file before the patch
    POST = "post"  # the file after the patch


class LineKind(enum.Enum):
    """What a patch does with a line."""

    CONTEXT = " "
    ADDED = "+"
    REMOVED = "-"


class Change(enum.Enum):
    """What a patch does with a file."""

    ADD = "add"
    DELETE = "delete"
    MODIFY = "modify"
    RENAME = "rename"
    COPY = "copy"
    MODE = "mode"  # nothing but the mode bits


@record
class Span:
    """Byte offsets, ``end`` exclusive."""

    start: int
    end: int


@record
class Line:
    """One line of a hunk, without its marker and its newline."""

    kind: LineKind
    text: bytes
    pre_lineno: int | None  # None for an added line, and where there was no hunk header
    post_lineno: int | None  # None for a removed line, and where there was no hunk header
    patch_lineno: int  # line of the decoded message (headers counted), or of the file for a bare diff


@record
class Hunk:
    """One ``@@`` block; ``numbered`` is False where the quotation had no header (all numbers are then 0)."""

    pre_start: int
    pre_count: int
    post_start: int
    post_count: int
    section: bytes  # what follows the second @@, stripped
    lines: tuple[Line, ...]
    patch_lineno: int  # of the @@ line, or of the first line where there is none
    numbered: bool = True
    cut: bool = False  # lines promised by the header are missing, or the hunk ends where a quotation was trimmed
    unterminated: tuple[int, ...] = ()  # indices of lines with "\\ No newline at end of file" behind them


@record
class FilePatch:
    """All that a patch does to one file. A path is None on the side where the file does not exist or is unknown."""

    pre_path: str | None  # without a/ ; decoded as UTF-8 with surrogateescape
    post_path: str | None  # without b/
    change: Change
    hunks: tuple[Hunk, ...]
    patch_lineno: int
    binary: bool = False
    pre_blob: str | None = None  # abbreviated object ids of the `index a..b` line
    post_blob: str | None = None
    pre_mode: str | None = None
    post_mode: str | None = None
    combined: bool = False  # the diff of a merge (`diff --cc`): named, its hunks are not read
    strip: int = 1  # path components that were cut off; 0 where the patch was made without a/ and b/

    @property
    def path(self) -> str | None:
        """The name to show: that of the post-image where there is one."""
        return self.post_path or self.pre_path


class DamageKind(enum.Enum):
    """How a patch was hurt on its way."""

    LOST_BLANK = "context lines lost their leading blank"
    TABS = "tabs turned into spaces"
    WRAPPED = "long lines were wrapped"
    COUNT = "the counts of a hunk header do not add up"
    HEADER = "a file or hunk header cannot be read"
    MARKUP = "the text comes from HTML"
    TRUNCATED = "the patch ends before its last hunk does"


class Fate(enum.Enum):
    """What `git am` makes of a damaged patch."""

    REFUSED = "refused"
    SHORT = "lines left out"
    UNSURE = "refused, or lines left out"  # as the end of the file is near or not
    WHOLE = "all of it read"  # the text may be another one


@record
class Damage:
    """One sort of damage, at the first line where it shows."""

    kind: DamageKind
    patch_lineno: int
    count: int  # lines hurt in this way
    detail: str = ""
    fate: Fate = Fate.REFUSED  # of the whole patch
    left_out: int = 0  # lines that git passes over


@record
class Person:
    """A name and an address as in a From: header, decoded."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


@record
class Trailer:
    """One `Token: value` line at the end of a commit message."""

    token: str  # as written
    value: str
    patch_lineno: int


@record
class Remark:
    """What a reviewer wrote below a quoted line."""

    patch_lineno: int  # of the quoted line the remark stands under
    line: Line | None  # the patch line it is about, where that is known
    path: str | None
    text: str


@record
class Patch:
    """One patch, however it came."""

    message_id: str | None  # without angle brackets; of the mail that held the patch
    in_reply_to: str | None
    references: tuple[str, ...]
    subject: str  # decoded, unfolded, with its [PATCH ...] prefix; "" where there is none
    title: str  # the subject without Re: and bracketed prefixes
    prefixes: tuple[str, ...]  # words inside the leading brackets, e.g. ("PATCH", "RFC", "net-next", "v3", "2/7")
    author: Person | None  # the in-body From: where there is one, else the sender
    sender: Person | None  # the From: header
    date: float | None  # seconds since the epoch, UTC
    version: int  # 1 where the subject says nothing
    index: int | None  # k of k/n
    total: int | None  # n of k/n
    headers: tuple[tuple[str, str], ...]  # decoded; empty for a bare diff
    body: bytes  # commit message: above the --- line, in-body headers removed
    body_lineno: int  # patch line of the first line of `body`
    notes: bytes  # between --- and the first diff line
    notes_lineno: int
    trailers: tuple[Trailer, ...]
    files: tuple[FilePatch, ...]
    raw: bytes  # the decoded message; patch_lineno counts its lines
    source: str  # where it was read: a path, "-", or a commit id
    quoted: bool = False  # judged from a reviewer's quotation
    mail: bool = True  # False for a bare diff or a git commit: no sender, no recipients
    damage: tuple[Damage, ...] = ()
    remarks: tuple[Remark, ...] = ()
    base_commit: str | None = None  # of the base-commit: trailer
    change_id: str | None = None  # of the change-id: trailer or X-Change-ID header
    commit: str | None = None  # full id where the patch was read from git

    def line_text(self, patch_lineno: int) -> bytes:
        """The text of a 1-based line of `raw`, without its newline."""
        lines = self.raw.split(b"\n")
        return lines[patch_lineno - 1] if 0 < patch_lineno <= len(lines) else b""


@record
class Message:
    """One message of an input, with the patches found in it (usually one; none for discussion)."""

    message_id: str | None
    in_reply_to: str | None
    references: tuple[str, ...]
    subject: str
    sender: Person | None
    date: float | None
    headers: tuple[tuple[str, str], ...]
    body: bytes  # decoded text
    source: str
    patches: tuple[Patch, ...]
    cover: bool = False  # a cover letter: [PATCH 0/n]
    problem: str = ""  # why nothing could be read from it, where that is so


@record
class Series:
    """Patches that share a thread, in the order of their numbers, and their cover letter."""

    patches: tuple[Patch, ...]
    cover: Message | None = None


@record
class Image:
    """One side of one file, whole where it is known, else the lines that the hunks show.

    `text` is the lines joined by newlines (with a final one). `chunks` gives, for each run of lines that
    follow each other in the file, the index of its first line in the image: (0,) for a whole file, one entry a hunk
    otherwise. `origin` and `linenos` have one entry an image line.
    """

    path: str | None
    side: Side
    text: bytes
    origin: tuple[Line | None, ...]  # None: known from a repository, not shown by the patch
    linenos: tuple[int | None, ...]  # 1-based line in the file of this side; None where there was no hunk header
    complete: bool
    chunks: tuple[int, ...] = (0,)
    sections: tuple[bytes, ...] = (b"",)  # the text behind @@ for each chunk

    def lines(self) -> Iterator[bytes]:
        """The image line by line, without newlines."""
        return iter(self.text.split(b"\n")[:-1])


@record
class Location:
    """A place in an image. `column` counts bytes from 1; `line` is None where the patch has no hunk headers."""

    path: str | None
    side: Side | None
    line: int | None
    column: int | None
    patch_lineno: int  # 0 where the line is not in the patch (context known from a repository)
    span: Span | None = None  # byte offsets in the image text
    changed: bool = False  # the patch adds (post) or removes (pre) this line
    end_column: int | None = None  # exclusive; None: to the end of the line
