"""What a patch takes away: a release in front of an exit, a jump to the cleanup. Read from the lines of its hunks.

A fragment rarely shows acquisition, release and exit together, but a removed release shows that there was something to
release, and the lines around it show whether anything else does so now.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.detect.typestate_explained import explains_removal, explains_return
from linter.detect.typestate_gone import is_reordered, is_report, is_trivial, label_goes, undoes
from linter.detect.typestate_instead import branch_went, goes_on, other_test
from linter.detect.typestate_tables import Knowledge
from linter.patch.model import FilePatch, Hunk, Line, LineKind, Patch
from linter.pattern import lazy
from linter.record import record

_CALL = lazy(rb"^\s*([a-z_]\w*)\((.*)\);\s*$")
_OPEN_CALL = lazy(rb"^\s*[a-z_]\w*\([^;{}]*$")
_RETURN = lazy(
    rb"^\s*return\s+(?:-E[A-Z]+|ERR_PTR\(.*|ERR_CAST\(.*|PTR_ERR\w*\(.*|NULL|false|(?:r|rc|rv|ret|err|error|retval|result|"
    rb"status|rval|res)\w{0,3}|dev_err_probe\(.*)\s*;?\s*$"
)
_GOTO = lazy(rb"^\s*goto\s+(\w+)\s*;\s*$")
_CLEAR = lazy(rb"^\s*([A-Za-z_][\w>.-]*(?:->|\.)\w+(?:\[\w+\])?)\s*=\s*NULL;\s*$")
_LEAVE = lazy(rb"^\s*(?:goto\s+\w+|continue|return)\s*;\s*$")
_TAIL = lazy(rb"^\s*return\s+[a-z_]\w*\(.*")
_BRANCH = lazy(rb"^\s*(?:\}?\s*else\s+)?if \(.*\{\s*$")
_LABEL = lazy(rb"^\s{0,1}([A-Za-z_]\w*):\s*$")
_PASSED = lazy(
    rb"^\s*(?:[A-Za-z_][\w.>-]*\(.*|[^=;]*=[^=].*;|[{}]+|\}?\s*else\b.*|if \(.*|/?\*.*|//.*|\"[^;]*"
    rb"|[\w&*>.,\s()-]*\)+;|)\s*$"
)
_MANAGED = lazy(rb"\b(?:devm_|drmm_|pcim_|__free\(|guard\(|scoped_guard|CLASS\(|no_free_ptr|return_ptr)")
_REACH = 10
"""Lines behind a removed release within which the exit must come."""
_MOST = 4
"""A patch that removes more releases than this rewrites something: nothing is said about it."""

_MOST_ADDED, _MOST_REMOVED = 3, 8
"""Lines of a file that a patch may write and take away for a release to be told missing."""


@record(eq=False)
class Dropped:
    """A release or a jump that the patch takes away."""

    kind: str  # "release", "unlock", "goto" or "null"
    removed: Line
    exit: Line
    name: str  # of the release, or of the label
    handle: str  # its argument as written


def dropped(file: FilePatch, known: Knowledge, patch: Patch | None = None) -> Iterator[Dropped]:
    """What the hunks of a file take away from its error paths."""
    removed = _lines(file, LineKind.REMOVED)
    if not removed:
        return
    items = _dropped(file, known, patch, removed, _lines(file, LineKind.ADDED))
    first = next(items, None)  # hardly any patch takes something away: what excuses it is asked last
    if first is not None and not _MANAGED.search(b"\n".join(_changed(file, patch, LineKind.ADDED))):
        yield first
        yield from items


def _changed(file: FilePatch, patch: Patch | None, kind: LineKind) -> list[bytes]:
    """The added or removed lines of a file, then those of the other files of its patch."""
    files = [file, *(other for other in (patch.files if patch else ()) if other is not file)]
    return [text for each in files for text in _lines(each, kind)]


def _dropped(
    file: FilePatch, known: Knowledge, patch: Patch | None, removed: list[bytes], added: list[bytes]
) -> Iterator[Dropped]:
    found = [item for hunk in file.hunks for item in _releases(file.hunks, hunk, known)]
    if 0 < len({item.removed.text for item in found}) <= _MOST and not _is_rework(removed, added):
        anywhere, gone = _changed(file, patch, LineKind.ADDED), _changed(file, patch, LineKind.REMOVED)[len(removed) :]
        for item in found:
            written = re.compile(rb"\b" + re.escape(item.name.encode()) + rb"\b").search
            if any(map(written, anywhere)) or explains_removal(patch, item.name):
                continue
            if any(undoes(text, item.name, known) for text in gone):
                continue
            if not _moved(item, removed, added, known):
                yield item
    for hunk in file.hunks:
        yield from _nulls(hunk, removed, added, known)
    if not found:
        for item in (item for hunk in file.hunks for item in _gotos(hunk, removed, added, known)):
            if explains_return(patch) or is_reordered(removed, added, known):
                return
            yield item


def _lines(file: FilePatch, kind: LineKind) -> list[bytes]:
    return [line.text for hunk in file.hunks for line in hunk.lines if line.kind is kind]


def _is_rework(removed: list[bytes], added: list[bytes]) -> bool:
    """Whether a file is written anew around the release: what took its place may stand anywhere in the new lines."""
    if sum(1 for text in added if text.strip()) > _MOST_ADDED or len(removed) > _MOST_REMOVED:
        return True
    return any(_CALL.match(text) for text in added)


def _releases(hunks: tuple[Hunk, ...], hunk: Hunk, known: Knowledge) -> Iterator[Dropped]:
    lines = hunk.lines
    for index, line in enumerate(lines):
        if line.kind is not LineKind.REMOVED:
            continue
        text = line.text
        if _OPEN_CALL.match(text) and not text.rstrip().endswith(b";"):
            text = _joined(lines, index)
        call = _CALL.match(text)
        if call is None:
            continue
        name = call[1].decode("latin-1")
        if not is_release(name, known) or label_goes(hunks, hunk, index):
            continue
        kind = "unlock" if any(family.lock for family in known.release.get(name, ())) else "release"
        exit = _exit_behind(lines, index, kind)
        if exit is not None:
            yield Dropped(kind, line, exit, name, call[2].decode("utf-8", "replace").strip())


def _nulls(hunk: Hunk, removed: list[bytes], added: list[bytes], known: Knowledge) -> Iterator[Dropped]:
    """A removed `x = NULL` right behind the call that frees x."""
    lines = hunk.lines
    for index, line in enumerate(lines):
        cleared = _CLEAR.match(line.text) if line.kind is LineKind.REMOVED else None
        if cleared is None or any(cleared[1] in text for text in added) or other_test(cleared[1], removed, added):
            continue
        for earlier in reversed(lines[max(0, index - 3) : index]):
            call = _CALL.match(earlier.text)
            if call is None or earlier.kind is not LineKind.CONTEXT:
                continue
            name = call[1].decode("latin-1")
            arguments = [text.strip() for text in call[2].split(b",")]
            if cleared[1] in arguments and is_release(name, known) and not goes_on(lines, index, call[1], cleared[1]):
                yield Dropped("null", line, earlier, name, cleared[1].decode("utf-8", "replace"))
                break


def is_release(name: str, known: Knowledge) -> bool:
    if name in known.release:
        return True
    if name in known.borrow_calls or name in known.not_pairs or name in known.acquire or "wait" in known.words(name):
        return False
    return not _ENDS.isdisjoint(known.words(name))


_ENDS = frozenset({
    "free", "put", "release", "destroy", "unregister", "deregister", "cleanup", "exit", "fini", "uninit", "deinit",
    "disable", "unmap", "detach", "disconnect", "unprepare", "unref", "unlock", "remove", "del", "delete", "close",
    "stop", "kfree", "vfree", "kvfree", "iounmap", "unpin", "unreserve", "teardown",
})  # fmt: skip
"""Words of calls that end something."""


def _joined(lines: tuple[Line, ...], index: int) -> bytes:
    text = lines[index].text
    for line in lines[index + 1 : index + 4]:
        if line.kind is not LineKind.REMOVED:
            break
        text += b" " + line.text.strip()
        if text.endswith(b";"):
            break
    return text


def _exit_behind(lines: tuple[Line, ...], index: int, kind: str) -> Line | None:
    """The exit of the post-image that the path of a removed line runs into, with nothing but cleanup before it.

    Where the hunk ends first, the next line stands for the exit if a label or the head of a branch was seen before.
    """
    indent = _indent(lines[index].text)
    labelled = _in_cleanup(lines, index)
    steps, first = 0, None
    for at, line in enumerate(lines[index + 1 :], index + 1):
        text = line.text
        if line.kind is LineKind.REMOVED and first is None and branch_went(lines, index, at):
            return None
        if line.kind is LineKind.REMOVED or not text.strip():
            continue
        first = first or line
        steps += 1
        if steps > _REACH:
            return None
        if _RETURN.match(text) or _LEAVE.match(text) or (line.kind is LineKind.ADDED and _TAIL.match(text)):
            return line
        if kind == "unlock" and text.lstrip().startswith(b"return "):
            return line
        if _LABEL.match(text):
            indent, labelled = 8, True
            continue
        if text[:1] == b"}":
            return first if labelled else None
        if not _PASSED.match(text) or _indent(text) + 16 < indent:
            return None
    return first if labelled else None


def _in_cleanup(lines: tuple[Line, ...], index: int) -> bool:
    """Whether a label, or the head of a branch, stands right before a removed line with only calls between them."""
    for line in reversed(lines[max(0, index - 6) : index]):
        if line.kind is LineKind.ADDED or not line.text.strip():
            continue
        if _LABEL.match(line.text):
            return True
        if _BRANCH.match(line.text):
            return _indent(line.text) < _indent(lines[index].text)
        if not _CALL.match(line.text):
            return False
    return False


def _indent(text: bytes) -> int:
    expanded = text.expandtabs(8)
    return len(expanded) - len(expanded.lstrip())


def _moved(item: Dropped, removed: list[bytes], added: list[bytes], known: Knowledge) -> bool:
    """Whether the patch puts the release elsewhere, or takes the acquisition away as well."""
    if item.exit.kind is LineKind.ADDED and _GOTO.match(item.exit.text):
        return True  # the label that it goes to now does what was done here
    if _label_does(item, known):
        return True
    root = _root(item.handle)
    word = re.compile(rb"\b" + re.escape(root) + rb"\b") if root else None
    for text in added:
        call = _CALL.match(text)
        if call and word and word.search(call[2]) and known.is_teardown(call[1].decode("latin-1")):
            return True
    for text in removed:
        if undoes(text, item.name, known):
            return True
        names = b"|".join(re.escape(name) for name in {root, _base(item.handle)} if name)
        assigned = re.match(rb"^\s*[\w \t*]*\b(?:" + names + rb")\s*(?:=|;)", text) if names else None
        if assigned and text.strip() != item.removed.text.strip():
            return True
    return False


def _label_does(item: Dropped, known: Knowledge) -> bool:
    """Whether the label that the path goes on to is named for the very release."""
    jump = _GOTO.match(item.exit.text)
    if jump is None:
        return False
    words = set(known.words(jump[1].decode("latin-1")))
    verbs = _ENDS.intersection(known.words(item.name)) & words
    return bool(verbs) and any(word in words for word in known.words(_root(item.handle).decode("latin-1")))


def _base(handle: str) -> bytes:
    """The variable that a handle starts from."""
    found = re.match(r"[&*(\s]*([A-Za-z_]\w*)\b(?!\()", handle)
    return found[1].encode() if found else b""


def _root(handle: str) -> bytes:
    """The last name of a handle: the member that is released."""
    found = re.findall(r"[A-Za-z_]\w*", handle.split(",")[0])
    return found[-1].encode() if found else b""


def _gotos(hunk: Hunk, removed: list[bytes], added: list[bytes], known: Knowledge) -> Iterator[Dropped]:
    """A removed `goto label` with a `return` in its place, while the label stays."""
    lines = hunk.lines
    for index, line in enumerate(lines):
        jump = _GOTO.match(line.text) if line.kind is LineKind.REMOVED else None
        if jump is None or jump[1] in (b"again", b"retry", b"repeat", b"restart"):
            continue
        label = re.compile(rb"^\s{0,1}" + re.escape(jump[1]) + rb":")
        if any(label.match(text) for text in removed) or is_trivial(hunk, label):
            continue
        if any(jump[0].strip() == text.strip() for text in added) or is_report(lines, index):
            continue  # another path goes there now; or what the label does is to print what stood here
        for other in lines[index + 1 : index + 5]:
            if other.kind is LineKind.CONTEXT:
                break
            if other.kind is LineKind.REMOVED:
                continue
            if _RETURN.match(other.text):
                yield Dropped("goto", line, other, jump[1].decode("latin-1"), "")
                break
            call = _CALL.match(other.text)
            if call and known.is_teardown(call[1].decode("latin-1")):
                break
