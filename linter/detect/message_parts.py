"""The parts of a mail line by line, and checks of the subject, the files and the transport."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from linter.detect.model import Context
from linter.patch.model import Change, DamageKind, Fate, FilePatch, Hunk, LineKind, Location, Patch
from linter.pattern import compiled, lazy
from linter.record import field, record

Check = Callable[[Patch, Context], Iterator["Problem"]]


@record
class Problem:
    """What a check found: the line of the mail, and texts for the rule's message."""

    patch_lineno: int
    texts: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    others: tuple[tuple[int, str], ...] = ()  # lines that belong to it, with words
    severity: str = ""
    confidence: str = ""


_SUBMITTED = lazy(r"(?i)patch|\b(?:rfc|rft|wip|resend|v\d+)\b")
_DISCUSSION = lazy(
    r"(?i)^\s*(?:re|aw|fwd?|was|antw|sv|vs|rif|odp)\b[^a-z]{0,3}[:\[]|^\s*(?:答复|回复|回覆|答覆|转发|轉寄)\s{0,3}[:\uff1a\[]"
    r"|\[[^]]{0,40}\b(?:pull|0+/\d+)\b[^]]{0,40}\]|^\s*\[?(?:git )?pull\b"
)


def is_discussion(patch: Patch) -> bool:
    """Whether a mail with a diff in it is an answer, a forward, a pull request or a cover letter, not a submission."""
    if patch.quoted or not patch.mail:
        return patch.quoted
    if _DISCUSSION.search(patch.subject):
        return True
    sent = patch.message_id is not None and any(name.lower() == "to" for name, _ in patch.headers)
    return sent and not _SUBMITTED.search(" ".join(patch.prefixes))


def place(patch_lineno: int) -> Location:
    """A line of the mail."""
    return Location(None, None, None, 1 if patch_lineno else None, patch_lineno, None, True)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").rstrip("\r")


MAX_LINE = 1000
"""Characters of a line that are looked at."""
_LAST: list[tuple[Patch, dict[str, list[tuple[int, str]]], dict[str, str]]] = []


def _kept(patch: Patch) -> tuple[Patch, dict[str, list[tuple[int, str]]], dict[str, str]]:
    """What was read of the patch asked about last."""
    if not _LAST or _LAST[0][0] is not patch:
        _LAST[:] = [(patch, {}, {})]
    return _LAST[0]


def message_lines(patch: Patch, section: str) -> list[tuple[int, str]]:
    """The lines of a part of the message, each with its line in the mail."""
    known = _kept(patch)[1]
    if section not in known:
        known[section] = list(_read_lines(patch, section))
    return known[section]


def message_text(patch: Patch, section: str) -> str:
    """The lines of a part of the message, overlong ones cut, as one text: what stands nowhere in it is soon told."""
    known = _kept(patch)[2]
    if section not in known:
        known[section] = "\n".join([line[:MAX_LINE] for _, line in message_lines(patch, section)])
    return known[section]


def _read_lines(patch: Patch, section: str) -> Iterator[tuple[int, str]]:
    if section in ("subject", "title"):
        yield subject_line(patch), patch.subject if section == "subject" else patch.title
    elif section == "headers":
        for name, value in patch.headers:
            yield header_line(patch, name), f"{name}: {value}"
    elif section == "trailers":
        for trailer in patch.trailers:
            yield trailer.patch_lineno, f"{trailer.token}: {trailer.value}"
    elif section == "notes":
        for number, line in enumerate(patch.notes.split(b"\n")):
            yield patch.notes_lineno + number, _text(line)
    else:
        trailers = {trailer.patch_lineno for trailer in patch.trailers} if section == "log" else set()
        for number, line in enumerate(patch.body.split(b"\n")):
            if patch.body_lineno + number not in trailers:
                yield patch.body_lineno + number, _text(line)


def header_line(patch: Patch, name: str, nth: int = 0) -> int:
    """The line of a header; 1 where it is not found."""
    wanted = name.lower().encode() + b":"
    start = 0
    for number, line in enumerate(patch.raw[:100_000].split(b"\n"), 1):
        if not line.strip() and number > 1:
            break
        if line[: len(wanted)].lower() == wanted:
            if start == nth:
                return number
            start += 1
    return 1


def subject_line(patch: Patch) -> int:
    """The line of the subject."""
    return header_line(patch, "Subject")


def last_line(patch: Patch) -> int:
    """The last line of the commit message that says something; the subject where none does."""
    lines = patch.body.split(b"\n")
    for number in range(len(lines) - 1, -1, -1):
        if lines[number].strip():
            return patch.body_lineno + number
    return subject_line(patch)


_FATES = {
    Fate.REFUSED: "`git am` would refuse this",
    Fate.SHORT: "`git am` would leave out {} line{} without a word",
    Fate.UNSURE: "`git am` would refuse this, or leave out {} line{}",
    Fate.WHOLE: "`git am` would take them as they are",
}
_OTHER_TEXT = (DamageKind.TABS, DamageKind.MARKUP)


def _damage(patch: Patch, context: Context) -> Iterator[Problem]:
    """One finding a patch, at the first bad line; not where git reads it all and the text is whole."""
    hurt = (damage for damage in patch.damage if damage.fate is not Fate.WHOLE or damage.kind in _OTHER_TEXT)
    worst = sorted(hurt, key=lambda damage: damage.patch_lineno)
    if not worst:
        return
    first = worst[0]
    kinds = "; ".join(dict.fromkeys(damage.kind.value for damage in worst))
    markup = any(damage.kind is DamageKind.MARKUP for damage in worst)
    fate = "mailing lists refuse it" if markup else _FATES[first.fate].format(first.left_out, "s"[: first.left_out - 1])
    texts = {"KIND": kinds, "FATE": fate, "COUNT": str(sum(damage.count for damage in worst)), "DETAIL": first.detail}
    others = tuple((damage.patch_lineno, damage.kind.value) for damage in worst[1:])
    yield Problem(first.patch_lineno, texts, first.kind.name, others)


def _empty(patch: Patch, context: Context) -> Iterator[Problem]:
    lines = [line for _, line in message_lines(patch, "log") if line.strip()]
    if not lines:
        yield Problem(subject_line(patch))


_LINKED = lazy(r"https?://|^\s*(?:[A-Z][\w-]+-by:|Link:|Fixes:|Cc:)|^[\s>#\[|+*/\"'`]|^\S+$")
_TABLE = lazy(
    r"\s{3,}\S|[|=]{2}|0x[0-9a-f]{6}|\b[0-9a-f]{12,40}\b|\.[ch]:\d|\w\+0x|[{};]\s*$|^\s*[\w./-]+:\s"
    r"|^\s*<\d> ?\[|\[ *\d+\.\d{3,}\]|^\s*Hardware name:|^\s*\d+ \| |\bkernel: |\b\d{4}:\d\d:\d\d\.\d\b"
    r"|^\s*[A-Z_]+=\S|^[$#] |^\S+@\S+[#$:]|^(?:make\b|\S+:\d+:|\S+\[\d+\]:|\w+ [\w.:-]+: )| -> .* -> |= -?\d+$"
    r"|^(?:Unable to handle|Modules linked|Call [Tt]race|Internal error|BUG:|Oops|general protection|kernel BUG)"
)
_PROSE = lazy(
    r"\b(?:the|an?|is|are|was|were|be|been|to|of|in|on|at|for|from|by|with|and|or|not?|but|if|when|this|that|these|it|its"
    r"|we|can|will|should|which|as|so|has|have|does|do|only|also|than|there|then|into|after|before|while|because)\b"
)
_SAID = 3  # words of a sentence


def _long_lines(patch: Patch, context: Context) -> Iterator[Problem]:
    """Prose well beyond 75 columns; not output, links, tables or trailers, which cannot be wrapped."""
    long = [
        (lineno, line)
        for lineno, line in message_lines(patch, "log")
        if len(line) > 80 and not _LINKED.search(line) and not _TABLE.search(line)
        if len(_PROSE.findall(line[:400])) >= _SAID
    ]
    if long:
        yield Problem(long[0][0], {"COUNT": str(len(long)), "LENGTH": str(len(long[0][1]))})


_REVERT = lazy(r"^\s*This reverts (?:commit|changes|patch)\b")
_STOCK = lazy(r"^\s*(?:\(?cherry picked from|commit [0-9a-f]{7,}|[0-9a-f]{7,40}\b|\(\"|[A-Z][\w-]+:\s|\[|#|Conflicts)")


def _bare_revert(patch: Patch, context: Context) -> Iterator[Problem]:
    lines = [(lineno, line) for lineno, line in message_lines(patch, "log") if line.strip()]
    at = next((lineno for lineno, line in lines if _REVERT.match(line)), None)
    if at is None:
        return
    text = " ".join(line for _, line in lines)
    text = re.sub(r"This reverts (?:commit|changes|patch)\s+\"?[0-9a-f]{6,40}\b[^.]{0,200}(?:\.|$)", "", text)
    if len(re.findall(r"[A-Za-z]{2,}", text)) < 4:
        yield Problem(at)


def _no_newline(patch: Patch, context: Context) -> Iterator[Problem]:
    """A file whose last line, written by the patch, has no newline."""
    marker = b"\\ No newline at end of file"
    if marker not in patch.raw:
        return
    lines = patch.raw.split(b"\n")
    for file in patch.files:
        if file.change is Change.DELETE or not file.hunks or file.post_mode == "120000":
            continue  # a symbolic link is no text
        shown = file.hunks[-1].lines
        last = next((line for line in reversed(shown) if line.kind is LineKind.ADDED), None)
        if last is None or last is not shown[-1] or not file.path or not file.path.endswith(_SOURCES):
            continue
        if last.patch_lineno < len(lines) and lines[last.patch_lineno].startswith(marker):
            yield Problem(last.patch_lineno, {"FILE": file.path}, file.path)


_SOURCES = (".c", ".h", ".S", ".dts", ".dtsi", ".rst", ".yaml", ".sh", ".py", ".rs", "Kconfig", "Makefile")


def _executable(patch: Patch, context: Context) -> Iterator[Problem]:
    """Source files that the patch makes executable; told once a patch."""
    sources = (".c", ".h", ".dts", ".dtsi", ".rst", ".S", ".txt", "Kconfig", "Makefile", "Kbuild")
    hurt = [
        file
        for file in patch.files
        if file.post_mode and file.post_mode.endswith("755") and file.pre_mode != file.post_mode
        if (file.path or "").endswith(sources)
    ]
    if hurt:
        path = hurt[0].path or ""
        more = f", and {len(hurt) - 1} more" if len(hurt) > 1 else ""
        yield Problem(hurt[0].patch_lineno, {"FILE": path, "MORE": more}, path)


def _mixed_uapi(patch: Patch, context: Context) -> Iterator[Problem]:
    """An interface in include/uapi together with much driver code."""
    uapi = [file for file in patch.files if (file.path or "").startswith("include/uapi/")]
    drivers = [file for file in patch.files if (file.path or "").startswith(("drivers/", "sound/", "net/", "fs/"))]
    if uapi and drivers and len(drivers) >= 2:
        texts = {"FILE": uapi[0].path or "", "COUNT": str(len(drivers))}
        yield Problem(uapi[0].patch_lineno, texts, uapi[0].path or "")


def _mixed_binding(patch: Patch, context: Context) -> Iterator[Problem]:
    """A devicetree binding in one patch with the driver or the device tree that uses it.

    What is removed or moved takes its users along, and a link that is corrected in all files is no change of a binding.
    """
    binding = [file for file in patch.files if _is_binding(file.path or "") and _says_something(file)]
    others = [file for file in patch.files if file not in binding and _is_code(file.path or "")]
    if binding and others:
        texts = {"FILE": binding[0].path or "", "OTHER": others[0].path or ""}
        yield Problem(binding[0].patch_lineno, texts, binding[0].path or "")


def _is_binding(path: str) -> bool:
    return path.startswith(("Documentation/devicetree/bindings/", "include/dt-bindings/"))


def _says_something(file: FilePatch) -> bool:
    """Whether a file stays where it is, and more than links in it changes."""
    if file.change in (Change.DELETE, Change.RENAME):
        return False
    written = [line.text for hunk in file.hunks for line in hunk.lines if line.kind is LineKind.ADDED]
    return not written or not all(_LINK.search(text) for text in written)


_LINK = lazy(rb"https?://|\b[\w.-]+/[\w./,-]+\.(?:txt|rst|yaml)\b")


def _is_code(path: str) -> bool:
    """A driver or a device tree of the kernel; that of U-Boot has its trees elsewhere."""
    return path.endswith((".c", ".dts", ".dtsi")) and not compiled(r"Documentation/|arch/\w+/dts/").match(path)


def _uapi_unannounced(patch: Patch, context: Context) -> Iterator[Problem]:
    """New lines in include/uapi/linux, and linux-api is not among the recipients."""
    to = " ".join(value for name, value in patch.headers if name.lower() in ("to", "cc")).lower()
    if not patch.mail or not to or "linux-api@" in to:
        return
    for file in patch.files:
        path = file.path or ""
        if path.startswith(("include/uapi/linux/", "include/uapi/asm-generic/")) and _adds(file.hunks):
            yield Problem(header_line(patch, "To"), {"FILE": path})
            return


def _adds(hunks: Sequence[Hunk]) -> bool:
    return any(line.kind is LineKind.ADDED and line.text.strip() for hunk in hunks for line in hunk.lines)


PARTS: Mapping[str, Check] = {
    "damage": _damage,
    "log-empty": _empty,
    "log-long-line": _long_lines,
    "bare-revert": _bare_revert,
    "no-newline": _no_newline,
    "executable": _executable,
    "uapi-and-driver": _mixed_uapi,
    "binding-and-driver": _mixed_binding,
    "uapi-unannounced": _uapi_unannounced,
}

__all__ = ["PARTS", "Check", "Problem", "message_lines", "place"]
