"""A page in headless Chromium: what a script sees once the page is laid out, and pictures for a person to look at."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def look(page: str, script: str, folder: Path, *, width: int = 1100, height: int = 1600, dark: bool = False) -> Any:
    """The value of a script's expression on the page. Only for looking is the page's ban on scripts lifted."""
    open_page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    probe = f"<script>document.documentElement.dataset.seen = JSON.stringify({script})</script></body>"
    path = folder / "page.html"
    path.write_text(open_page.replace("</body>", probe), encoding="utf-8")
    dom = _run(path, folder, width, height, dark, "--dump-dom").decode()
    seen = re.search(r'data-seen="([^"]*)"', dom)
    assert seen, dom[:2000]
    return json.loads(html.unescape(seen[1]))


def picture(page: str, target: Path, folder: Path, *, width: int, height: int = 2400, dark: bool = False) -> None:
    """A screenshot of the page as it is."""
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    _run(path, folder, width, height, dark, f"--screenshot={target}")


def _run(path: Path, folder: Path, width: int, height: int, dark: bool, what: str) -> bytes:
    assert CHROMIUM is not None
    mode = ["--force-dark-mode"] if dark else []
    command = [
        CHROMIUM,
        *FLAGS,
        *mode,
        f"--user-data-dir={folder / 'profile'}",
        f"--window-size={width},{height}",
        what,
    ]
    return subprocess.run([*command, path.as_uri()], capture_output=True, check=True, timeout=120).stdout
