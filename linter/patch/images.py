"""The two sides of a file patch as images: whole where the file is known, else the lines that its hunks show.

A whole file comes from the patch itself (added and deleted files), from earlier patches of the same series, from a
git repository, or from a plain tree; the hunks must apply to it exactly, at the lines they name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from linter.patch.model import Change, FilePatch, Hunk, Image, Line, LineKind, Patch, Side

if TYPE_CHECKING:
    from linter.patch.repo import GitRepository, PlainTree

_HIDDEN = {Side.PRE: LineKind.ADDED, Side.POST: LineKind.REMOVED}


def split_lines(text: bytes) -> list[bytes]:
    """The lines of a file, without newlines; a missing final newline is not told apart."""
    lines = text.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return lines


def apply_hunks(pre: Sequence[bytes], hunks: Iterable[Hunk]) -> list[bytes] | None:
    """The post-image lines, or None where a hunk does not fit exactly at the line it names."""
    return _replay(pre, hunks, Side.PRE)


def revert_hunks(post: Sequence[bytes], hunks: Iterable[Hunk]) -> list[bytes] | None:
    """The pre-image lines, or None where a hunk does not fit exactly at the line it names."""
    return _replay(post, hunks, Side.POST)


def _replay(lines: Sequence[bytes], hunks: Iterable[Hunk], side: Side) -> list[bytes] | None:
    other = Side.POST if side is Side.PRE else Side.PRE
    out: list[bytes] = []
    at = 0
    for hunk in hunks:
        if not hunk.numbered or hunk.cut:
            return None
        shown = [line.text for line in _of_side(hunk, side)]
        start = _first_index(hunk, side)
        if start < at or list(lines[start : start + len(shown)]) != shown:
            return None
        out.extend(lines[at:start])
        if _first_index(hunk, other) != len(out):
            return None  # the header contradicts the hunks before it
        out.extend(line.text for line in _of_side(hunk, other))
        at = start + len(shown)
    out.extend(lines[at:])
    return out


def _of_side(hunk: Hunk, side: Side) -> Iterator[Line]:
    hidden = _HIDDEN[side]
    return (line for line in hunk.lines if line.kind is not hidden)


def _first_index(hunk: Hunk, side: Side) -> int:
    """Where a hunk starts, 0-based; an empty side names the line before it."""
    start = hunk.pre_start if side is Side.PRE else hunk.post_start
    empty = next(_of_side(hunk, side), None) is None
    return start if empty else max(start - 1, 0)


def whole_image(path: str | None, side: Side, lines: Sequence[bytes], hunks: Iterable[Hunk]) -> Image:
    """The image of a file that is known from end to end."""
    origin: list[Line | None] = [None] * len(lines)
    for hunk in hunks:
        start = _first_index(hunk, side)
        for offset, line in enumerate(_of_side(hunk, side)):
            origin[start + offset] = line
    text = b"\n".join(lines) + b"\n" if lines else b""
    return Image(path, side, text, tuple(origin), tuple(range(1, len(lines) + 1)), True)


def fragment_image(path: str | None, side: Side, hunks: Sequence[Hunk]) -> Image | None:
    """The lines that the hunks show of one side; hunks that touch are one chunk. None where they show nothing."""
    lines: list[Line] = []
    chunks: list[int] = []
    sections: list[bytes] = []
    next_index = -1
    for hunk in hunks:
        shown = list(_of_side(hunk, side))
        if not shown:
            continue
        start = _first_index(hunk, side)
        if not (hunk.numbered and start == next_index):
            chunks.append(len(lines))
            sections.append(hunk.section)
        lines.extend(shown)
        next_index = start + len(shown) if hunk.numbered and not hunk.cut else -1
    if not lines:
        return None
    linenos = tuple(line.pre_lineno if side is Side.PRE else line.post_lineno for line in lines)
    text = b"\n".join(line.text for line in lines) + b"\n"
    return Image(path, side, text, tuple(lines), linenos, False, tuple(chunks), tuple(sections))


class ImageStore:
    """Makes images, and remembers what the patches of one series did to each file."""

    def __init__(
        self, repo: str | GitRepository | None = None, tree: str | None = None, base: str | None = None
    ) -> None:
        self._git: GitRepository | None = repo if not isinstance(repo, str) else None
        self._tree: PlainTree | None = None
        if tree or isinstance(repo, str):
            from linter.patch.repo import GitRepository, PlainTree  # subprocess and hashlib cost start-up time

            self._git = GitRepository(repo) if isinstance(repo, str) else repo
            self._tree = PlainTree(tree) if tree else None
        self._base = base
        self._known: dict[str, list[bytes] | None] = {}  # path: lines after the patches so far; None: deleted
        self._made: dict[int, tuple[FilePatch, tuple[Image | None, Image | None]]] = {}

    @property
    def git(self) -> GitRepository | None:
        """The repository that whole files come from."""
        return self._git

    @property
    def repo(self) -> GitRepository | None:
        """The repository that whole files come from."""
        return self._git

    def new_series(self) -> None:
        """Forget the patches seen: the next one does not build on them."""
        self._known.clear()
        self._made.clear()

    def close(self) -> None:
        """End the helper process."""
        if self._git is not None:
            self._git.close()

    def images(self, file: FilePatch, patch: Patch) -> tuple[Image | None, Image | None]:
        """The pre- and the post-image of a file patch; None for a side that does not exist or shows nothing."""
        made = self._made.get(id(file))
        if made is None or made[0] is not file:
            made = self._made[id(file)] = (file, self._make(file, patch))
        return made[1]

    def _make(self, file: FilePatch, patch: Patch) -> tuple[Image | None, Image | None]:
        if file.binary:
            self._forget(file)
            return None, None
        pre = self._pre_lines(file, patch)
        post = None if pre is None else apply_hunks(pre, file.hunks)
        if pre is None or post is None:
            self._forget(file)
            return (
                None if file.change is Change.ADD else fragment_image(file.pre_path, Side.PRE, file.hunks),
                None if file.change is Change.DELETE else fragment_image(file.post_path, Side.POST, file.hunks),
            )
        self._remember(file, post)
        if not file.hunks:
            return None, None
        return (
            None if file.change is Change.ADD else whole_image(file.pre_path, Side.PRE, pre, file.hunks),
            None if file.change is Change.DELETE else whole_image(file.post_path, Side.POST, post, file.hunks),
        )

    def _remember(self, file: FilePatch, post: list[bytes]) -> None:
        if file.pre_path is not None and file.change in (Change.DELETE, Change.RENAME):
            self._known[file.pre_path] = None
        if file.post_path is not None and file.change is not Change.DELETE:
            self._known[file.post_path] = post

    def _forget(self, file: FilePatch) -> None:
        for path in (file.pre_path, file.post_path):
            if path is not None:
                self._known.pop(path, None)

    def _pre_lines(self, file: FilePatch, patch: Patch) -> list[bytes] | None:
        """The lines of the file before the patch, where they are known and the hunks fit."""
        if file.change is Change.ADD:
            return [] if _covers_whole_file(file.hunks, Side.PRE) else None
        if file.change is Change.DELETE and _covers_whole_file(file.hunks, Side.POST):
            return [line.text for hunk in file.hunks for line in _of_side(hunk, Side.PRE)]
        for lines in self._candidates(file, patch):
            if apply_hunks(lines, file.hunks) is not None:
                return lines
        return None

    def _candidates(self, file: FilePatch, patch: Patch) -> Iterator[list[bytes]]:
        """Texts that the file may have had, the surest first."""
        path = file.pre_path
        known = self._known.get(path) if path is not None else None
        if known is not None:
            yield known
        if self._git is not None:
            text = self._git.blob(file.pre_blob) if file.pre_blob else None
            if text is not None:
                yield split_lines(text)
            for revision in (self._base, f"{patch.commit}^" if patch.commit else None, patch.base_commit, "HEAD"):
                text = self._git.file(revision, path) if revision and path is not None else None
                if text is not None:
                    yield split_lines(text)
        if self._tree is not None and path is not None:
            text = self._tree.file(path)
            if text is not None:
                yield split_lines(text)


def _covers_whole_file(hunks: Sequence[Hunk], empty: Side) -> bool:
    """Do the hunks of an added or deleted file show all of it: one numbered hunk, the other side empty?"""
    if len(hunks) != 1:
        return False
    hunk = hunks[0]
    start = hunk.post_start if empty is Side.PRE else hunk.pre_start
    return hunk.numbered and not hunk.cut and start == 1 and next(_of_side(hunk, empty), None) is None
