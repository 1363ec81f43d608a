"""Runs a rule on its own examples: a finding exactly where a marker stands, and nowhere else."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from linter.detect.model import Context, Engine, Finding, Runner, Scope
from linter.patch.model import FilePatch, Image, Patch, Side
from linter.review.example import Case, Place, build_case
from linter.review.introduced import match_preexisting
from linter.rulebook.build import is_bad
from linter.rulebook.kernel import kernel_at, parse_version
from linter.rulebook.load import read_examples
from linter.rulebook.model import Example, KernelVersion, Rule, Rulebook, Tables
from linter.rulebook.paths import applies
from linter.syntax.model import Unit
from linter.syntax.parse import parse_image


class Result(enum.Enum):
    """What became of one example."""

    VALIDATED = "validated"  # a good example, and no finding
    REPORTED = "reported"  # a bad example, and exactly the findings that its markers ask for
    NOISY = "noisy"  # a finding where no marker stands
    MISSING = "missing"  # a marker, and no finding there


@dataclass(frozen=True, slots=True)
class Outcome:
    """One example of one rule, and how it went."""

    rule: Rule
    example: Example
    result: Result
    missing: tuple[Place, ...] = ()
    noisy: tuple[tuple[Place, Finding], ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the example gave what it asks for."""
        return self.result in (Result.VALIDATED, Result.REPORTED)


def verify_rule(rule: Rule, rulebook: Rulebook, engine: Engine) -> list[Outcome]:
    """Every example of a rule, run."""
    runner = engine.prepare([rule], rulebook.tables)
    return [verify_example(rule, example, engine, runner, rulebook) for example in read_examples(rule)]


def verify_example(rule: Rule, example: Example, engine: Engine, runner: Runner, rulebook: Rulebook) -> Outcome:
    """Run one example and compare its findings with its markers."""
    case = build_case(example)
    found = run_case(rule, example, case, engine, runner, rulebook.tables)
    return judge(rule, example, case, found)


def judge(rule: Rule, example: Example, case: Case, found: Sequence[tuple[int, Finding]]) -> Outcome:
    """Findings against markers, by place."""
    left = Counter(case.wanted)
    noisy = []
    for index, finding in found:
        place = _place(index, finding)
        if left[place] > 0:
            left[place] -= 1
        else:
            noisy.append((place, finding))
    missing = tuple(sorted(left.elements(), key=str))
    if missing:
        result = Result.MISSING
    elif noisy:
        result = Result.NOISY
    else:
        result = Result.REPORTED if is_bad(example) else Result.VALIDATED
    return Outcome(rule, example, result, missing, tuple(noisy), tuple(finding for _, finding in found))


def _place(index: int, finding: Finding) -> Place:
    where = finding.primary.location
    if where.line is not None and where.side is not None:
        return (index, where.path, where.side.value, where.line)
    return (index, None, "mail", where.patch_lineno)


def run_case(
    rule: Rule, example: Example, case: Case, engine: Engine, runner: Runner, tables: Tables
) -> list[tuple[int, Finding]]:
    """The findings of a rule on an example, each with the index of its patch; pre-existing ones are left out."""
    enabled = frozenset({rule.id})
    kernel = _kernel(example, case, tables)
    if engine.scope is Scope.SERIES:
        context = Context(tables, case.series.patches[0], case.series, kernel=kernel)
        return [(_patch_index(f, case), f) for f in runner.run(case.series, context, enabled)]
    found: list[tuple[int, Finding]] = []
    for index, patch in enumerate(case.series.patches):
        context = Context(tables, patch, case.series, kernel=kernel, defined=_defined(patch))
        if engine.scope is Scope.PATCH:
            found += [(index, each) for each in runner.run(patch, context, enabled)]
            continue
        for file in patch.files:
            if not applies(rule.applies_to, file.path):
                continue
            here = Context(tables, patch, case.series, file, kernel, defined=context.defined)
            if engine.scope is Scope.FILE:
                found += [(index, each) for each in runner.run(file, here, enabled)]
            else:
                found += [(index, each) for each in _introduced(rule, file, case, runner, here, enabled)]
    return found


def _introduced(
    rule: Rule, file: FilePatch, case: Case, runner: Runner, context: Context, enabled: frozenset[str]
) -> list[Finding]:
    pre, post = _images(file, case, context.patch)
    if post is None:
        return []
    found = list(_run_image(rule, post, runner, context, enabled))
    if not found or pre is None or rule.report == "all":
        return found
    before = list(_run_image(rule, pre, runner, context, enabled))
    old = match_preexisting(found, before, post, pre)
    return [each for number, each in enumerate(found) if number not in old]


def _run_image(
    rule: Rule, image: Image, runner: Runner, context: Context, enabled: frozenset[str]
) -> Iterable[Finding]:
    unit: Unit = parse_image(image)
    if rule.triggers is not None and not any(name.encode() in unit.identifiers for name in rule.triggers):
        return ()
    return runner.run(unit, context, enabled)


def _images(file: FilePatch, case: Case, patch: Patch | None) -> tuple[Image | None, Image | None]:
    path = file.path or ""
    pre = case.images.get((file.patch_lineno, path, Side.PRE.value))
    post = case.images.get((file.patch_lineno, path, Side.POST.value))
    if pre is None and post is None and patch is not None:
        from linter.patch.images import ImageStore

        return ImageStore().images(file, patch)
    return pre, post


def _patch_index(finding: Finding, case: Case) -> int:
    """A series rule names its patch at the start of the finding's key: `2:` is the patch of index 2."""
    head = finding.key.partition(":")[0]
    return min(int(head), len(case.series.patches) - 1) if head.isdigit() else 0


def _kernel(example: Example, case: Case, tables: Tables) -> KernelVersion | None:
    """The target of an example: as given, by its date, else the newest release of the table."""
    if example.target is not None:
        return parse_version(example.target)
    if "kernels" not in tables.data:
        return None
    date = case.series.patches[0].date if case.series.patches else None
    return kernel_at(date if date is not None else 4e9, tables)


def _defined(patch: Patch) -> frozenset[bytes]:
    """Names that the patch defines as macros or functions, roughly: a `#define`, or a head at the line's start."""
    import re

    head = re.compile(rb"^(?:#\s*define\s+(\w+)|(?!return|else|case)[A-Za-z_][\w\s*]*?\b(\w+)\s*\([^;]*$)")
    names = set()
    for file in patch.files:
        for hunk in file.hunks:
            for line in hunk.lines:
                match = head.match(line.text) if line.post_lineno is not None else None
                if match is not None:
                    names.add(match.group(1) or match.group(2))
    return frozenset(names)
