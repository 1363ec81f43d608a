"""Images from hunks, earlier patches, git and plain trees."""

from __future__ import annotations

import difflib
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.patch.images import ImageStore, apply_hunks, fragment_image, revert_hunks
from linter.patch.model import Change, FilePatch, Hunk, Line, LineKind, Patch, Side
from linter.patch.repo import GitRepository, PlainTree, blob_id, is_safe_path

PATCH = Patch(
    message_id=None,
    in_reply_to=None,
    references=(),
    subject="",
    title="",
    prefixes=(),
    author=None,
    sender=None,
    date=None,
    version=1,
    index=None,
    total=None,
    headers=(),
    body=b"",
    body_lineno=1,
    notes=b"",
    notes_lineno=1,
    trailers=(),
    files=(),
    raw=b"",
    source="-",
)


def hunks_of(pre: Sequence[bytes], post: Sequence[bytes], context: int = 3) -> tuple[Hunk, ...]:
    """The hunks that turn pre into post."""
    matcher = difflib.SequenceMatcher(None, pre, post, autojunk=False)
    hunks = []
    for group in matcher.get_grouped_opcodes(context):
        lines: list[Line] = []
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += [Line(LineKind.CONTEXT, pre[i1 + k], i1 + k + 1, j1 + k + 1, 1) for k in range(i2 - i1)]
            else:
                lines += [Line(LineKind.REMOVED, pre[k], k + 1, None, 1) for k in range(i1, i2)]
                lines += [Line(LineKind.ADDED, post[k], None, k + 1, 1) for k in range(j1, j2)]
        pre_count, post_count = group[-1][2] - group[0][1], group[-1][4] - group[0][3]
        pre_start = group[0][1] + (1 if pre_count else 0)
        post_start = group[0][3] + (1 if post_count else 0)
        hunks.append(Hunk(pre_start, pre_count, post_start, post_count, b"", tuple(lines), 1))
    return tuple(hunks)


def file_patch(pre: Sequence[bytes] | None, post: Sequence[bytes] | None, path: str = "a.c") -> FilePatch:
    change = Change.ADD if pre is None else Change.DELETE if post is None else Change.MODIFY
    return FilePatch(
        None if pre is None else path, None if post is None else path, change, hunks_of(pre or [], post or []), 1
    )


FILE = st.lists(st.sampled_from([b"a", b"b", b"", b"\tc;", b"\xff", b"d\r"]), max_size=30)


@given(FILE, FILE)
def test_hunks_apply_and_revert_byte_for_byte(pre: list[bytes], post: list[bytes]) -> None:
    hunks = hunks_of(pre, post)
    assert apply_hunks(pre, hunks) == post
    assert revert_hunks(post, hunks) == pre


@given(FILE, FILE, FILE)
def test_hunks_never_apply_to_a_text_without_their_lines(
    pre: list[bytes], post: list[bytes], other: list[bytes]
) -> None:
    hunks = hunks_of(pre, post, context=1000)
    if hunks and other[: len(pre)] != pre:
        assert apply_hunks(other, hunks) is None


@given(FILE, FILE)
def test_origin_leads_back_to_the_patch_line(pre: list[bytes], post: list[bytes]) -> None:
    image = fragment_image("a.c", Side.POST, hunks_of(pre, post))
    if image is not None:
        lines = list(image.lines())
        assert len(lines) == len(image.origin) == len(image.linenos)
        for text, line, lineno in zip(lines, image.origin, image.linenos, strict=True):
            assert line is not None and lineno is not None
            assert line.text == text == post[lineno - 1]


def numbered(count: int) -> list[bytes]:
    return [b"line %d" % k for k in range(count)]


def test_added_file_is_complete() -> None:
    pre, post = ImageStore().images(file_patch(None, numbered(4)), PATCH)
    assert pre is None
    assert post is not None and post.complete and post.linenos == (1, 2, 3, 4)
    assert all(line is not None and line.kind is LineKind.ADDED for line in post.origin)


def test_deleted_file_has_no_post_image() -> None:
    pre, post = ImageStore().images(file_patch(numbered(4), None), PATCH)
    assert post is None
    assert pre is not None and pre.complete and pre.text == b"line 0\nline 1\nline 2\nline 3\n"


def test_fragments_have_a_chunk_a_hunk() -> None:
    before = numbered(40)
    after = [*before[:5], b"new", *before[5:30], b"other", *before[31:]]
    pre, post = ImageStore().images(file_patch(before, after), PATCH)
    assert pre is not None and post is not None
    assert not post.complete and post.chunks == (0, 7) and post.linenos[:2] == (3, 4)
    assert len(pre.chunks) == 2 and len(pre.sections) == 2


def test_hunks_that_touch_are_one_chunk() -> None:
    first = Hunk(1, 1, 1, 2, b"x", (Line(LineKind.CONTEXT, b"a", 1, 1, 1), Line(LineKind.ADDED, b"b", None, 2, 2)), 1)
    second = Hunk(2, 1, 3, 1, b"y", (Line(LineKind.CONTEXT, b"c", 2, 3, 4),), 3)
    image = fragment_image("a.c", Side.POST, (first, second))
    assert image is not None and image.chunks == (0,) and image.sections == (b"x",)


def test_a_series_builds_patch_upon_patch() -> None:
    store = ImageStore()
    one, two = numbered(30), [*numbered(15), b"more", *numbered(30)[15:]]
    store.images(file_patch(None, one), PATCH)
    change = file_patch(one, two)
    pre, post = store.images(change, PATCH)
    assert pre is not None and pre.complete and post is not None and post.complete
    assert post.text == b"\n".join(two) + b"\n"
    assert sum(line is not None for line in post.origin) == 7
    assert store.images(change, PATCH) == (pre, post), "asking twice changes nothing"
    store.new_series()
    pre, post = store.images(file_patch(two, one), PATCH)
    assert pre is not None and not pre.complete and post is not None and not post.complete


def test_headers_that_contradict_each_other_do_not_apply() -> None:
    before = numbered(30)
    first, second = hunks_of(before, [*before[:4], b"x", *before[4:20], b"y", *before[20:]])
    moved = Hunk(second.pre_start, 6, second.post_start + 1, 7, b"", second.lines, 1)
    assert apply_hunks(before, (first, second)) is not None
    assert apply_hunks(before, (first, moved)) is None


def test_what_does_not_apply_is_a_fragment() -> None:
    store = ImageStore()
    store.images(file_patch(None, numbered(30)), PATCH)
    other = [b"x%d" % k for k in range(30)]
    _, post = store.images(file_patch(other, [*other[:9], b"y", *other[9:]]), PATCH)
    assert post is not None and not post.complete


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.c").write_bytes(b"\n".join(numbered(40)) + b"\n")
    git(tmp_path, "add", "a.c")
    git(tmp_path, "commit", "-qm", "one")
    (tmp_path / "a.c").write_bytes(b"gone\n")
    git(tmp_path, "commit", "-qam", "two")
    return tmp_path


def test_pre_image_by_blob_id(repository: Path) -> None:
    before = numbered(40)
    change = file_patch(before, [*before[:20], b"new", *before[20:]])
    blob = blob_id(b"\n".join(before) + b"\n")
    store = ImageStore(repo=str(repository))
    with_blob = FilePatch(change.pre_path, change.post_path, change.change, change.hunks, 1, pre_blob=blob[:12])
    _, post = store.images(with_blob, PATCH)
    assert post is not None and post.complete and post.text.count(b"\n") == 41
    store.new_series()
    assert not store.images(change, PATCH)[1].complete  # type: ignore[union-attr]
    store.close()
    store = ImageStore(repo=str(repository), base="HEAD~1")
    assert store.images(change, PATCH)[1].complete  # type: ignore[union-attr]
    store.close()


def test_repository_answers_after_unknown_objects(repository: Path) -> None:
    with GitRepository(str(repository)) as repo:
        assert repo.blob("123456789abc") is None
        assert repo.file("HEAD", "no.c") is None
        assert repo.file("HEAD", "a.c") == b"gone\n"
        assert repo.blob(git(repository, "rev-parse", "HEAD")) is None, "a commit is no file"
        assert repo.file("HEAD", "a.c") == b"gone\n"
    with GitRepository(str(repository / "nowhere")) as repo:
        assert repo.file("HEAD", "a.c") is None


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "", "a//b", "a\nb", ".git/config", "-x", "a/./b"])
def test_unsafe_paths(path: str, tmp_path: Path) -> None:
    assert not is_safe_path(path)
    assert PlainTree(str(tmp_path)).file(path) is None


def test_links_out_of_the_tree_are_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    (tmp_path / "secret.c").write_bytes(b"secret\n")
    (root / "link.c").symlink_to(tmp_path / "secret.c")
    (root / "in.c").write_bytes(b"in\n")
    (root / "inner.c").symlink_to(root / "in.c")
    tree = PlainTree(str(root))
    assert tree.file("link.c") is None
    assert tree.file("in.c") == tree.file("inner.c") == b"in\n"


def test_image_from_a_plain_tree(tmp_path: Path) -> None:
    before = numbered(40)
    (tmp_path / "a.c").write_bytes(b"\n".join(before))
    change = file_patch(before, [*before[:20], b"new", *before[20:]])
    _, post = ImageStore(tree=str(tmp_path)).images(change, PATCH)
    assert post is not None and post.complete and post.linenos == tuple(range(1, 42))
