"""Configuration: the command line wins, then `.hunklint.toml`, `[tool.hunklint]` in `pyproject.toml`, git config."""

from __future__ import annotations

import difflib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from linter.errors import ConfigError
from linter.record import field, record

KEYS: Mapping[str, type] = {
    "rule": list,
    "disable": list,
    "preview": bool,
    "severity": str,
    "confidence": str,
    "fail-on": str,
    "format": str,
    "target": str,
    "profile": list,
    "rules": list,
    "baseline": str,
    "suppress": list,
    "tree": str,
    "git": str,
}
"""Every key that a configuration may have, and the type of its value."""


@record
class Config:
    """Values by key, and the file each came from."""

    values: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    folder: str = "."  # what relative paths in it are relative to

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or `default`."""
        return self.values.get(key, default)


def find_top(start: str) -> Path | None:
    """The nearest folder at or above `start` that holds `.git`."""
    here = Path(start).absolute()
    for folder in (here, *here.parents):
        if (folder / ".git").exists():
            return folder
    return None


def load_config(start: str = ".", explicit: str | None = None) -> Config:
    """The configuration in force in folder `start`. Raises ConfigError naming file, key and what was expected."""
    if explicit is not None:
        path = Path(explicit)
        return Config(*_checked(_toml(path), str(path)), str(path.parent))
    top = find_top(start)
    folders = [Path(start).absolute()]
    if top is not None and top != folders[0]:
        folders.append(top)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    folder = str(folders[-1])
    if top is not None:
        found, where = _checked(_git_config(top), "git config")
        values.update(found)
        sources.update(where)
    for place in reversed(folders):
        for name in ("pyproject.toml", ".hunklint.toml"):
            path = place / name
            if not path.is_file():
                continue
            data = _toml(path)
            if name == "pyproject.toml":
                data = data.get("tool", {}).get("hunklint", {}) if isinstance(data.get("tool", {}), dict) else {}
            found, where = _checked(data, str(path))
            values.update(found)
            sources.update(where)
            folder = str(place)
    return Config(values, sources, folder)


def _toml(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}", "name a file that is there") from error
    if path.name == "pyproject.toml" and b"tool.hunklint" not in raw:
        return {}
    import tomllib

    try:
        return tomllib.loads(raw.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}", "see https://toml.io") from error


def _checked(data: Mapping[str, Any], source: str) -> tuple[dict[str, Any], dict[str, str]]:
    for key, value in data.items():
        expected = KEYS.get(key)
        if expected is None:
            close = difflib.get_close_matches(key, KEYS, 1)
            raise ConfigError(
                f"{source}: unknown key `{key}`",
                f"did you mean `{close[0]}`?" if close else f"keys are {', '.join(sorted(KEYS))}",
            )
        if not isinstance(value, expected):
            raise ConfigError(f"{source}: `{key}` is a {type(value).__name__}", f"it must be a {expected.__name__}")
    return dict(data), dict.fromkeys(data, source)


def _git_config(top: Path) -> dict[str, Any]:
    """`hunklint.*` of git's configuration; git is only asked where one of its usual files has the word in it."""
    home = Path.home()
    base = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    git = top / ".git"
    places = [git / "config", home / ".gitconfig", base / "git" / "config"]
    if git.is_file():
        places.append(git)  # a linked work tree: its configuration lies elsewhere
    if not any(_mentions(path) for path in places):
        return {}
    run = subprocess.run(
        ["git", "-C", str(top), "config", "--null", "--get-regexp", r"^hunklint\."],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    values: dict[str, Any] = {}
    for entry in run.stdout.decode("utf-8", "replace").split("\0"):
        name, _, value = entry.partition("\n")
        key = name.removeprefix("hunklint.").lower()
        if not key or key not in KEYS or key == "suppress":
            continue
        if KEYS[key] is list:
            values.setdefault(key, []).append(value)
        elif KEYS[key] is bool:
            values[key] = value.lower() in ("", "true", "yes", "on", "1")
        else:
            values[key] = value
    return values


def _mentions(path: Path) -> bool:
    try:
        return b"hunklint" in path.read_bytes() or path.name == ".git"
    except OSError:
        return False
