"""Git repositories as archives: public-inbox v1 and v2 (every epoch), and the commits of a history.

Everything is read through git plumbing from the object store. Nothing is checked out, no hook, filter or external
diff of the repository is run.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from linter.audit.model import Entry, Place
from linter.errors import InputError, UsageError
from linter.patch.gitrange import CONFIG, SHAPE
from linter.patch.mbox import MAX_MESSAGE
from linter.pattern import lazy

GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never")
# https://public-inbox.org/public-inbox-v2-format.html: `m` holds the message of a commit, `d` one that was taken back
V2_NAMES = (b"m", b"d")
_V1_PATH = lazy(rb"[0-9a-f]{2}/[0-9a-f]{38}(?:[0-9a-f]{24})?")
_HASH = lazy(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def git_environment() -> dict[str, str]:
    """The environment without what would lead git to another repository."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return {**clean, "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def run_git(repo: str, *arguments: str) -> bytes:
    """Output of a git command; raises InputError with what git said."""
    done = subprocess.run([*GIT, "-C", repo, *arguments], capture_output=True, env=git_environment(), check=False)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise InputError(f"git cannot read {repo}: {said[-1] if said else 'no reason given'}", "name a git repository")
    return done.stdout


@contextmanager
def git_lines(repo: str, *arguments: str) -> Iterator[Iterator[bytes]]:
    """Lines of a git command as they come; the command ends with the block."""
    command = [*GIT, "-C", repo, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=git_environment()
    ) as process:
        assert process.stdout is not None
        try:
            yield (line.rstrip(b"\n") for line in process.stdout)
        finally:
            process.stdout.close()
            process.terminate()


class BlobReader:
    """One `git cat-file --batch` that stays open."""

    def __init__(self, repo: str) -> None:
        self._process = subprocess.Popen(
            [*GIT, "-C", repo, "cat-file", "--batch"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=git_environment(),
        )  # fmt: skip

    def read(self, name: str) -> bytes:
        """The bytes of an object."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(name.encode() + b"\n")
        stdin.flush()
        head = stdout.readline().split()
        if len(head) != 3 or not head[2].isdigit():
            raise OSError(f"object {name} is not in the repository")
        data = stdout.read(int(head[2]))
        stdout.read(1)
        return data

    def close(self) -> None:
        """End the command."""
        _close(self._process)


class CommitReader:
    """One `git diff-tree --stdin` that stays open: an object id in, the commit with its diff out."""

    def __init__(self, repo: str) -> None:
        self._repo = repo
        settings = [word for setting in CONFIG for word in ("-c", setting)]
        self._process = subprocess.Popen(
            [*GIT, *settings, "-C", repo, "diff-tree", "--stdin", "--root", "-r", *SHAPE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=git_environment(),
        )  # fmt: skip

    def read(self, name: str) -> bytes:
        """The commit, as `linter.patch.gitrange.read_commit` takes it."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        # a line that is no object id comes back as it is, and git flushes what it wrote before
        end = b"end of %s %s\n" % (name.encode(), os.urandom(8).hex().encode())
        try:
            stdin.write(name.encode() + b"\n" + end)
            stdin.flush()
        except BrokenPipeError as error:
            raise OSError(f"git cannot read {self._repo}") from error
        lines: list[bytes] = []
        size = 0
        for line in stdout:
            if line == end:
                break
            lines.append(line)
            size += len(line)
            if size > MAX_MESSAGE:
                raise OSError(f"commit {name} is larger than {MAX_MESSAGE >> 20} MiB")
        else:
            raise OSError("git diff-tree ended")
        if not lines:
            raise OSError(f"git cannot show commit {name}")
        return b"".join(lines)

    def close(self) -> None:
        """End the command."""
        self._process.kill()
        _close(self._process)


def _close(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):  # what was still to be written to a process that has gone
                stream.close()
    process.wait()


class Inbox:
    """A public-inbox repository: a v1 inbox, or one epoch of a v2 inbox."""

    kind = "inbox"

    def __init__(self, path: str) -> None:
        self.path = path

    def identity(self) -> str:
        """The root commit: history behind it only grows."""
        return run_git(self.path, "rev-list", "--max-parents=0", "HEAD").decode().split()[-1]

    def entries(self, position: str) -> Iterator[Entry]:
        """Messages by commit, oldest first; the position is `commit k`: k messages of the commit are taken."""
        commit, _, taken = position.partition(" ")
        skip = int(taken or 0)
        revisions = [f"{commit}^!", f"{commit}..HEAD"] if commit else ["HEAD"]
        reader = BlobReader(self.path)
        try:
            for one in revisions:
                yield from self._walk(one, reader, commit, skip)
        finally:
            reader.close()

    def _walk(self, revision: str, reader: BlobReader, done: str, skip: int) -> Iterator[Entry]:
        shape = ("--reverse", "--raw", "--no-abbrev", "--no-renames", "--root", "--first-parent", "-m", "--format=%H")
        with git_lines(self.path, "log", *shape, revision, "--") as lines:
            commit, count = "", 0
            for line in lines:
                if line.startswith(b":"):
                    entry = _entry_of(line, self.path, reader)
                    if entry is None:
                        continue
                    count += 1
                    if commit != done or count > skip:
                        place, raw, retracts = entry
                        yield Entry(place, raw, f"{commit} {count}", None, retracts)
                elif line:
                    commit, count = line.decode(), 0

    def size(self) -> int:
        """Unknown before the history is walked."""
        return 0


def _entry_of(line: bytes, repo: str, reader: BlobReader) -> tuple[Place, bytes, str] | None:
    """A `--raw` line as a message that came, or one that was taken back."""
    fields, _, path = line.partition(b"\t")
    parts = fields.split()
    old, new, status = parts[2].decode(), parts[3].decode(), parts[4]
    if path == b"d" and status != b"D":
        return Place("blob", repo, 0, 0, new), b"", new
    if path == b"m" and status != b"D":
        raw = reader.read(new)
        return Place("blob", repo, 0, len(raw), new), raw, ""
    if _V1_PATH.fullmatch(path):
        if status == b"D":
            return Place("blob", repo, 0, 0, old), b"", old
        raw = reader.read(new)
        return Place("blob", repo, 0, len(raw), new), raw, ""
    return None


class CommitRange:
    """The commits of a history, oldest first; merges are left out."""

    kind = "commits"

    def __init__(self, repo: str, revisions: str) -> None:
        self.repo = repo
        self.revisions = revisions
        self.path = f"{repo} {revisions}"
        if revisions.startswith("-"):
            raise UsageError(f"`{revisions}` is no revision range", "write it like v6.1..v6.2")
        ends = run_git(repo, "rev-parse", "--revs-only", revisions).split()
        if not ends:
            raise UsageError(f"`{revisions}` is unknown in {repo}", "write it like v6.1..v6.2")
        self.ends = [end.decode() for end in ends]

    def identity(self) -> str:
        """The commits at which the range ends."""
        return " ".join(self.ends)

    def entries(self, position: str) -> Iterator[Entry]:
        """Commit ids behind the position."""
        waiting = bool(position)
        order = ("--reverse", "--topo-order", "--no-merges", *self.ends, "--")
        with git_lines(self.repo, "rev-list", *order) as lines:
            for line in lines:
                name = line.decode()
                if not waiting:
                    yield Entry(Place("commit", self.repo, 0, 0, name), b"", name)
                elif name == position:
                    waiting = False

    def size(self) -> int:
        """Unknown before the history is walked."""
        return 0


def find_inboxes(path: str) -> list[Inbox]:
    """The repositories of a public-inbox: one for v1, one for each epoch of v2, in their order."""
    epochs = sorted((int(p.stem), str(p)) for p in Path(path, "git").glob("*.git") if p.stem.isdigit())
    if epochs:
        return [Inbox(where) for _, where in epochs]
    if not (Path(path, "objects").is_dir() or Path(path, ".git").exists()):
        raise InputError(
            f"{path} is a directory of no known kind",
            "give a maildir (cur, new), a public-inbox, or a repository with --git-range",
        )
    names = run_git(path, "ls-tree", "--name-only", "HEAD").split(b"\n")[:-1]
    if names and all(name in V2_NAMES or re.fullmatch(rb"[0-9a-f]{2}", name) for name in names):
        return [Inbox(path)]
    raise InputError(
        f"{path} is a git repository, but no public-inbox", "name the commits to audit with --git-range A..B"
    )
