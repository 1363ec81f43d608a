"""Checks of ioctl commands: what the macro says against what the comment says, and what nobody says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tree_sitter import Node

from linter.detect.match_find import sites_of_kinds
from linter.detect.match_where import split_words, words_of
from linter.detect.model import Context
from linter.detect.uapi_ioctl import (
    Command,
    Comment,
    commands,
    comment_after,
    comment_before,
    comments,
    split_arguments,
)
from linter.detect.uapi_layout import name_of, structures
from linter.detect.uapi_struct import Check, Found
from linter.patch.model import LineKind, Patch
from linter.pattern import compiled, lazy
from linter.syntax.model import Unit

_SAID = lazy(r"\b((?:DRM_|_)IO(?:WR|R|W)?)\s*\(")
_CONSTANT = lazy(r"\b[A-Z][A-Z0-9]{1,}_[A-Z0-9_]+\b")
_KIND = lazy(r"(?i)\b(?:type|mode|kind)\b")
_SCALAR = lazy(r"(?:__)?[us](?:8|16|32|64)|int|unsigned(?: int)?|long|unsigned long|char\Z")
_MAKES_FD = lazy(r"(?i)\b(?:create|return|get|give|new|obtain)s?\b[^.]{0,40}\b(?:fd|file descriptor)\b")
_CONVENTION = ("vfio", "iommufd")
"""Headers in which every command is an `_IO` and the comment tells the real direction and structure."""


def _said(command: Command, comment: Comment) -> tuple[str, tuple[str, ...]] | None:
    """The macro and arguments that a comment gives for a command, as `NAME - _IOR('x', 1, struct y)`."""
    at = re.search(rf"\b{re.escape(command.name)}\b", comment.text)
    if at is None:
        return None
    said = _SAID.search(comment.text, at.end(), at.end() + 60)
    if said is None or "\n\n" in comment.text[at.end() : said.start()]:
        return None
    found = split_arguments(comment.text.encode(), len(comment.text[: said.end()].encode()))
    return None if found is None else (said[1], found[0])


def _plain(text: str) -> str:
    return compiled(r"\s+").sub("", text).removesuffix("*")


def _mismatch(unit: Unit, context: Context) -> Iterator[Found]:
    """The comment gives another macro, number or argument than the definition."""
    convention = any(word in (unit.image.path or "") for word in _CONVENTION)
    for command in commands(unit):
        for comment in comments(unit):
            said = _said(command, comment)
            if said is None:
                continue
            why = _difference(command, said, convention)
            if why:
                label = (comment.start, comment.start + 2, "documented here")
                texts = {"NAME": command.name, "WHY": why}
                yield Found(command.start, command.end, texts, command.name, (label,))
            break


def _difference(command: Command, said: tuple[str, tuple[str, ...]], convention: bool) -> str:
    macro, arguments = said
    size = len(command.number)
    if [_plain(each) for each in arguments[:size]] != [_plain(each) for each in command.number]:
        return f"the comment has the number {', '.join(arguments[:size])}"
    if convention and command.macro == "_IO" and macro != "_IO":
        return ""
    shown = f"{macro}({', '.join(arguments)})"
    if macro != command.macro:
        return f"the comment says {shown}"
    if [_plain(each) for each in arguments[size:]] != [_plain(each) for each in command.arguments[size:]]:
        return f"the comment says {shown}"
    return ""


def _sizeof(unit: Unit, context: Context) -> Iterator[Found]:
    """sizeof() in the macro's last argument: the macro takes the type and the size of it."""
    for command in commands(unit):
        argument = command.argument
        if argument is not None and argument.startswith("sizeof"):
            yield Found(command.start, command.end, {"NAME": command.name, "ARGUMENT": argument}, command.name)


def _with_argument(unit: Unit, context: Context) -> Iterator[Found]:
    """`_IO` for a command whose handler, in the same patch, copies an argument from or to user space."""
    if context.patch is None:
        return
    for command in commands(unit):
        if command.argument is None and command.macro in ("_IO", "DRM_IO"):
            copy = _copied(command.name, context.patch)
            if copy:
                yield Found(command.start, command.end, {"NAME": command.name, "COPY": copy}, command.name)


_COPY = lazy(rb"\b(copy_from_user|copy_to_user|get_user|put_user)\s*\(([^;]{0,200}\barg\w*\b[^;]{0,100})\)")


def _copied(name: str, patch: Patch) -> str:
    """The user copy in the branch of a command, as the patch's lines show it."""
    word = name.encode()
    branch = re.compile(rb"(?:\bcase\s+|==\s*)" + re.escape(word) + rb"\b")
    for file in patch.files:
        if not (file.path or "").endswith(".c"):
            continue
        for hunk in file.hunks:
            lines = [line.text for line in hunk.lines if line.kind is not LineKind.REMOVED]
            for index, line in enumerate(lines):
                if not branch.search(line):
                    continue
                body = []
                for after in lines[index + 1 : index + 14]:
                    if compiled(rb"\s*(?:case\b|default\b|\}\s*else\b|break;|return\b[^;]*;\s*$\s*\})").match(after):
                        break
                    body.append(after)
                match = _COPY.search(b"\n".join(body))
                if match and b"minsz" not in match[2]:
                    return match[1].decode()
    return ""


def _reused(unit: Unit, context: Context) -> Iterator[Found]:
    """Two commands with the same magic and number."""
    seen: dict[tuple[str, ...], Command] = {}
    for command in commands(unit):
        if len(command.number) < 2 or not compiled(r"(?:0[xX][0-9a-fA-F]+|\d+)").fullmatch(command.number[1]):
            continue
        key = (
            _plain(command.number[0]),
            str(int(command.number[1], 0) if command.number[1][:1] != "0" else command.number[1]),
        )
        other = seen.setdefault(key, command)
        if other is not command and other.name != command.name:
            same = other.macro == command.macro and other.argument == command.argument
            texts = {"NAME": command.name, "OTHER": other.name, "NUMBER": ", ".join(command.number)}
            label = (other.start, other.end, "the number was taken here")
            yield Found(command.start, command.end, texts, command.name, (label,), severity="" if same else "info")


def _undocumented(unit: Unit, context: Context) -> Iterator[Found]:
    """A command or structure that no comment and no file of the series tells about."""
    patches = context.series.patches if context.series is not None else (context.patch,)
    files = (file for patch in patches if patch is not None for file in patch.files)
    if any((file.path or "").startswith("Documentation/") for file in files):
        return
    spoken = " ".join(comment.text for comment in comments(unit))
    for command in commands(unit):
        if _is_elsewhere(unit, spoken, command):
            continue
        if not _mentions(unit, spoken, command.name, command.start, command.end):
            yield Found(command.start, command.end, {"WHAT": f"the command `{command.name}`"}, command.name)
        else:
            yield from _half_documented(unit, command)
    for node in structures(unit):
        name = name_of(node)
        parent = node.parent
        if not name or parent is None or parent.type == "field_declaration" or node.has_error:
            continue
        start = node.start_byte
        if unit.source.count(b";", start, node.end_byte) >= 2 and not _is_told(unit, spoken, node):
            yield Found(start, start + 6, {"WHAT": f"`struct {name}`"}, name)


def _is_told(unit: Unit, spoken: str, node: Node) -> bool:
    """Whether some comment is about a structure: in it, at it, or with its name."""
    inside = unit.source[node.start_byte : node.end_byte]
    if b"/*" in inside or b"//" in inside:
        return True
    return _mentions(unit, spoken, name_of(node), node.start_byte, node.end_byte)


def _is_elsewhere(unit: Unit, spoken: str, command: Command) -> bool:
    """Whether the command's structure is documented, or out of sight, so that its documentation may be."""
    match = compiled(r"(?:struct|union) (\w+)").fullmatch(command.argument or "")
    if match is None:
        return False
    defined = [node for node in structures(unit) if name_of(node) == match[1]]
    return match[1] in spoken or not defined or any(_is_told(unit, spoken, node) for node in defined)


def _mentions(unit: Unit, spoken: str, name: str, start: int, end: int) -> bool:
    if re.search(rf"\b{re.escape(name)}\b", spoken):
        return True
    return comment_before(unit, start) is not None or comment_after(unit, start, end) is not None


def _half_documented(unit: Unit, command: Command) -> Iterator[Found]:
    """A comment that leaves out which values a plain number may have, or what the new descriptor is good for."""
    comment = comment_before(unit, command.start)
    if comment is None or command.name not in comment.text:
        return
    said = _said(command, comment)
    argument = (said[1][2] if said and len(said[1]) > 2 else None) or command.argument
    others = set(_CONSTANT.findall(comment.text)) - {command.name} - set(_CONSTANT.findall(" ".join(command.arguments)))
    if argument and _SCALAR.match(argument) and _KIND.search(comment.text) and not others:
        texts = {"WHAT": f"which values the `{argument}` of `{command.name}` can have"}
        yield Found(command.start, command.end, texts, f"{command.name}.values")
    if _MAKES_FD.search(comment.text) and not others and "ioctl" not in comment.text.replace("this ioctl", ""):
        texts = {"WHAT": f"what can be done with the descriptor that `{command.name}` makes"}
        yield Found(command.start, command.end, texts, f"{command.name}.fd")


def _vendor_constant(unit: Unit, context: Context) -> Iterator[Found]:
    """A constant of a vendor's header that decides, in the same patch, a command of a generic header."""
    if context.patch is None:
        return
    vendors = context.tables.derived("uapi.vendors", lambda tables: words_of("vendors", tables, ()))
    generic = _generic_commands(context.patch, vendors)
    if not generic:
        return
    for site in sites_of_kinds(unit, ("preproc_def", "enumerator")):
        node = site.node.child_by_field_name("name")
        name = (node.text or b"").decode("utf-8", "replace") if node is not None else ""
        if node is None or not vendors.intersection(split_words(name)):
            continue
        command = _decided_by(name, generic, context.patch)
        if command:
            yield Found(node.start_byte, node.end_byte, {"NAME": name, "COMMAND": command}, name)


_NEW_COMMAND = lazy(rb"^\s*#\s*define\s+(\w+)\s+_IO(?:WR|R|W)?\s*\(")


def _generic_commands(patch: Patch, vendors: frozenset[str]) -> list[str]:
    """Commands that the patch adds to headers that name no vendor."""
    found = []
    for file in patch.files:
        path = file.path or ""
        if not path.startswith("include/uapi/") or vendors.intersection(split_words(path)):
            continue
        for hunk in file.hunks:
            for line in hunk.lines:
                match = _NEW_COMMAND.match(line.text) if line.kind is LineKind.ADDED else None
                if match and not vendors.intersection(split_words(match[1].decode())):
                    found.append(match[1].decode())
    return found


def _decided_by(name: str, commands: list[str], patch: Patch) -> str:
    """The command in whose branch the constant is compared."""
    compared = re.compile(rb"(?:[=!]=\s*|\bcase\s+)" + re.escape(name.encode()) + rb"\b")
    for file in patch.files:
        for hunk in file.hunks if (file.path or "").endswith(".c") else ():
            lines = [line.text for line in hunk.lines if line.kind is not LineKind.REMOVED]
            for index, line in enumerate(lines):
                if compared.search(line):
                    above = b"\n".join(lines[max(index - 15, 0) : index + 1])
                    for command in commands:
                        if re.search(rb"(?:==\s*|\bcase\s+)" + re.escape(command.encode()) + rb"\b", above):
                            return command
    return ""


COMMANDS: Mapping[str, Check] = {
    "vendor-constant": _vendor_constant,
    "doc-mismatch": _mismatch,
    "sizeof-argument": _sizeof,
    "io-with-argument": _with_argument,
    "number-reused": _reused,
    "undocumented": _undocumented,
}
