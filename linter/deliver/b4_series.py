"""The series that b4 has under review, as commits: b4 hands its series check one message and says where the rest is.

https://b4.docs.kernel.org: `B4_TRACKING_FILE` names a JSON file, the commits lie on the branch `b4/review/<change-id>`,
whose last commit holds b4's own notes. Parts of the file come from mails: nothing of it is used unchecked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from linter.pattern import lazy

_COMMIT = lazy(r"[0-9a-f]{7,64}")
_CHANGE = lazy(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")


def series_range(environment: Mapping[str, str]) -> str | None:
    """The commits of the series as a range for git; None for a series that b4 does not have on a branch."""
    name = environment.get("B4_TRACKING_FILE", "")
    if not name:
        return None
    try:
        series = json.loads(Path(name).read_bytes())["series"]
        change, first, base = (str(series.get(key) or "") for key in ("change-id", "first-patch-commit", "base-commit"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    start = f"{first}~1" if _COMMIT.fullmatch(first) else base if _COMMIT.fullmatch(base) else ""
    if not start or not _CHANGE.fullmatch(change) or ".." in change:
        return None
    return f"{start}..refs/heads/b4/review/{change}~1"
