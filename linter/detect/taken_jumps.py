"""Cleanup that a patch takes away: labels whose jumps now leave at once, and releases that go alone."""

from __future__ import annotations

from collections.abc import Iterator

from linter.detect.model import Context
from linter.detect.taken_blocks import Block, blocks, code
from linter.detect.taken_model import Taken
from linter.detect.typestate_dropped import is_release
from linter.detect.typestate_explained import explains_return, is_explained
from linter.detect.typestate_tables import Knowledge, knowledge
from linter.patch.model import FilePatch, Line, LineKind, Patch
from linter.pattern import lazy

_LABEL = lazy(rb"^(\w+):$")
_GOTO = lazy(rb"^goto (\w+);$")
_LEAVES = lazy(rb"^(?:goto (\w+)|return\b[^;]*);$")
_CALL = lazy(rb"^([a-z_]\w*)\(([^;]*)\);$")
_TAIL = lazy(rb"^return ([a-z_]\w*\(.*)")
_STORED = lazy(rb"^\w+ = ([a-z_]\w*\(.*)")
_PLAIN = lazy(
    rb"^(?:return\b[^;()]*;|return (?:ERR_PTR|PTR_ERR|ERR_CAST|dev_err_probe)\(.*;"
    rb"|goto \w+;|if \(.*|\}|\} else.*|else.*|\{"
    rb"|\w+ = (?:-E[A-Z]+|0|NULL|PTR_ERR\(.*\)|ERR_CAST\(.*\));|(?:int|long) \w+(?: = 0)?;|\w+:|[\w>.-]+ = NULL;)$"
)
_WAY = lazy(rb"^(return|break)\b[^;]*;$")
_INTO = lazy(rb"^(?:(?!default)(\w+):|case [^;]*:.*|default:.*)$")
_LEFT = lazy(rb"^(?:return|goto|break|continue|case|default|if|else|\} else|while|for|fallthrough)\b|^\}|.*\bpanic\(")
_ELSEWHERE = lazy(rb"(?i)\bmanaged\b|\bdevm\b|must not be|not supposed to|is an error to")
_MOST_CHANGED = 30
"""Changed lines of a file up to which a label can be said to go alone."""


def labels(block: Block, file: FilePatch, context: Context) -> Iterator[Taken]:
    """`goto err_free;` becomes `return ret;`, `err_free:` goes, and what stood behind it goes or is passed by."""
    found = next((match for line in block.gone if (match := _LABEL.match(code(line)))), None)
    if found is None:
        return
    known = knowledge(context.tables)
    release = _behind(block, found[1], known)
    if release is None or not _only_jumps(file, known):
        return
    for other in blocks(file):
        for index, line in enumerate(other.gone):
            jump = _GOTO.match(code(line))
            if jump is None or jump[1] != found[1]:
                continue
            exit = _instead(other, line)
            if exit is None or _is_same(exit, block, release[0]):
                continue
            if _is_explained(context.patch):
                return
            yield Taken(other.gone[index], exit, {"NAME": found[1], "RELEASE": release[1]}, found[1])
            return


def _is_explained(patch: Patch | None) -> bool:
    """Whether the commit message says that something else cleans up, or that this must not."""
    if patch is None or is_explained(patch) or explains_return(patch):
        return patch is not None
    return _ELSEWHERE.search(patch.title.encode("utf-8", "replace") + b"\n" + patch.body) is not None


def _behind(block: Block, label: bytes, known: Knowledge) -> tuple[Line, bytes] | None:
    """The release that stood right behind a label, whether it goes with the label or stays."""
    lines = [line for line in block.hunk.lines if line.kind is not LineKind.ADDED and code(line)]
    start = next((n for n, line in enumerate(lines) if code(line) == label + b":"), None)
    if start is None:
        return None
    for line in lines[start + 1 : start + 4]:
        call = _CALL.match(code(line))
        if call is not None and is_release(call[1].decode(), known):
            return line, call[1]
        if not code(line).startswith(b"if ("):
            return None
    return None


def _only_jumps(file: FilePatch, known: Knowledge) -> bool:
    """Whether nothing but jumps, labels, releases and error codes changes in a file."""
    added, removed = _lines(file, LineKind.ADDED), _lines(file, LineKind.REMOVED)
    if len(added) + len(removed) > _MOST_CHANGED:
        return False
    tails = [found[1] for text in added if (found := _TAIL.match(text))]
    for text in added:
        if not _PLAIN.match(text) and not _TAIL.match(text):
            return False
    for text in removed:
        call = _CALL.match(text)
        stored = _STORED.match(text)
        if call is not None and is_release(call[1].decode(), known):
            continue
        if not _PLAIN.match(text) and not (stored is not None and stored[1] in tails):
            return False
    return True


def _lines(file: FilePatch, kind: LineKind) -> list[bytes]:
    return [code(line) for hunk in file.hunks for line in hunk.lines if line.kind is kind and code(line)]


def _instead(block: Block, jump: Line) -> Line | None:
    """The way out that a jump was replaced by: the first one that is added behind it."""
    lines = block.hunk.lines
    index = next(n for n, line in enumerate(lines) if line is jump)
    for line in lines[index + 1 :]:
        if line.kind is LineKind.CONTEXT and code(line):
            return None
        if line.kind is LineKind.ADDED and _LEAVES.match(code(line)):
            return line
    return None


def _is_same(exit: Line, block: Block, release: Line) -> bool:
    """Whether the new way out goes to a label in front of the release, or to one that is out of sight."""
    jump = _GOTO.match(code(exit))
    if jump is None:
        return False
    for line in block.hunk.lines:
        if code(line) == jump[1] + b":":
            if line.kind is LineKind.ADDED:
                return True  # the paths are given a label of their own
            return line.patch_lineno < release.patch_lineno and release.kind is not LineKind.REMOVED
    return release.kind is not LineKind.REMOVED


def ways_out(block: Block, file: FilePatch, context: Context) -> Iterator[Taken]:
    """A `return` in front of a label, or a `break` in front of a case, goes: the path falls into what follows."""
    if block.come or len(block.gone) != 1 or not block.behind or not block.before:
        return
    way, into = _WAY.match(code(block.gone[0])), _INTO.match(code(block.behind[0]))
    if way is None or into is None or (way[1] == b"break") != (into[1] is None):
        return
    if not _LEFT.match(code(block.before[-1])):
        yield Taken(block.gone[0], block.behind[0], {"NAME": way[0], "INTO": into[0]}, into[0])
