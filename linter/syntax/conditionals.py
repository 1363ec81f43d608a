"""Decides which `#if` groups the C grammar can read as they are, and what to blank of the others.

A group whose arms are all whole statements, declarations or members stays. One that cuts a statement in two keeps its
first arm (the `#else` of `#if 0`), so that one variant of the code remains. Directives without their partner (a hunk
shows half a group) are blanked.

An arm that no supported kernel compiles (`#if 0`, `#if LINUX_VERSION_CODE < KERNEL_VERSION(4, 0, 0)`) counts as absent.
"""

from __future__ import annotations

import re

from linter.pattern import lazy
from linter.syntax.scrub import blanked

_DIRECTIVE = lazy(rb"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|elifdef|elifndef|else|endif)\b(?:[^\n\\]|\\.)*+", re.M | re.S)
_OPENING = (b"if", b"ifdef", b"ifndef")
_VERSION = lazy(rb"LINUX_VERSION_CODE([<>=!]=|[<>])KERNEL_VERSION\((\d{1,4}),(\d{1,4}),(\d{1,6})\)")
_SPACE = lazy(rb"(?:\s|\\\n)+")
_OLDEST = (6, 1, 0)
"""The oldest kernel that still gets patches: what a driver keeps for earlier ones is compiled nowhere."""
_OTHER = lazy(rb"^[ \t]*#(?:[^\n\\]|\\.)*+", re.M | re.S)
_BRACKET = lazy(rb"[][(){}]")
_PAIRS = {0x29: 0x28, 0x5D: 0x5B, 0x7D: 0x7B}
_HALF_START = lazy(rb"(?:else\b|[?:&|+=<>)}\],.-]|while\b[^;{}]*;\s*\Z)")
_LAST_LABEL = lazy(rb"\b(?:case\b[^;{}\n]*|default\s*):\Z")
_ELSE = lazy(rb"\s*else\b")
_DEPTH = 64

Spans = list[tuple[int, int]]


class _Group:
    """An `#if` with its arms: spans of the directives, and of the text between them."""

    __slots__ = ("arms", "before", "directives", "known")

    def __init__(self, directive: tuple[int, int], before: bytes, known: bool | None) -> None:
        self.directives: Spans = [directive]
        self.before = before  # the last byte of code before it
        self.arms: Spans = []
        self.known = [known]  # of each arm, what its own condition comes to

    def dead(self) -> list[int]:
        """The arms that are never compiled."""
        always = self.known.index(True) if True in self.known else len(self.arms)
        return [at for at in range(len(self.arms)) if at > always or self.known[at] is False]


def has_conditionals(clean: bytes) -> bool:
    """Is there anything for this module to do."""
    return b"#" in clean and (b"if" in clean or b"#e" in clean or b"# e" in clean)


def blanked_spans(clean: bytes) -> Spans:
    """The spans of a text (comments and strings blanked) to overwrite with spaces."""
    shape = _OTHER.sub(lambda match: b" " * len(match[0]), clean)
    groups, spans = _groups(clean, shape)
    for group in groups:
        spans.extend(_broken(shape, group))
    return spans


def never_compiled(clean: bytes) -> Spans:
    """The spans of a text that no kernel compiles: behind `#if 0`, or a test for a kernel older than any supported."""
    groups, _ = _groups(clean, clean)
    return [group.arms[at] for group in groups for at in group.dead()]


def settled(condition: bytes) -> bool | None:
    """What the condition of an `#if` comes to in every supported kernel; None where that depends."""
    text = _SPACE.sub(b"", condition)
    if text in (b"0", b"1"):
        return text == b"1"
    if b"LINUX_VERSION_CODE" not in text or b"!(" in text:
        return None
    for operator, decides in ((b"&&", False), (b"||", True)):
        if operator in text:
            if (b"||" if operator == b"&&" else b"&&") in text:
                return None
            known = [_version(part) for part in text.split(operator)]
            return decides if decides in known else None if None in known else not decides
    return _version(text)


def _version(text: bytes) -> bool | None:
    """What a comparison of LINUX_VERSION_CODE comes to, brackets around it or not."""
    opened = len(text) - len(text.lstrip(b"("))
    match = _VERSION.fullmatch(text[opened:].removesuffix(b")" * opened))
    if match is None:
        return None
    operator, version = match[1], tuple(int(number) for number in match.group(2, 3, 4))
    if version < _OLDEST:
        return operator in (b">", b">=", b"!=")
    return operator == b">=" if version == _OLDEST and operator in (b">=", b"<") else None


def missing_partners(clean: bytes) -> tuple[int, int]:
    """How many `#if` and how many `#endif` a text lacks."""
    opened = lacking = 0
    half = False  # an `#else` whose `#if` and `#endif` are both out of sight
    for match in _DIRECTIVE.finditer(clean):
        if match[1] in _OPENING:
            opened += 1
        elif match[1] == b"endif":
            lacking += opened == 0
            opened = max(opened - 1, 0)
            half = False
        elif opened == 0:
            half = True
    return lacking + half, opened + half


def _groups(clean: bytes, shape: bytes) -> tuple[list[_Group], Spans]:
    """The groups of a text, inner ones first, and the directives that have no partner."""
    done: list[_Group] = []
    stack: list[_Group] = []
    lone: Spans = []
    before, seen = b"", 0
    for match in _DIRECTIVE.finditer(clean):
        span = match.span()
        code = shape[seen : span[0]].rstrip()
        if code:
            label = code[-1] == 0x3A and _LAST_LABEL.search(code[-200:]) is None
            before = b"?" if label else code[-1:]  # a label wants its statement at once
        seen = span[1]
        if match[1] in _OPENING:
            stack.append(_Group(span, before, _known(match)))
            if len(stack) > _DEPTH:
                lone.extend(stack.pop(0).directives)
            continue
        if not stack:
            lone.append(span)
            continue
        group = stack[-1]
        group.arms.append((group.directives[-1][1], span[0]))
        group.directives.append(span)
        if match[1] == b"endif":
            done.append(stack.pop())
        else:
            group.known.append(_known(match))
    lone.extend(span for group in stack for span in group.directives)
    return done, lone


def _known(directive: re.Match[bytes]) -> bool | None:
    return settled(directive[0][directive.end(1) - directive.start() :]) if directive[1] in (b"if", b"elif") else None


def _broken(shape: bytes, group: _Group) -> Spans:
    """What to blank of a group: nothing where each arm stands for itself."""
    before = group.before
    arms = [shape[start:end].strip() for start, end in group.arms]
    whole = before in b";{}:"
    if whole and all(_is_whole(arm) for arm in arms) and not _is_continued(shape, group, arms):
        return []
    if before in b",{" and all(_is_list(arm) for arm in arms):
        return list(group.directives)
    dead = group.dead()
    kept = next((at for at in range(len(arms)) if at not in dead), 0)
    return group.directives + [arm for index, arm in enumerate(group.arms) if index != kept]


def _is_whole(arm: bytes) -> bool:
    """Is this text a run of whole statements or declarations."""
    if not arm:
        return True
    if arm[-1] == 0x3A and _LAST_LABEL.search(arm) is None:
        return False  # a label, and its statement behind the directive
    return arm[-1] in b";}:" and _HALF_START.match(arm) is None and _is_balanced(arm)


def _is_list(arm: bytes) -> bool:
    """Is this text a run of whole list elements."""
    return not arm or (arm[-1] in b",;" and _is_balanced(arm) and arm[0] not in b",)}")


def _is_balanced(arm: bytes) -> bool:
    stack: list[int] = []
    for match in _BRACKET.finditer(arm):
        char = match[0][0]
        if char in _PAIRS:
            if not stack or stack.pop() != _PAIRS[char]:
                return False
        else:
            stack.append(char)
    return not stack


def _is_continued(shape: bytes, group: _Group, arms: list[bytes]) -> bool:
    """Does the text behind `#endif` go on with a statement of the last arm: `else`, or an operator."""
    last = arms[-1] if arms else b""
    if last[-1:] != b"}" and last:
        return False
    return _ELSE.match(shape, group.directives[-1][1]) is not None


def blank(text: bytes, spans: Spans) -> bytes:
    """Overwrite spans of a text with spaces, newlines left in place."""
    edits = bytearray(text)
    for start, end in spans:
        edits[start:end] = blanked(text[start:end])
    return bytes(edits)
