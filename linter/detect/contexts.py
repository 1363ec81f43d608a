"""Who can call the functions of a unit, and how often: user space on demand, or the hardware and the network.

Told by the structure that a function is put into (in the same file), by its signature, or by its name alone; the
patterns are in the table `contexts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from linter.detect.calls import clean_text, named_calls
from linter.pattern import compiled, lazy
from linter.record import record
from linter.rulebook.harvest import closing
from linter.rulebook.model import Confidence, Tables
from linter.syntax.model import Function, Unit

_INITIALISER = lazy(rb"\bstruct\s+(\w+)\s+(\w+)\s*(?:\[[^\]]*\])?\s*=\s*\{")
_FIELD = lazy(rb"\.\s*(\w+)\s*=\s*&?\s*([A-Za-z_]\w*)\s*[,}]")
_ADDRESS = lazy(rb"&\s*([A-Za-z_]\w*)\s*[,)]")
_MACRO = lazy(
    rb"\b(DEVICE_ATTR_RW|DEVICE_ATTR_RO|DEVICE_ATTR_WO|DEVICE_ATTR|DRM_IOCTL_DEF(?:_DRV)?|DRM_IOCTL_DEF_\w+)\s*\(([^()]*)\)"
)
_DISTINCT = frozenset(
    ["unlocked_ioctl", "compat_ioctl", "ndo_eth_ioctl", "ndo_siocdevprivate", "write_iter", "read_iter"]
) | frozenset(["proc_write", "proc_read", "proc_ioctl", "page_mkwrite", "uring_cmd"])
"""Fields whose name says enough where the structure's is out of sight."""


@record
class Reach:
    """How a function is reached. `inputs` are the parameters that the caller chooses."""

    kind: str  # ioctl, write, interrupt handler, ...
    why: str
    inputs: frozenset[str]
    hot: bool = False  # by hardware, bus or network, as often as they like
    privileged: bool = False
    confidence: Confidence = Confidence.HIGH


def reaches(unit: Unit, tables: Tables) -> dict[str, Reach]:
    """How each function of a unit is reached, as far as it can be seen; found once a unit."""
    if "contexts.reaches" not in unit.cache:
        unit.cache["contexts.reaches"] = _find(unit, tables)
    found: dict[str, Reach] = unit.cache["contexts.reaches"]
    return found


@record
class _Signature:
    kind: str
    pattern: re.Pattern[str]
    inputs: tuple[str, ...]
    returns: str
    privileged: bool
    hot: bool
    confidence: Confidence


def _signatures(tables: Tables) -> list[_Signature]:
    table = tables["contexts"]
    found = []
    for key, privileged, hot in (
        ("signatures", False, False),
        ("privileged-signatures", True, False),
        ("hot-signatures", False, True),
    ):
        for row in table[key]:
            inputs, returns = tuple(row.get("inputs", ())), row.get("returns", "")
            confidence = Confidence[row.get("confidence", "high").upper()]
            found.append(
                _Signature(row["kind"], compiled(row["pattern"]), inputs, returns, privileged, hot, confidence)
            )
    return found


def head_text(function: Function) -> tuple[str, str]:
    """Result type and parameter list of a function, with single blanks."""
    unit = function.unit
    head = " ".join(unit.text[function.node.start_byte : function.body.start_byte].decode("utf-8", "replace").split())
    before, _, parameters = head.partition(function.name + "(") if function.name else ("", "", "")
    return before.strip(), parameters.rstrip().removesuffix(")").strip()


def _find(unit: Unit, tables: Tables) -> dict[str, Reach]:
    table = tables["contexts"]
    found: dict[str, Reach] = {}
    handlers = _merged(_handlers(unit, table))
    signatures = tables.derived("contexts.signatures", _signatures)
    names = tables.derived("contexts.names", lambda each: compiled("|".join(each["contexts"]["names"].split())))
    defaults = frozenset(table["name-inputs"].split())
    for function in unit.functions:
        returns, parameters = head_text(function)
        reach = _by_signature(signatures, returns, parameters)
        handler = handlers.get(function.name)
        if handler is not None:
            struct, field, privileged = handler
            inputs = reach.inputs if reach is not None else defaults & _words(parameters)
            reach = Reach(_kind(field), f"it is .{field} of a struct {struct}", inputs, False, privileged)
        elif reach is None and function.name and names.search(function.name):
            inputs = defaults & _words(parameters) if parameters else defaults
            reach = Reach("user", "its name says so", inputs, confidence=Confidence.MEDIUM)
        if reach is not None:
            found[function.name] = reach
    for caller, callee in sorted(_static_calls(unit, found), key=lambda call: found[call[0]].privileged):
        if callee.name not in found and not found[caller].hot:
            _, parameters = head_text(callee)
            reach = found[caller]
            inputs = defaults & _words(parameters)
            why = f"{caller}() calls it"
            found[callee.name] = Reach(reach.kind, why, inputs, False, reach.privileged, Confidence.MEDIUM)
    return found


def _by_signature(signatures: list[_Signature], returns: str, parameters: str) -> Reach | None:
    if not parameters:
        return None
    last = returns.split()[-1] if returns else ""
    for signature in signatures:
        if signature.returns and signature.returns != last:
            continue
        match = signature.pattern.search(parameters)
        if match is not None:
            inputs = frozenset(match[name] for name in signature.inputs)
            why = f"it has the signature of a {signature.kind}"
            return Reach(signature.kind, why, inputs, signature.hot, signature.privileged, signature.confidence)
    return None


def _merged(handlers: Iterator[tuple[str, tuple[str, str, bool]]]) -> dict[str, tuple[str, str, bool]]:
    """The last place that each function is put into; of two, the one that is open to everybody."""
    found: dict[str, tuple[str, str, bool]] = {}
    for name, handler in handlers:
        known = found.get(name)
        if known is None or known[2] or not handler[2]:
            found[name] = handler
    return found


def _root_only(text: bytes, table: Any) -> frozenset[bytes]:
    """Structures that are given to calls that make files for root: in debugfs, or with a mode that says so."""
    row = table["root-files"]
    if not any(word.encode() in text for word in row["words"].split()):
        return frozenset()
    owner = compiled(row["owner-mode"].encode())
    found: set[bytes] = set()
    for calls, any_mode in ((row["any-mode"], True), (row["by-mode"], False)):
        for match in compiled(rb"\b(?:" + calls.encode() + rb")\s*\(").finditer(text):
            end = closing(text, match.end() - 1)
            arguments = text[match.end() : end] if end > 0 else b""
            if any_mode or owner.search(arguments):
                found |= {name[1] for name in _ADDRESS.finditer(arguments)}
    return frozenset(found)


def _handlers(unit: Unit, table: Any) -> Iterator[tuple[str, tuple[str, str, bool]]]:
    """Function names with the structure and field that they are put into."""
    text = clean_text(unit)
    if b"=" not in text:
        return
    root_only = _root_only(text, table)
    named = set()
    structures = {name: (fields, False) for name, fields in table["user"].items()}
    structures |= {name: (fields, True) for name, fields in table["privileged-user"].items()}
    for match in _INITIALISER.finditer(text):
        known = structures.get(match[1].decode())
        if known is None:
            continue
        fields = frozenset(known[0].split())
        end = text.find(b"\n};", match.end())
        for field in _FIELD.finditer(text, match.end(), end if end > 0 else len(text)):
            name = field[1].decode()
            if name in fields or known[0] == "*":
                named.add(field.start())
                yield field[2].decode(), (match[1].decode(), name, known[1] or match[2] in root_only)
    for field in _FIELD.finditer(text):
        if field[1].decode() in _DISTINCT and field.start() not in named:
            yield field[2].decode(), ("file_operations", field[1].decode(), False)
    for match in _MACRO.finditer(text):
        parts = [part.strip().decode("utf-8", "replace") for part in match[2].split(b",")]
        if match[1].startswith(b"DRM_IOCTL") and len(parts) > 1:
            yield parts[1], ("drm_ioctl_desc", "func", False)
        elif match[1].startswith(b"DEVICE_ATTR"):
            yield f"{parts[0]}_store", ("device_attribute", "store", True)


def _kind(field: str) -> str:
    return "ioctl" if "ioctl" in field else field


def _words(parameters: str) -> frozenset[str]:
    return frozenset(compiled(r"\w+").findall(parameters))


def _static_calls(unit: Unit, roots: dict[str, Reach]) -> list[tuple[str, Function]]:
    """Calls from a root to another function of the unit."""
    known = {function.name: function for function in unit.functions if function.name}
    found = []
    for function in unit.functions:
        if function.name in roots:
            for name, _, _ in named_calls(function):
                callee = known.get(name)
                if callee is not None and callee is not function:
                    found.append((function.name, callee))
    return found
