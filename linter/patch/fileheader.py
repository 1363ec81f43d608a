"""The lines between one file's `diff` line and its first hunk in, paths, modes, blobs and the kind of change out."""

from __future__ import annotations

from collections.abc import Sequence

from linter.patch.model import Change
from linter.pattern import compiled, lazy
from linter.record import record

_INDEX = lazy(rb"index ([0-9a-f]{4,64})\.\.([0-9a-f]{4,64})(?: (\d{6}))?")
_ESCAPE = lazy(rb'\\([abtnvfr"\\]|[0-7]{1,3})')
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r"}
_PREFIX = lazy(rb"[abciow12]/")
# GNU diff appends a time behind a tab; damaged mails show it behind blanks.
_TIME = lazy(rb"\s+(?:\d{4}-\d\d-\d\d|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) |\((?:revision|working copy|.{1,40}\)$)).*$")


@record(frozen=False)
class FileHeader:
    """What the header of one file's section says."""

    pre_path: str | None = None
    post_path: str | None = None
    change: Change = Change.MODIFY
    pre_blob: str | None = None
    post_blob: str | None = None
    pre_mode: str | None = None
    post_mode: str | None = None
    binary: bool = False
    combined: bool = False
    git: bool = False
    strip: int = 1  # path components cut off; 0 where the patch was made without prefixes
    named: bool = False  # a --- and a +++ line were there


def parse_file_header(lines: Sequence[bytes]) -> FileHeader:
    """Read a section's header lines; what is missing stays None."""
    header = FileHeader()
    pre: bytes | None = None
    post: bytes | None = None
    renamed: list[bytes | None] = [None, None]
    for line in lines:
        start = line[:4]
        if start == b"diff":
            if line.startswith(b"diff --git "):
                header.git = True
                pre, post = _git_paths(line[11:].rstrip(b"\r"))
            elif line.startswith((b"diff --cc ", b"diff --combined ")):
                header.combined = header.git = True
                pre = post = b"b/" + unquote_path(line.split(b" ", 2)[2].rstrip(b"\r"))
        elif start == b"--- ":
            pre = _header_path(line)
            header.named = True
        elif start == b"+++ ":
            post = _header_path(line)
        elif start == b"inde":
            if match := _INDEX.match(line):
                header.pre_blob, header.post_blob = match[1].decode(), match[2].decode()
                if match[3]:
                    header.pre_mode = header.post_mode = match[3].decode()
        elif start in _EXTENDED:
            _read_extended(header, line.rstrip(b"\r"), renamed)
        elif start in (b"GIT ", b"Bina"):
            header.binary = header.binary or line.startswith((b"GIT binary patch", b"Binary files ", b"Binary file "))
            if start == b"Bina" and pre is None:
                pre, post = _binary_paths(line)
        elif start == b"Inde" and line.startswith(b"Index: ") and pre is None:
            pre = post = line[7:].strip()
    _set_paths(header, pre, post, renamed)
    return header


_EXTENDED = frozenset({b"new ", b"dele", b"old ", b"rena", b"copy"})


def _read_extended(header: FileHeader, line: bytes, renamed: list[bytes | None]) -> None:
    if line.startswith(b"new file mode "):
        header.change, header.post_mode = Change.ADD, line[14:].strip().decode("latin-1")
    elif line.startswith(b"deleted file mode "):
        header.change, header.pre_mode = Change.DELETE, line[18:].strip().decode("latin-1")
    elif line.startswith(b"old mode "):
        header.pre_mode = line[9:].strip().decode("latin-1")
    elif line.startswith(b"new mode "):
        header.post_mode = line[9:].strip().decode("latin-1")
    elif line.startswith((b"rename from ", b"copy from ")):
        header.change = Change.RENAME if line[:1] == b"r" else Change.COPY
        renamed[0] = unquote_path(line.split(b" from ", 1)[1])
    elif line.startswith((b"rename to ", b"copy to ")):
        renamed[1] = unquote_path(line.split(b" to ", 1)[1])


def unquote_path(path: bytes) -> bytes:
    """Undo git's C quoting: "dir/\\303\\251.c"."""
    if len(path) < 2 or path[:1] != b'"' or path[-1:] != b'"':
        return path
    return _ESCAPE.sub(
        lambda m: _ESCAPES.get(m[1]) or (m[1] if m[1] in b'"\\' else bytes([int(m[1], 8) & 255])), path[1:-1]
    )


def _header_path(line: bytes) -> bytes:
    path = line[4:].rstrip(b"\r")
    if path[:1] == b'"' and (end := path.rfind(b'"')) > 0:
        return unquote_path(path[: end + 1])
    path = path.split(b"\t", 1)[0]
    if b" " in path:
        path = _TIME.sub(b"", path)
    return path.rstrip()


def _git_paths(rest: bytes) -> tuple[bytes | None, bytes | None]:
    """The two paths of a `diff --git` line; they are equal but for the prefix unless the file is renamed."""
    if rest[:1] == b'"':
        end = rest.find(b'" ', 1)
        if end > 0:
            return unquote_path(rest[: end + 1]), unquote_path(rest[end + 2 :])
    if rest[-1:] == b'"' and (begin := rest.find(b' "')) > 0:
        return rest[:begin], unquote_path(rest[begin + 1 :])
    middle = len(rest) // 2
    first, second = rest[:middle], rest[middle + 1 :]
    if rest[middle : middle + 1] == b" " and first.split(b"/", 1)[-1] == second.split(b"/", 1)[-1]:
        return first, second
    parts = rest.split(b" b/")
    if len(parts) == 2:
        return parts[0], b"b/" + parts[1]
    words = rest.split(b" ")
    return (words[0], words[1]) if len(words) == 2 else (None, None)


def _binary_paths(line: bytes) -> tuple[bytes | None, bytes | None]:
    match = compiled(rb"Binary files? (.{1,4096}?)(?: and (.{1,4096}?))? (?:differ|has changed)").match(line)
    if match is None:
        return None, None
    return unquote_path(match[1]), unquote_path(match[2] or match[1])


def _set_paths(header: FileHeader, pre: bytes | None, post: bytes | None, renamed: list[bytes | None]) -> None:
    pre_gone, post_gone = pre == b"/dev/null", post == b"/dev/null"
    if header.git or (pre and post and _PREFIX.match(pre) and _PREFIX.match(post)):
        unprefixed = [p for p in (pre, post) if p and p != b"/dev/null" and not _PREFIX.match(p)]
        header.strip = 0 if unprefixed else 1
        pre, post = _cut_prefix(pre), _cut_prefix(post)
    else:
        pre, post, header.strip = _plain_paths(pre, post)
    if pre_gone or header.change is Change.ADD:
        header.change, pre = Change.ADD, None
    if post_gone or header.change is Change.DELETE:
        header.change, post = Change.DELETE, None
    header.pre_path, header.post_path = _text(renamed[0] or pre), _text(renamed[1] or post)


def _cut_prefix(path: bytes | None) -> bytes | None:
    if path is None or path == b"/dev/null":
        return None
    return path[2:].lstrip(b"/") if _PREFIX.match(path) else path


def _plain_paths(pre: bytes | None, post: bytes | None) -> tuple[bytes | None, bytes | None, int]:
    """Paths of a diff not made by git: cut the first component where the two trees' names differ in it."""
    pre = None if pre == b"/dev/null" else pre
    post = None if post == b"/dev/null" else post
    head, _, rest = (post or pre or b"").partition(b"/")
    other = (pre or post or b"").partition(b"/")[2]
    if (
        rest
        and other in (rest, rest + b".orig")
        and (_PREFIX.match(head + b"/") or head.startswith(b"linux") or (pre or post or b"").partition(b"/")[0] != head)
    ):
        return (rest if pre else None), (rest if post else None), 1
    if pre and post and pre in (post + b".orig", post + b".old"):
        pre = post
    return pre, post, 0


def _text(path: bytes | None) -> str | None:
    return path.decode("utf-8", "surrogateescape") if path else None
