"""The example of a rule to a series, as a mail would carry it, and the places where findings are wanted.

Images are diffed here rather than written as diffs in the rule: a blank context line that an editor strips would
break the diff, and the whole file stays known.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from linter.patch.model import (
    Change,
    FilePatch,
    Hunk,
    Image,
    Line,
    LineKind,
    Patch,
    Person,
    Series,
    Side,
    Trailer,
)
from linter.record import record
from linter.rulebook.build import split_markers
from linter.rulebook.kernel import timestamp
from linter.rulebook.model import Example, ExampleFile

AUTHOR = Person("Example Author", "author@example.org")
TITLE = "misc: example: Change the example"
MESSAGE = "The example shows what a patch may do.\n\n"

Place = tuple[int, str | None, str, int]
"""Patch index, path (None: the mail itself), side ("mail" there), 1-based line."""


Images = dict[int, tuple[Image | None, Image | None]]
"""Whole pre- and post-images by patch line of the file."""


@record
class Case:
    """What is reviewed for one example, and what must come out."""

    series: Series
    images: Images
    wanted: dict[Place, int]  # how many findings at each marked place
    mails: bool = False  # markers stand on lines of the mail


def build_case(example: Example) -> Case:
    """The series of an example, its whole images and its marked places."""
    if example.mail is not None or example.series:
        return _mail_case([example.mail] if example.mail is not None else list(example.series))
    return _image_case(example)


def _mail_case(mails: Sequence[str]) -> Case:
    import io

    from linter.patch.intake import read_messages
    from linter.patch.series import group_series

    wanted: dict[Place, int] = {}
    raws = []
    for index, mail in enumerate(mails):
        text, marked = split_markers(mail.strip("\n") + "\n")
        raws.append(text)
        for line, count in marked.items():
            wanted[index, None, "mail", line] = count
    patches: list[Patch] = []
    cover = None
    for raw in raws:
        problems: list[object] = []
        stream = io.BytesIO(raw.encode("utf-8", "surrogateescape"))
        messages = list(read_messages(["-"], stdin=stream, cwd=".", problems=problems))  # type: ignore[arg-type]
        cover = next((message for message in messages if message.cover), cover)  # alone it is no series
        for series in group_series(messages):
            patches += series.patches
    return Case(Series(tuple(patches), cover), {}, wanted, mails=True)


def _image_case(example: Example) -> Case:
    date = timestamp(example.date) if example.date else None
    signed = f"Signed-off-by: {AUTHOR}"
    raw = [f"From: {AUTHOR}", f"Subject: [PATCH] {TITLE}", "", *MESSAGE.split("\n")[:-1], signed, "---", ""]
    body = (MESSAGE + signed + "\n").encode()
    wanted: dict[Place, int] = {}
    images: Images = {}
    files = []
    for file in example.files:
        at = len(raw) + 1
        built, lines, marks = _build_file(file, at, whole=example.context == "whole")
        raw += lines
        files.append(built)
        for (side, line), count in marks.items():
            wanted[0, file.path, side, line] = count
        if example.context == "whole":
            images[at] = (_whole_image(built, Side.PRE), _whole_image(built, Side.POST))
    patch = Patch(
        message_id="example@example.org",
        in_reply_to=None,
        references=(),
        subject=f"[PATCH] {TITLE}",
        title=TITLE,
        prefixes=("PATCH",),
        author=AUTHOR,
        sender=AUTHOR,
        date=date,
        version=1,
        index=None,
        total=None,
        headers=(("From", str(AUTHOR)), ("Subject", f"[PATCH] {TITLE}")),
        body=body,
        body_lineno=4,
        notes=b"",
        notes_lineno=raw.index("---") + 2,
        trailers=(Trailer("Signed-off-by", str(AUTHOR), raw.index(signed) + 1),),
        files=tuple(files),
        raw=("\n".join(raw) + "\n").encode("utf-8", "surrogateescape"),
        source="example",
    )
    return Case(Series((patch,)), images, wanted)


def _lines(text: str | None) -> list[str]:
    if not text:
        return []
    return text.removesuffix("\n").split("\n")


def _build_file(
    file: ExampleFile, lineno: int, *, whole: bool
) -> tuple[FilePatch, list[str], dict[tuple[str, int], int]]:
    """A `FilePatch`, its lines as a mail has them, and the marked places by side and line."""
    pre_text, pre_marks = split_markers(file.pre) if file.pre is not None else (None, {})
    post_text, post_marks = split_markers(file.post) if file.post is not None else (None, {})
    pre, post = _lines(pre_text), _lines(post_text)
    change = Change.ADD if file.pre is None else Change.DELETE if file.post is None else Change.MODIFY
    raw = [f"diff --git a/{file.path} b/{file.path}"]
    if change is Change.ADD:
        raw.append("new file mode 100644")
    elif change is Change.DELETE:
        raw.append("deleted file mode 100644")
    raw.append("--- /dev/null" if file.pre is None else f"--- a/{file.path}")
    raw.append("+++ /dev/null" if file.post is None else f"+++ b/{file.path}")
    hunks = []
    for group in _groups(pre, post, whole=whole):
        hunk = _hunk(group, pre, post, lineno + len(raw))
        hunks.append(hunk)
        section = f" {hunk.section.decode('utf-8', 'surrogateescape')}" if hunk.section else ""
        raw.append(f"@@ -{hunk.pre_start},{hunk.pre_count} +{hunk.post_start},{hunk.post_count} @@{section}")
        raw += [line.kind.value + line.text.decode("utf-8", "surrogateescape") for line in hunk.lines]
    built = FilePatch(
        pre_path=None if file.pre is None else file.path,
        post_path=None if file.post is None else file.path,
        change=change,
        hunks=tuple(hunks),
        patch_lineno=lineno,
        pre_mode="100644",
        post_mode="100644",
    )
    marks = {("pre", line): count for line, count in pre_marks.items()}
    marks |= {("post", line): count for line, count in post_marks.items()}
    return built, raw, marks


Opcode = tuple[str, int, int, int, int]


def _groups(pre: Sequence[str], post: Sequence[str], *, whole: bool) -> Iterator[Sequence[Opcode]]:
    matcher = difflib.SequenceMatcher(None, pre, post, autojunk=False)
    if not whole and pre and post:
        yield from matcher.get_grouped_opcodes(3)
        return
    codes = matcher.get_opcodes()
    if any(code[0] != "equal" for code in codes):
        yield codes


def _hunk(group: Sequence[Opcode], pre: Sequence[str], post: Sequence[str], lineno: int) -> Hunk:
    lines: list[Line] = []

    def add(kind: LineKind, text: str, pre_no: int | None, post_no: int | None) -> None:
        at = lineno + 1 + len(lines)
        lines.append(Line(kind, text.encode("utf-8", "surrogateescape"), pre_no, post_no, at))

    for tag, i1, i2, j1, j2 in group:
        if tag == "equal":
            for step in range(i2 - i1):
                add(LineKind.CONTEXT, pre[i1 + step], i1 + step + 1, j1 + step + 1)
            continue
        for i in range(i1, i2):
            add(LineKind.REMOVED, pre[i], i + 1, None)
        for j in range(j1, j2):
            add(LineKind.ADDED, post[j], None, j + 1)
    i1, i2, j1, j2 = group[0][1], group[-1][2], group[0][3], group[-1][4]
    return Hunk(
        pre_start=i1 + 1 if i2 > i1 else i1,
        pre_count=i2 - i1,
        post_start=j1 + 1 if j2 > j1 else j1,
        post_count=j2 - j1,
        section=_section(pre, i1),
        lines=tuple(lines),
        patch_lineno=lineno,
    )


def _section(pre: Sequence[str], start: int) -> bytes:
    """What git writes behind @@: the last line above the hunk that starts with a letter, `_` or `$`."""
    for text in reversed(pre[:start]):
        if text[:1].isalpha() or text[:1] in ("_", "$"):
            return text.rstrip().encode("utf-8", "surrogateescape")[:80]
    return b""


def _whole_image(file: FilePatch, side: Side) -> Image | None:
    """The complete image of one side; None where the file does not exist there."""
    path = file.pre_path if side is Side.PRE else file.post_path
    if path is None:
        return None
    other = LineKind.ADDED if side is Side.PRE else LineKind.REMOVED
    lines = [line for hunk in file.hunks for line in hunk.lines if line.kind is not other]
    return Image(
        path=path,
        side=side,
        text=b"".join(line.text + b"\n" for line in lines),
        origin=tuple(lines),
        linenos=tuple(range(1, len(lines) + 1)),
        complete=True,
    )


def line_at(example: Example, place: Place) -> str:
    """The text of a place in an example, for messages."""
    index, path, side, number = place
    if side == "mail":
        mails = [example.mail] if example.mail is not None else list(example.series)
        text: str | None = mails[index].strip("\n") if index < len(mails) else None
    else:
        text = next((file.pre if side == "pre" else file.post for file in example.files if file.path == path), None)
    lines = split_markers(text or "")[0].split("\n")
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""


def example_diff(example: Example) -> list[tuple[str, bool]]:
    """An example as people read it: the lines of its diff (or its mails), and whether the defect is there."""
    if not example.files:
        return _mail_lines([example.mail] if example.mail is not None else list(example.series))
    shown: list[tuple[str, bool]] = []
    for file in example.files:
        built, _, marks = _build_file(file, 1, whole=False)
        shown.append((f"--- a/{file.path}" if file.pre is not None else "--- /dev/null", False))
        shown.append((f"+++ b/{file.path}" if file.post is not None else "+++ /dev/null", False))
        for hunk in built.hunks:
            section = f" {hunk.section.decode('utf-8', 'replace')}" if hunk.section else ""
            shown.append(
                (f"@@ -{hunk.pre_start},{hunk.pre_count} +{hunk.post_start},{hunk.post_count} @@{section}", False)
            )
            for line in hunk.lines:
                marked = ("post", line.post_lineno) in marks or (
                    line.post_lineno is None and ("pre", line.pre_lineno) in marks
                )
                shown.append((line.kind.value + line.text.decode("utf-8", "replace"), marked))
    return shown


def _mail_lines(mails: Sequence[str]) -> list[tuple[str, bool]]:
    shown: list[tuple[str, bool]] = []
    for number, mail in enumerate(mails):
        if number:
            shown.append(("", False))
        text, marks = split_markers(mail.strip("\n"))
        shown += [(line, at in marks) for at, line in enumerate(text.split("\n"), 1)]
    return shown
