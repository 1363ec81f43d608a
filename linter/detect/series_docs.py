"""Checks of what has to come with code, in the same patch or series: documentation, a maintainer, a binding.

They speak of whole series only: what is missing may stand in a patch that did not come.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from linter.detect.message_parts import is_discussion
from linter.detect.model import Context
from linter.detect.series_order import Check, Found, line_place
from linter.patch.model import Change, FilePatch, Line, LineKind, Patch, Series
from linter.pattern import lazy

_ATTRIBUTE = lazy(
    rb"^(?:static\s+)?(?:const\s+)?(?:struct\s+\w+\s+\w+\s*=\s*)?"
    rb"(?:(?:IIO_|CLASS_|BUS_|DRIVER_)?DEVICE_ATTR(?:_RW|_RO|_WO|_ADMIN_R[WO])?|(?:CLASS|BUS|DRIVER)_ATTR_(?:RW|RO|WO))"
    rb"\(\s*(\w+)"
)
_AUTHOR = lazy(rb"^MODULE_AUTHOR\s*\(")
_COMPATIBLE = lazy(rb'\.compatible\s*=\s*"([\w.+-]+,[\w.+-]+)"')


def _is_whole(series: Series, *words: bytes) -> bool:
    """Whether some patch has one of these words, and every patch of the series is there, as it was sent."""
    patches = series.patches
    if not any(word in patch.raw for patch in patches for word in words):
        return False
    if any(patch.quoted or is_discussion(patch) for patch in patches):
        return False
    total = patches[0].total
    return len(patches) == (total or 1)


def _paths(series: Series) -> list[str]:
    return [file.path or "" for patch in series.patches for file in patch.files]


def _matches(
    patch: Patch, pattern: re.Pattern[bytes], new: bool = False
) -> Iterator[tuple[FilePatch, Line, re.Match[bytes]]]:
    """Added lines of C files that look like this."""
    for file in patch.files:
        if not (file.path or "").endswith(".c") or (new and file.change is not Change.ADD):
            continue
        for hunk in file.hunks:
            for line in hunk.lines:
                if line.kind is LineKind.ADDED and (match := pattern.search(line.text[:400])) is not None:
                    yield file, line, match


def _attributes(series: Series, context: Context) -> Iterator[Found]:
    """Attributes in sysfs that nothing in the series documents; told once a patch."""
    if not _is_whole(series, b"DEVICE_ATTR", b"CLASS_ATTR", b"BUS_ATTR", b"DRIVER_ATTR"):
        return
    if any(path.startswith("Documentation/") and "/bindings/" not in path for path in _paths(series)):
        return
    for index, patch in enumerate(series.patches):
        if b"_ATTR" not in patch.raw:
            continue
        removed = [_ATTRIBUTE.search(line.text[:400]) for file in patch.files for hunk in file.hunks
                   for line in hunk.lines if line.kind is LineKind.REMOVED]  # fmt: skip
        old = {match[1] for match in removed if match is not None}  # perhaps with another mode
        fresh = [(file, line, match) for file, line, match in _matches(patch, _ATTRIBUTE)
                 if match[1] not in old and not _is_common(file.path or "", match[1])]  # fmt: skip
        if not fresh:
            continue
        file, line, match = fresh[0]
        name = match[1].decode()
        more = f" and {len(fresh) - 1} more" if len(fresh) > 1 else ""
        yield Found(index, line_place(file, line), {"NAME": name, "MORE": more}, name)


def _is_common(path: str, name: bytes) -> bool:
    """Attributes that are documented for a whole class of devices, or are no interface."""
    return (
        name.endswith(b"_available")
        or path.startswith(("drivers/hwmon/", "tools/", "samples/", "lib/"))
        or "selftests" in path
    )


def _unmaintained(series: Series, context: Context) -> Iterator[Found]:
    """A new driver with an author, and MAINTAINERS stays as it is; told once a series."""
    if not _is_whole(series, b"MODULE_AUTHOR") or any(path == "MAINTAINERS" for path in _paths(series)):
        return
    for index, patch in enumerate(series.patches):
        for file, line, _ in _matches(patch, _AUTHOR, new=True):
            if (file.path or "").startswith(("drivers/", "sound/", "fs/", "net/")):
                yield Found(index, line_place(file, line), {"FILE": file.path or ""}, file.path or "")
                return


def _unbound(series: Series, context: Context) -> Iterator[Found]:
    """A compatible string of a new driver that no binding in the series names; once a patch.

    An old driver may match what was described long ago, a later version come without what was taken already, and what
    was not sent be one commit of many.
    """
    if not _is_whole(series, b".compatible") or not all(map(_is_first, series.patches)):
        return
    if any(b"binding" in patch.body.lower() or b"binding" in patch.notes.lower() for patch in series.patches):
        return
    bound: set[bytes] = set()
    for patch in series.patches:
        for file in patch.files:
            path = file.path or ""
            for hunk in file.hunks:
                for line in hunk.lines:
                    if path.startswith("Documentation/devicetree/") or line.kind is not LineKind.ADDED:
                        bound.update(_STRING.findall(line.text))
    for index, patch in enumerate(series.patches):
        for file, line, match in _matches(patch, _COMPATIBLE, new=True):
            if match[1] not in bound:
                name = match[1].decode()
                yield Found(index, line_place(file, line), {"NAME": name}, name)
                break


def _is_first(patch: Patch) -> bool:
    """Whether the patch came by mail, and says of no version before it."""
    return (
        patch.version == 1 and patch.message_id is not None and any(name.lower() == "to" for name, _ in patch.headers)
    )


_STRING = lazy(rb"[\w.+-]+,[\w.+-]+")

DOCS: Mapping[str, Check] = {
    "attribute-undocumented": _attributes,
    "driver-unmaintained": _unmaintained,
    "compatible-unbound": _unbound,
}
