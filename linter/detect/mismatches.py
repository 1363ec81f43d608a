"""Questions about results that are taken for something else: another variable's error, a timeout's, a handle's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from linter.detect.calls import clean_text, named_calls
from linter.detect.dropped import is_quiet
from linter.detect.questions import Answer, Query
from linter.detect.returns import conventions
from linter.detect.verdicts import conditions, sources
from linter.flow.expr import integer
from linter.flow.model import Kind, StepKind
from linter.pattern import compiled, lazy
from linter.rulebook.harvest import closing
from linter.rulebook.model import Severity

_IS_ERR_ONLY = lazy(r"^\(\s*(?:un)?(?:likely)?\(?\s*IS_ERR\s*\(\s*([\w.>\-\[\]]+)\s*\)\s*\)*$")
_PTR_ERR = lazy(rb"\b(PTR_ERR|ERR_CAST)\s*\(\s*([\w.>\-\[\]]+)\s*\)")
_POSITIVE = lazy(rb"\b(?:return\s+|ERR_PTR\s*\(\s*)(E[A-Z0-9]{1,14})\s*[;)]")


def _ifs(query: Query, word: bytes) -> Iterator[tuple[Node, Node, Node]]:
    """The if statements of a function whose condition names a word: statement, condition, branch."""
    text = clean_text(query.unit)
    start, end = query.function.body.start_byte, query.function.body.end_byte
    at = text.find(word, start, end)
    seen: set[int] = set()
    while at >= 0:
        node: Node | None = query.unit.tree.root_node.descendant_for_byte_range(at, at + len(word))
        while node is not None and node.type not in ("if_statement", "function_definition", "compound_statement"):
            node = node.parent
        at = text.find(word, at + len(word), end)
        if node is None or node.type != "if_statement" or node.start_byte in seen:
            continue
        seen.add(node.start_byte)
        condition, branch = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
        if condition is not None and branch is not None:
            yield node, condition, branch


def other_error_read(query: Query) -> Iterator[Answer]:
    """`if (IS_ERR(a))` and then PTR_ERR(b)."""
    text = clean_text(query.unit)
    for _, condition, branch in _ifs(query, b"IS_ERR"):
        tested = _IS_ERR_ONLY.match((condition.text or b"").decode("utf-8", "replace"))
        if tested is None:
            continue
        body = text[branch.start_byte : branch.end_byte]
        if re.search(rb"\b" + re.escape(tested[1].encode()) + rb"\s*=[^=]", body):
            continue
        for match in _PTR_ERR.finditer(body):
            other = match[2].decode("utf-8", "replace")
            if (
                other == tested[1]
                or b"IS_ERR" in body[: match.start()]
                or (other + " =") in body.decode("utf-8", "replace")
            ):
                continue
            at = branch.start_byte + match.start()
            names = {"TEST": tested[1], "VALUE": other, "READ": match[1].decode()}
            label = ((condition.start_byte, condition.end_byte), "tested here")
            yield Answer((at, at + len(match[0])), names, [label], key=other)


def failure_only_logged(query: Query) -> Iterator[Answer]:
    """dev_err_probe() in a branch for a failure, without the return that it was made for."""
    text = clean_text(query.unit)
    for name, start, opening in named_calls(query.function):
        if name != "dev_err_probe":
            continue
        node: Node | None = query.unit.tree.root_node.descendant_for_byte_range(start, start + 1)
        while node is not None and node.type not in ("expression_statement", "return_statement", "compound_statement"):
            node = node.parent
        if node is None or node.type != "expression_statement" or node.start_byte != start:
            continue
        if node.next_named_sibling is not None and node.parent is not None and node.parent.type == "compound_statement":
            continue  # something follows: a goto, a return, another way out
        statement = node.parent
        while statement is not None and statement.type != "if_statement":
            if statement.type in ("function_definition", "for_statement", "while_statement", "switch_statement"):
                statement = None
                break
            statement = statement.parent
        if statement is None or statement.child_by_field_name("alternative") is not None:
            continue
        condition = statement.child_by_field_name("condition")
        head = (condition.text or b"").decode("utf-8", "replace") if condition is not None else ""
        arguments = text[opening : closing(text, opening)].decode("utf-8", "replace")
        value = compiled(r"IS_ERR\s*\(\s*([\w.>\-\[\]]+)|\(\s*(\w+)\s*(?:<\s*0\s*)?\)").search(head)
        tested = (value[1] or value[2]) if value is not None else None
        if tested is None or tested not in arguments:
            continue
        following = statement.next_named_sibling
        while following is not None and following.type == "comment":
            following = following.next_named_sibling
        if following is None or following.type == "goto_statement" or _only_leaves(following):
            continue
        end = closing(text, opening)
        # what may do without a number is lost; what is used as a pointer is a crash
        mild = None if "IS_ERR" in head else Severity.WARNING
        yield Answer((start, end), {"VALUE": tested}, key=tested, severity=mild)


def _only_leaves(node: Node | None) -> bool:
    """Whether statements only undo things, and return: nothing goes on."""
    while node is not None:
        if node.type == "return_statement":
            return True
        inner = node
        while inner.type == "labeled_statement" and inner.named_children:
            inner = inner.named_children[-1]
        if inner.type == "return_statement":
            return True
        if inner.type not in ("expression_statement", "comment"):
            return False
        called = compiled(r"\s*(\w+)\s*\(").match((inner.text or b"").decode("utf-8", "replace"))
        if inner.type == "expression_statement" and (called is None or not is_quiet(called[1])):
            return False
        node = node.next_named_sibling
    return False


def fd_unchecked(query: Query) -> Iterator[Answer]:
    """A descriptor that is looked up, and whose file nothing tests."""
    text = clean_text(query.unit)
    body = text[query.function.body.start_byte : query.function.body.end_byte].decode("utf-8", "replace")
    if "fdget" not in body:
        return
    for match in compiled(r"(?:struct fd\s+)?\b(\w+)\s*=\s*(fdget(?:_raw|_pos)?)\s*\(").finditer(body):
        value = match[1]
        tests = rf"\bfd_empty\s*\(\s*{value}\s*\)|\bfd_file\s*\(\s*{value}\s*\)|\b{value}\s*\.\s*file\b"
        if re.search(tests, body[match.end() :]) or (query.cfg.has_gap and query.function.body.has_error):
            continue
        at = query.function.body.start_byte + match.start(1)
        names = {"VALUE": value, "CALLEE": match[2]}
        yield Answer((at, query.function.body.start_byte + match.end() - 1), names, key=value)


def timeout_negative(query: Query) -> Iterator[Answer]:
    """A timeout that is tested for a negative value, which it cannot have."""
    known = conventions(query.tables)
    if not any(name in known.timeout for name, _, _ in named_calls(query.function)):
        return
    for condition, _ in conditions(query.cfg):
        if condition.kind is not Kind.BINARY or condition.text not in ("<", ">=") or integer(condition.args[1]) != 0:
            continue
        value = condition.args[0]
        origin = {value.text} if value.kind is Kind.CALL else sources(query.cfg, value.key)
        if origin and all(name in known.timeout for name in origin):
            names = {"CALLEE": sorted(origin)[0], "VALUE": query.text((value.start, value.end))}
            yield Answer((condition.start, condition.end), names, key=value.key)


def handle_compared(query: Query) -> Iterator[Answer]:
    """A DMA handle that is used, or compared with 0, and never given to dma_mapping_error()."""
    known = conventions(query.tables)
    text = clean_text(query.unit)[query.function.body.start_byte : query.function.body.end_byte]
    if b"dma_map_" not in text or b"dma_mapping_error" in text or b"skb_dma_map" in text:
        return
    if query.cfg.has_gap:
        return
    for block in query.cfg.blocks:
        for step in block.steps:
            stored = step.kind in (StepKind.ASSIGN, StepKind.DECLARE) and step.target is not None
            if stored and step.expr is not None and step.expr.kind is Kind.CALL and step.expr.text in known.dma_handle:
                names = {"CALLEE": step.expr.text, "VALUE": step.target.key if step.target is not None else ""}
                yield Answer((step.expr.start, step.expr.end), names, key=names["VALUE"])


def positive_errno(query: Query) -> Iterator[Answer]:
    """`return EINVAL;`: an error that reads as a success or a count."""
    text = clean_text(query.unit)
    known = frozenset(query.tables["returns"]["errnos"].split())
    for match in _POSITIVE.finditer(text, query.function.body.start_byte, query.function.body.end_byte):
        code = match[1].decode()
        if code in known:
            yield Answer((match.start(1), match.end(1)), {"CODE": code}, key=code)


def unknown_command(query: Query) -> Iterator[Answer]:
    """An ioctl handler that answers an unknown command with anything but -ENOTTY."""
    if not _IOCTL.search(query.function.name):
        return
    text = clean_text(query.unit)
    start, end = query.function.body.start_byte, query.function.body.end_byte
    for match in _DEFAULT.finditer(text, start, end):
        head = text.rfind(b"switch", start, match.start())
        subject = _SUBJECT.match(text, head) if head >= 0 else None
        if subject is not None:
            code = match[2].decode()
            names = {"CODE": "-" + code, "VALUE": subject[1].decode("utf-8", "replace")}
            yield Answer((match.start(2) - 1, match.end(2)), names, key=code)


_IOCTL = lazy(r"(?:^|_)(?:compat_)?ioctl(?:_|$)")
_DEFAULT = lazy(
    rb"\bdefault\s*:\s*(?:[^;{}]*\([^;{}]*\)\s*;\s*)?(return|\w+\s*=)\s*-(EINVAL|ENOSYS|EOPNOTSUPP|ENOIOCTLCMD_)\s*;"
)
_SUBJECT = lazy(rb"switch\s*\(\s*(cmd|ioctl|command|_IOC_NR\s*\(\s*cmd\s*\)|ioctl_num|iocmd)\s*\)")
