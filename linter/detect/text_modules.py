"""A new file and the Makefiles and Kconfig files of its series in, out whether it becomes a module of its own.

`module_init()` stands in files that are only ever built in, and in one of several files that are linked into a module,
where another may say the licence. What the series does not show is taken for a module if the file describes itself as
one (MODULE_AUTHOR() and the like).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.detect.model import Context
from linter.patch.model import FilePatch, LineKind
from linter.pattern import compiled, lazy

_DESCRIBED = lazy(rb"^MODULE_(?:AUTHOR|DESCRIPTION|ALIAS|DEVICE_TABLE|FIRMWARE|VERSION)\s*\(", re.MULTILINE)
_LICENCE = lazy(rb"^MODULE_LICENSE\s*\(", re.MULTILINE)
_ENTRY = lazy(rb"^\s*(?:config|menuconfig|choice|endchoice|menu|endmenu|if|endif|source|comment)\b", re.MULTILINE)
_BUILT_IN = lazy(rb"^\s+(?:bool|def_bool)\b", re.MULTILINE)
_TRISTATE = lazy(rb"^\s+(?:tristate|def_tristate)\b", re.MULTILINE)
MAX_LINES = 20_000


def is_own_module(file: FilePatch, context: Context) -> bool:
    """Whether the file is a module for itself, as far as the series tells."""
    if any(hunk.cut for hunk in file.hunks):
        return False
    folder, _, name = (file.path or "").rpartition("/")
    files = list(_files(context)) or [file]
    rule = _rule_of(name.removesuffix(".c"), folder, files)
    if rule is not None:
        kind, option = rule
        if kind != "obj" or option == "y":
            return False  # a part of another module, or of the kernel
        if option == "m":
            return True
        built = _is_tristate(option, files)
        return _describes_itself(file) if built is None else built
    beside = (one for one in files if one is not file and (one.path or "").rpartition("/")[0] == folder)
    return _describes_itself(file) and not any(_LICENCE.search(_text(one)) for one in beside)


def _files(context: Context) -> Iterator[FilePatch]:
    patches = context.series.patches if context.series is not None else (context.patch,)
    for patch in patches:
        if patch is not None:
            yield from patch.files


def _text(file: FilePatch) -> bytes:
    """The lines that stand there after the patch, as far as it shows them."""
    lines = [line.text for hunk in file.hunks for line in hunk.lines if line.kind is not LineKind.REMOVED]
    return b"\n".join(lines[:MAX_LINES])


def _describes_itself(file: FilePatch) -> bool:
    return _DESCRIBED.search(_text(file)) is not None


def _rule_of(stem: str, folder: str, files: list[FilePatch]) -> tuple[str, str] | None:
    """What a Makefile says of an object: what it is put into (`obj`, or a module) and y, m, or an option's name."""
    for file in files:
        path = file.path or ""
        above, _, name = path.rpartition("/")
        if name not in ("Makefile", "Kbuild") or not f"{folder}/".startswith(f"{above}/"):
            continue
        inner = f"{folder}/{stem}"[len(above) + 1 :]
        pattern = compiled(
            rf"^([\w-]+)-(?:objs|(?:\$\(CONFIG_(\w+)\)|([ym])))\s*[:+]?=[^\n#]*(?<![\w/-]){re.escape(inner)}\.o\b".encode(),
            re.MULTILINE,
        )
        match = pattern.search(_text(file).replace(b"\\\n", b" "))
        if match is not None:
            return match[1].decode(), (match[2] or match[3] or b"y").decode()
    return None


def _is_tristate(option: str, files: list[FilePatch]) -> bool | None:
    """Whether a Kconfig option can be m; None where the series does not show it."""
    head = compiled(rf"^\s*(?:menu)?config {re.escape(option)}\s*$".encode(), re.MULTILINE)
    for file in files:
        if not (file.path or "").rpartition("/")[2].startswith("Kconfig"):
            continue
        text = _text(file)
        for match in head.finditer(text):
            end = _ENTRY.search(text, match.end())
            entry = text[match.end() : end.start() if end else len(text)]
            if _TRISTATE.search(entry):
                return True
            if _BUILT_IN.search(entry):
                return False
    return None
