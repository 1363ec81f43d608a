"""The engine `taken`: what a patch takes away, read from the lines of its hunks.

    taken:
      report: error-code            # a question, see QUESTIONS
      message: "`$NAME` is no longer set to $VALUE on the way to this exit"

A fragment that is too short for control flow still shows that a test, a value or an error code stood there, and that
what it was for is left. Nothing is said where the commit message explains it, or where the patch rewrites much.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from linter.detect.model import Context, Finding, Label, Scope, finding
from linter.detect.questions import Later, fill
from linter.detect.taken_blocks import blocks, is_explained
from linter.patch.model import Change, FilePatch, Line, LineKind, Location, Side
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Confidence, Rule, Tables

if TYPE_CHECKING:
    from linter.detect.taken_model import Search, Taken

calls, codes, jumps, results, starts, tests, widths = map(
    Later,
    (
        "taken_calls", "taken_codes", "taken_jumps", "taken_results", "taken_starts", "taken_tests", "taken_widths",
    ),
)  # fmt: skip

QUESTIONS: Mapping[str, Search] = {
    "error-code": codes.codes,
    "result-test": results.result_tests,
    "null-test": tests.null_tests,
    "bound-test": tests.bound_tests,
    "bound": tests.loosened,
    "first-value": starts.first_values,
    "error-pointer": starts.error_pointers,
    "label": jumps.labels,
    "way-out": jumps.ways_out,
    "returned": results.returned,
    "sign": results.signs,
    "width": widths.widths,
    "zeroing": calls.zeroing,
    "stop": calls.stops,
}
"""What a rule of this engine can ask of a run of changed lines."""

_NEEDED: Mapping[str, tuple[bytes, ...]] = {
    "error-code": (b"-E", b"PTR_ERR", b"dev_err_probe"),
    "result-test": (b"if (", b"="),
    "null-test": (b"if (", b"while (", b"&&", b"||"),
    "bound-test": (b"if (",),
    "bound": (b"<", b">"),
    "first-value": (b" = ",),
    "error-pointer": (b"= NULL;",),
    "label": (b":",),
    "way-out": (b"return", b"goto", b"break", b"continue"),
    "returned": (b"return ",),
    "sign": (b"-E",),
    "zeroing": (b"memset(", b"alloc"),
    "stop": (b"cancel", b"flush", b"drain", b"timer", b"kill", b"irq", b"synchronize", b"stop", b"disable", b"barrier"),
}
"""Texts of which one stands in what goes, where a question has an answer."""
_MOST_LINES = 40
"""Lines that a patch may write into a file, or take out of it, before it counts as a rewrite."""


class _Runner:
    """The rules of a run; the changed lines of a file are read once for all."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = [(rule, QUESTIONS[rule.block["report"]]) for rule in rules]

    def run(self, target: Any, context: Context, enabled: frozenset[str]) -> Iterator[Finding]:
        """Findings on one file of a patch."""
        file: FilePatch = target
        asked = [(rule, search) for rule, search in self.rules if rule.id in enabled]
        if not asked or context.userspace or file.change is not Change.MODIFY or _is_rewrite(file):
            return
        for block in blocks(file):
            gone = b"\n".join([line.text for line in block.gone])
            for rule, search in asked:
                needed = _NEEDED.get(rule.block["report"])
                if needed is not None and not any(text in gone for text in needed):
                    continue
                for item in search(block, file, context):
                    if is_explained(context.patch):  # a long look at the message, for what few patches do
                        return
                    yield _report(rule, item, file)


def _is_rewrite(file: FilePatch) -> bool:
    """Whether a file loses nothing, or more than single lines change in it."""
    kinds = [line.kind for hunk in file.hunks for line in hunk.lines]
    removed = kinds.count(LineKind.REMOVED)
    return removed == 0 or max(removed, kinds.count(LineKind.ADDED)) > _MOST_LINES


def _report(rule: Rule, item: Taken, file: FilePatch) -> Finding:
    names = {name: text.decode("utf-8", "replace") for name, text in item.names.items()}
    message = fill(rule.block["message"], names)
    labels = [
        Label(_place(file, item.gone), "the patch removes this"),
        Label(_place(file, item.missed), message, primary=True),
    ]
    limits = ["read from the lines of the hunk"]
    return finding(
        rule, message, labels, confidence=Confidence.MEDIUM, limits=limits,
        key=item.key.decode("utf-8", "replace"), help=fill(rule.help, names),
    )  # fmt: skip


def _place(file: FilePatch, line: Line) -> Location:
    removed = line.kind is LineKind.REMOVED
    path = file.pre_path if removed else file.post_path
    number = line.pre_lineno if removed else line.post_lineno
    column = len(line.text) - len(line.text.lstrip()) + 1
    changed = line.kind is not LineKind.CONTEXT
    side = Side.PRE if removed else Side.POST
    return Location(path or file.path, side, number, column, line.patch_lineno, None, changed)


class TakenEngine:
    """See the module's docstring."""

    name = "taken"
    scope = Scope.FILE
    schema: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["report", "message"],
        "properties": {"report": {"enum": sorted(QUESTIONS)}, "message": {"type": "string"}},
    }

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        """Check a rule's block."""
        block = rule.block
        for key in block:
            if key not in ("report", "message"):
                raise BlockError((self.name, key), "unknown key", "report or message")
        if block.get("report") not in QUESTIONS:
            raise BlockError((self.name, "report"), f"unknown `{block.get('report')}`", ", ".join(sorted(QUESTIONS)))
        if not isinstance(block.get("message"), str):
            raise BlockError((self.name,), "the key `message` is missing", "`message:`")
        return None

    def prepare(self, rules: Sequence[Rule], tables: Tables) -> _Runner:
        """Sort the rules by what they ask."""
        return _Runner(rules)


ENGINE = TakenEngine()
