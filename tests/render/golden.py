"""Golden files: what a format printed, read once by eye. `HUNKLINT_ACCEPT=1 pytest tests/render` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

EXPECTED = Path(__file__).parents[2] / "fixtures" / "formats" / "expected"


def check_golden(name: str, actual: str) -> None:
    """Compare with the stored file; a missing file is a failure unless it is being accepted."""
    path = EXPECTED / name
    if os.environ.get("HUNKLINT_ACCEPT") == "1":
        path.write_bytes(actual.encode("utf-8"))
    assert path.is_file(), f"no golden file {name}; run with HUNKLINT_ACCEPT=1 and read it"
    assert actual == path.read_bytes().decode("utf-8")
