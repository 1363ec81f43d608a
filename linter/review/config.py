"""Configuration: the command line wins, then `.hunklint.toml`, `[tool.hunklint]` in `pyproject.toml`, git config."""

# NOTE: os.path instead of pathlib: most runs find no configuration, and pathlib costs milliseconds.

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from linter.errors import ConfigError
from linter.record import field, record

if TYPE_CHECKING:
    from pathlib import Path

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
    top = _top(start)
    if top is None:
        return None
    from pathlib import Path

    return Path(top)


def _top(start: str) -> str | None:
    folder = os.path.abspath(start)
    while True:
        if os.path.exists(os.path.join(folder, ".git")):
            return folder
        folder, here = os.path.dirname(folder), folder
        if folder == here:
            return None


def load_config(start: str = ".", explicit: str | None = None) -> Config:
    """The configuration in force in folder `start`. Raises ConfigError naming file, key and what was expected."""
    if explicit is not None:
        return Config(*_checked(_toml(explicit), explicit), os.path.dirname(explicit) or ".")
    top = _top(start)
    folders = [os.path.abspath(start)]
    if top is not None and top != folders[0]:
        folders.append(top)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    folder = folders[-1]
    if top is not None:
        found, where = _checked(_git_config(top), "git config")
        values.update(found)
        sources.update(where)
    for place in reversed(folders):
        for name in ("pyproject.toml", ".hunklint.toml"):
            path = os.path.join(place, name)
            if not os.path.isfile(path):
                continue
            data = _toml(path)
            if name == "pyproject.toml":
                data = data.get("tool", {}).get("hunklint", {}) if isinstance(data.get("tool", {}), dict) else {}
            found, where = _checked(data, path)
            values.update(found)
            sources.update(where)
            folder = place
    return Config(values, sources, folder)


def _toml(path: str) -> dict[str, Any]:
    try:
        raw = _content(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}", "name a file that is there") from error
    if os.path.basename(path) == "pyproject.toml" and b"tool.hunklint" not in raw:
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
            import difflib

            close = difflib.get_close_matches(key, KEYS, 1)
            raise ConfigError(
                f"{source}: unknown key `{key}`",
                f"did you mean `{close[0]}`?" if close else f"keys are {', '.join(sorted(KEYS))}",
            )
        if not isinstance(value, expected):
            raise ConfigError(f"{source}: `{key}` is a {type(value).__name__}", f"it must be a {expected.__name__}")
    return dict(data), dict.fromkeys(data, source)


def _git_config(top: str) -> dict[str, Any]:
    """`hunklint.*` of git's configuration; git is only asked where one of its usual files has the word in it."""
    home = os.path.expanduser("~")
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    git = os.path.join(top, ".git")
    places = [os.path.join(git, "config"), os.path.join(home, ".gitconfig"), os.path.join(base, "git", "config")]
    if os.path.isfile(git):
        places.append(git)  # a linked work tree: its configuration lies elsewhere
    if not any(_mentions(path) for path in places):
        return {}
    import subprocess

    run = subprocess.run(
        ["git", "-C", top, "config", "--null", "--get-regexp", r"^hunklint\."],
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


def _mentions(path: str) -> bool:
    try:
        return b"hunklint" in _content(path) or os.path.basename(path) == ".git"
    except OSError:
        return False


def _content(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()
