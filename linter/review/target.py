"""The kernel that a patch was written for: as asked, else by base commit or tree, else by the mail's date."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from linter.patch.model import Patch
from linter.pattern import lazy
from linter.review.settings import Settings
from linter.rulebook.kernel import kernel_at
from linter.rulebook.model import KernelVersion, Rulebook

if TYPE_CHECKING:
    from linter.patch.repo import GitRepository

_MAKEFILE = lazy(rb"^VERSION = (\d+)\nPATCHLEVEL = (\d+)\n", re.M)
_IN_SUBJECT = lazy(r"^v?(\d+)\.(\d+)(?:\.\d+|\.y)?$")


def makefile_version(text: bytes) -> KernelVersion | None:
    """The release that a kernel's top Makefile names."""
    match = _MAKEFILE.search(text)
    return (int(match[1]), int(match[2])) if match else None


def target_kernel(
    patch: Patch, settings: Settings, rulebook: Rulebook, repo: GitRepository | None = None
) -> KernelVersion | None:
    """The target kernel, None where nothing tells.

    A stable backport names its release in the subject's prefix (`[PATCH 5.10 …]`).
    """
    if settings.target is not None:
        return settings.target
    if repo is not None:
        for revision in (patch.base_commit, f"{patch.commit}~" if patch.commit else None):
            text = repo.file(revision, "Makefile") if revision else None
            found = makefile_version(text) if text else None
            if found:
                return found
    for prefix in patch.prefixes:
        match = _IN_SUBJECT.match(prefix)
        if match:
            return (int(match[1]), int(match[2]))
    return kernel_at(patch.date, rulebook.tables)
