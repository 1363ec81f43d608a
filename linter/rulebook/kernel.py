"""Kernel releases: what `6.12` means, and which release was the newest on a given day."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from linter.errors import UsageError
from linter.pattern import lazy
from linter.rulebook.model import KernelRange, KernelVersion, Tables

_VERSION = lazy(r"v?(\d{1,2})(?:\.(\d{1,4}))?(?:\.(\d{1,4}))?(?:\.y)?(?:[-~+ ].*)?\Z")
_DATE = lazy(r"(\d{4})-(\d\d)-(\d\d)")


class VersionError(UsageError, ValueError):
    """A text that names no kernel release; a usage error where a person typed it."""


@functools.lru_cache(maxsize=512)
def parse_version(text: str | int) -> KernelVersion:
    """`6.12`, `v6.12-rc3`, `6.12.7` or `6` to (major, minor). A 2.6 release keeps its third number: 2.6.32 is (2, 632).

    Raises VersionError for anything else. NOTE: before 3.0 the third number was the release, so 2.6.x sorts as
    (2, 600 + x): below 3.0, above 2.5, and 2.6.9 below 2.6.10.
    """
    match = _VERSION.match(str(text).strip())
    if match is None:
        raise VersionError(f"`{text}` is no kernel release", "a release is written as 6.12 or v6.12-rc3")
    major, minor, third = (int(part) if part else 0 for part in match.groups())
    if major == 2:
        return (2, minor * 100 + third)
    return (major, minor)


def show_version(version: KernelVersion) -> str:
    """The name of a release: (6, 12) is `6.12`, (2, 632) is `2.6.32`."""
    major, minor = version
    if major == 2:
        return f"2.{minor // 100}.{minor % 100}"
    return f"{major}.{minor}"


def _days(text: str) -> int:
    """Days since 1970-01-01 of an ISO date (proleptic Gregorian calendar)."""
    match = _DATE.match(text)
    if match is None:
        raise ValueError(f"`{text}` is no date")
    year, month, day = (int(part) for part in match.groups())
    # https://howardhinnant.github.io/date_algorithms.html#days_from_civil
    year -= month <= 2
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def timestamp(date: str) -> float:
    """Seconds since the epoch of an ISO date, at midnight UTC."""
    return _days(date) * 86400.0


def _releases(tables: Tables) -> list[tuple[int, KernelVersion]]:
    rows: Mapping[str, Any] = tables["kernels"]["releases"]
    return sorted((_days(date), parse_version(name)) for name, date in rows.items())


def kernel_at(date: float | None, tables: Tables) -> KernelVersion | None:
    """The newest release on the day of `date` (seconds since the epoch): what the author could build on.

    A patch sent while 6.12 was developed was written for a tree at least as new as 6.11, so (6, 11). None where the
    date is unknown or lies before the table.
    """
    if date is None:
        return None
    releases = tables.derived("kernel.releases", _releases)
    day = int(date // 86400)
    newest = None
    for released, version in releases:
        if released > day:
            break
        newest = version
    return newest


def holds(kernel: KernelRange | None, target: KernelVersion | None) -> bool:
    """Whether a rule bound to `kernel` releases speaks about a patch for `target`; not where the target is unknown."""
    if kernel is None or (kernel.since is None and kernel.removed is None):
        return True
    if target is None:
        return False
    return (kernel.since is None or target >= kernel.since) and (kernel.removed is None or target < kernel.removed)
