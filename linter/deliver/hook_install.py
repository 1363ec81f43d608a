"""Puts hooks into the folder where git looks for them, and takes them away so that nothing of them stays.

A hook that is there already is renamed, run by ours, and renamed back; it is never edited.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from linter.deliver.git import git, line
from linter.deliver.hook_script import (
    BYPASS,
    EDITED,
    PASSED_ON,
    SUFFIX,
    Marking,
    hook_script,
    program,
    read_marking,
)
from linter.errors import InputError, UsageError
from linter.record import record


@record
class Place:
    """A folder of hooks. `shared`: for every repository of this user, made by us and named in core.hooksPath."""

    folder: Path
    shared: bool = False
    note: str = ""


@record
class Hook:
    """What lies under one name."""

    name: str
    path: Path
    marking: Marking | None  # of ours
    other: bool  # a hook of somebody else lies there
    kept: bool  # a hook is kept aside


def find_place(*, everywhere: bool = False) -> Place:
    """The folder of the repository that the command runs in, or the one for every repository."""
    if everywhere:
        return _global_place()
    top = line(["rev-parse", "--show-toplevel"]) or line(["rev-parse", "--absolute-git-dir"])
    if top is None:
        raise UsageError("this is no git repository", "change to one, or use --global")
    # a relative core.hooksPath is relative to where hooks run: the top of the work tree
    named = line(["rev-parse", "--git-path", "hooks"], top)
    if named is None:
        raise UsageError("git does not say where its hooks are", "this needs git 2.5 or later")
    folder = Path(os.path.normpath(Path(top, named)))
    if folder == own_folder():
        # git looks at the folder for every repository, which hands on to the repository's own
        common = line(["rev-parse", "--git-common-dir"], top) or ".git"
        return Place(Path(os.path.normpath(Path(top, common, "hooks"))))
    return Place(folder, note=_note(folder, top))


def _note(folder: Path, top: str) -> str:
    git_dir = line(["rev-parse", "--path-format=absolute", "--git-common-dir"], top) or ""
    if git_dir and folder.is_relative_to(git_dir):
        return ""
    if folder.is_relative_to(top):
        return f"core.hooksPath points into the work tree ({folder}): git will show the hook as a changed file"
    return f"core.hooksPath is {folder}: repositories that share it share the hook"


def own_folder() -> Path:
    """The folder that `--global` makes."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".config") / "hunklint" / "hooks"  # noqa: PTH117


def _global_place() -> Place:
    named = line(["config", "--global", "--type=path", "core.hooksPath"])
    if named is None or Path(named) == own_folder():
        return Place(own_folder(), shared=True)
    if not os.path.isabs(named):  # noqa: PTH117
        raise UsageError(
            f"core.hooksPath is {named} for every repository, each has a folder of its own",
            "install the hook in one repository, without --global",
        )
    return Place(Path(named), note=f"core.hooksPath is {named} already; the hook goes there")


def look(place: Place, name: str) -> Hook:
    """What lies under a name, without touching it."""
    path = place.folder / name
    marking = None
    with contextlib.suppress(OSError):
        # several hooks may be links to one file: one that leads to ours is not ours
        marking = None if path.is_symlink() else read_marking(path.read_bytes())
    return Hook(name, path, marking, marking is None and os.path.lexists(path), os.path.lexists(_kept(path)))


def _kept(path: Path) -> Path:
    return path.with_name(path.name + SUFFIX)


def install(place: Place, names: Sequence[str], order: str = "first") -> list[Hook]:
    """Install hooks; either all of them or, where one cannot be, none. `order`: when an existing hook runs."""
    for name in names:
        hook = look(place, name)
        if hook.other and hook.kept:
            raise UsageError(
                f"there is a hook {hook.path}, and another one kept aside beside it",
                f"decide which one you want: one of them must not be called {hook.path.name}{SUFFIX}",
            )
    with _told(place.folder):
        folder = "found" if place.folder.is_dir() else "made"
        place.folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            _write(place, look(place, name), order, folder)
        if place.shared:
            for name in sorted({*PASSED_ON, *BYPASS} - {*names}):
                if not os.path.lexists(place.folder / name):
                    _put(place.folder / name, hook_script(Marking(name, "only", folder), (), shared=True))
    if place.shared and line(["config", "--global", "--type=path", "core.hooksPath"]) is None:
        _configure(["core.hooksPath", str(place.folder)])
    return [look(place, name) for name in names]


def _write(place: Place, hook: Hook, order: str, folder: str) -> None:
    """Write one hook, with the one that was there kept aside."""
    if hook.marking is not None:
        folder = hook.marking.folder
    if hook.other:
        hook.path.rename(_kept(hook.path))
    _save_edited(hook)
    marking, linked = Marking(hook.name, order, folder), _kept(hook.path).is_symlink()
    try:
        _put(hook.path, hook_script(marking, program(), shared=place.shared, linked=linked))
    except OSError:
        if hook.other:
            _kept(hook.path).rename(hook.path)
        raise


def _put(path: Path, text: str) -> None:
    """Write an executable file in one step: git never runs half of a hook."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text)
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o777 & ~umask)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def uninstall(place: Place, names: Sequence[str]) -> list[Hook]:
    """Take hooks of ours away and put back what was there; returns those that were removed."""
    hooks = [hook for hook in (look(place, name) for name in names) if hook.marking and hook.marking.order != "only"]
    with _told(place.folder):
        for hook in hooks:
            _save_edited(hook)
            if hook.kept:
                _kept(hook.path).replace(hook.path)
            elif place.shared:
                _put(hook.path, hook_script(Marking(hook.name, "only", _folder_of(hook)), (), shared=True))
            else:
                hook.path.unlink()
        if place.shared and hooks:
            _leave(place)
        if any(_folder_of(hook) == "made" for hook in hooks):
            with contextlib.suppress(OSError):
                place.folder.rmdir()  # only if nothing else was put there
    return hooks


def _save_edited(hook: Hook) -> None:
    """Keep a copy of a hook of ours that somebody has written into: those lines are not ours to throw away."""
    if hook.marking is not None and hook.marking.edited:
        aside = hook.path.with_name(hook.path.name + EDITED)
        number = 1
        while os.path.lexists(aside):
            number += 1
            aside = hook.path.with_name(f"{hook.path.name}{EDITED}-{number}")
        aside.write_bytes(hook.path.read_bytes())
        aside.chmod(0o644)  # a copy to read, not to run


def _folder_of(hook: Hook) -> str:
    return hook.marking.folder if hook.marking else "found"


def _leave(place: Place) -> None:
    """Give the folder for every repository up when no hook of it checks anything any more."""
    markings = [look(place, name).marking for name in sorted({*PASSED_ON, *BYPASS})]
    if any(marking and marking.order != "only" for marking in markings):
        return
    if line(["config", "--global", "--type=path", "core.hooksPath"]) == str(place.folder):
        _configure(["--unset", "core.hooksPath"])
    for marking in markings:
        if marking is not None:
            (place.folder / marking.name).unlink()


def _configure(arguments: Sequence[str]) -> None:
    result = git(["config", "--global", *arguments])
    if result.returncode:
        said = result.stderr.decode("utf-8", "replace").strip()
        raise InputError(f"git config --global failed: {said}", "see whether your git configuration can be written")


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    """An error of the file system as a sentence."""
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        raise InputError(f"{where}: {error.strerror}", "see whether the folder of hooks can be written to") from error
