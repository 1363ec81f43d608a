"""Colours for a terminal: the only place that writes escape sequences."""

from __future__ import annotations

from linter.record import record

_CODES = {
    "error": "1;31",
    "warning": "1;33",
    "info": "1;36",
    "frame": "1;34",
    "secondary": "1;34",
    "added": "32",
    "removed": "31",
    "help": "36",
    "bold": "1",
    "dim": "2",
}


@record
class Paint:
    """Paints text that is already safe to print; does nothing where colour is off."""

    color: bool

    def __call__(self, style: str, text: str) -> str:
        """`text` in a style; blank text stays as it is."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.color and text.strip() else text
