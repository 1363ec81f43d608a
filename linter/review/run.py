"""The run: series in, patch reports out. Rules are chosen by what stands in the code before anything is parsed."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from linter import __version__
from linter.detect.model import Context, Finding, Runner, Scope
from linter.detect.registry import engine_of
from linter.errors import InternalError
from linter.patch.images import ImageStore
from linter.patch.model import FilePatch, Image, LineKind, Message, Patch, Series
from linter.review.anchor import anchor
from linter.review.introduced import fingerprint, is_moved, line_text, match_preexisting, moved_lines
from linter.review.model import Counts, Judged, PatchReport, Report, Skip, Verdict
from linter.review.profiles import is_userspace, select_profiles
from linter.review.settings import Settings
from linter.review.suppress import Decisions
from linter.review.target import target_kernel
from linter.rulebook.model import Rule, Rulebook, Severity
from linter.rulebook.paths import applies
from linter.syntax.model import Unit
from linter.syntax.parse import is_c_path, parse_image

_WORD = re.compile(rb"[A-Za-z_]\w*")
_DEFINED = re.compile(rb"^(?:#[ \t]*define[ \t]+(\w+)|[A-Za-z_][\w \t*]{0,200}?\b(\w+)\()")
MAX_IMAGE = 8 << 20
"""Bytes of an image above which C is not parsed: generated tables, not code that a person reviews."""


@dataclass(slots=True)
class _Prepared:
    """One engine with the enabled rules that it runs."""

    scope: Scope
    runner: Runner
    rules: frozenset[str]
    always: frozenset[str]  # rules without triggers


@dataclass(slots=True)
class Reviewer:
    """Everything that is prepared once for a run and used for each series."""

    rulebook: Rulebook
    settings: Settings
    store: ImageStore = field(default_factory=ImageStore)
    decisions: Decisions = field(default_factory=lambda: Decisions([], set()))
    baseline: frozenset[str] = frozenset()
    keep_images: bool = True
    _rules: dict[str, Rule] = field(default_factory=dict)
    _engines: list[_Prepared] = field(default_factory=list)
    _by_word: dict[bytes, set[str]] = field(default_factory=lambda: defaultdict(set))
    _by_path: dict[str | None, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        by_engine: dict[str, list[Rule]] = defaultdict(list)
        for rule in self.settings.enabled(self.rulebook):
            self._rules[rule.id] = rule
            by_engine[rule.engine].append(rule)
            for word in rule.triggers or ():
                self._by_word[word.encode()].add(rule.id)
        for name, rules in by_engine.items():
            engine = engine_of(name)
            runner = engine.prepare(rules, self.rulebook.tables)
            ids = frozenset(rule.id for rule in rules)
            always = frozenset(rule.id for rule in rules if rule.triggers is None)
            self._engines.append(_Prepared(engine.scope, runner, ids, always))

    def review_series(self, series: Series) -> list[PatchReport]:
        """One report a patch, in the order of the series."""
        self.store.new_series()
        reports = [self._review_patch(patch, series) for patch in series.patches]
        if series.patches and any(prepared.scope is Scope.SERIES for prepared in self._engines):
            reports = self._review_whole(series, reports)
        return reports

    def _review_patch(self, patch: Patch, series: Series) -> PatchReport:
        run = _PatchRun(self, patch, series)
        return run.report()

    def _review_whole(self, series: Series, reports: list[PatchReport]) -> list[PatchReport]:
        """Add the findings of series rules to the patch that each is about (by Message-ID and patch line)."""
        patch = series.patches[0]
        context = Context(
            self.rulebook.tables, patch, series, kernel=target_kernel(patch, self.settings, self.rulebook)
        )
        added: dict[int, list[Judged]] = defaultdict(list)
        for prepared in self._engines:
            if prepared.scope is Scope.SERIES:
                skips: list[Skip] = []
                for found in self.guarded(prepared, series, context, prepared.rules, None, skips, patch.message_id):
                    index = int(found.key.partition(":")[0]) if found.key.partition(":")[0].isdigit() else 0
                    index = min(index, len(reports) - 1)
                    run = _PatchRun(self, reports[index].patch, series)
                    added[index] += run.judge([found], [], None, None, None)
        return [
            replace(report, judged=_in_order(report.judged + tuple(added[index]))) if index in added else report
            for index, report in enumerate(reports)
        ]

    def rules_for(self, path: str | None) -> frozenset[str]:
        """Enabled rules whose paths take in `path`."""
        found = self._by_path.get(path)
        if found is None:
            if len(self._by_path) > 4096:
                self._by_path.clear()
            found = frozenset(id for id, rule in self._rules.items() if applies(rule.applies_to, path))
            self._by_path[path] = found
        return found

    def guarded(
        self,
        prepared: _Prepared,
        target: Any,
        context: Context,
        enabled: frozenset[str],
        path: str | None,
        skips: list[Skip],
        message_id: str | None,
    ) -> list[Finding]:
        """Run an engine; a bug in it costs what it was looking at, and is said."""
        try:
            return list(prepared.runner.run(target, context, enabled))
        except RecursionError:
            skips.append(Skip(path, "detect", "code is nested too deeply", message_id))
        except Exception as error:
            if self.settings.strict:
                raise InternalError(
                    f"{type(error).__name__} in {', '.join(sorted(enabled)[:3])} on {path}: {error}"
                ) from error
            skips.append(Skip(path, "detect", f"internal error: {type(error).__name__}: {error}", message_id))
        return []


class _PatchRun:
    """The review of one patch."""

    def __init__(self, reviewer: Reviewer, patch: Patch, series: Series) -> None:
        self.reviewer = reviewer
        self.patch = patch
        self.series = series
        self.skips: list[Skip] = []
        self.judged: list[Judged] = []
        self.images: dict[tuple[str | None, str], Image] = {}
        self.seen: Counter[str] = Counter()
        tables = reviewer.rulebook.tables
        chosen = reviewer.settings.profile
        self.profiles = frozenset(chosen) if chosen is not None else select_profiles(patch, tables)
        self.kernel = target_kernel(patch, reviewer.settings, reviewer.rulebook)
        self.removed = moved_lines(patch.files) if len(patch.files) > 1 else {}
        self.defined = defined_names(series.patches if len(series.patches) <= 64 else (patch,))

    def report(self) -> PatchReport:
        """Run everything and put the findings in the order of the patch."""
        for prepared in self.reviewer._engines:
            if prepared.scope is Scope.PATCH:
                enabled = self._allowed(prepared.rules)
                found = self._run(prepared, self.patch, self._context(None), enabled, None)
                self.judged += self.judge(found, [], None, None, None)
        for file in self.patch.files:
            self._review_file(file)
        return PatchReport(self.patch, _in_order(self.judged), tuple(self.skips), self.images)

    def _context(self, file: FilePatch | None) -> Context:
        tables = self.reviewer.rulebook.tables
        user = file is not None and is_userspace(file.path, self.patch, tables)
        return Context(tables, self.patch, self.series, file, self.kernel, user, self.defined)

    def _allowed(self, rules: frozenset[str]) -> frozenset[str]:
        """The rules that the profiles of this patch leave on."""
        return frozenset(id for id in rules if not _silenced(self.reviewer._rules[id], self.profiles))

    def _run(
        self, prepared: _Prepared, target: Any, context: Context, enabled: frozenset[str], path: str | None
    ) -> list[Finding]:
        if not enabled:
            return []
        return self.reviewer.guarded(prepared, target, context, enabled, path, self.skips, self.patch.message_id)

    def _review_file(self, file: FilePatch) -> None:
        here = self._allowed(self.reviewer.rules_for(file.path))
        if not here or file.binary:
            return
        context = self._context(file)
        for prepared in self.reviewer._engines:
            if prepared.scope is Scope.FILE:
                found = self._run(prepared, file, context, prepared.rules & here, file.path)
                self.judged += self.judge(found, [], file, None, None)
        if file.hunks and is_c_path(file.path):
            self._review_code(file, here, context)

    def _review_code(self, file: FilePatch, here: frozenset[str], context: Context) -> None:
        if not any(prepared.scope is Scope.UNIT for prepared in self.reviewer._engines):
            return
        try:
            pre, post = self.reviewer.store.images(file, self.patch)
        except (ValueError, OSError) as error:
            self.skips.append(Skip(file.path, "patch", f"no image: {error}", self.patch.message_id))
            return
        if post is None:
            return
        for image in (pre, post):
            if image is not None and len(image.text) > MAX_IMAGE:
                self.skips.append(
                    Skip(file.path, "syntax", f"larger than {MAX_IMAGE >> 20} MiB", self.patch.message_id)
                )
                return
        wanted = self._wanted(post, here)
        if not wanted:
            return
        unit = parse_image(post)
        self._note_unparsed(unit, file)
        found = self._run_unit(unit, context, wanted)
        if not found:
            return
        before: list[Finding] = []
        if pre is not None and pre.text:
            fired = frozenset(f.rule for f in found)
            rules = {prepared_rule: fired & rules for prepared_rule, rules in wanted.items() if fired & rules}
            before = self._run_unit(parse_image(pre), context, rules)
        if self.reviewer.keep_images:
            self.images[post.path, "post"] = post
            if pre is not None:
                self.images[pre.path, "pre"] = pre
        self.judged += self.judge(found, before, file, post, pre, unit)

    def _wanted(self, image: Image, here: frozenset[str]) -> dict[int, frozenset[str]]:
        """Rules that could speak about an image, by engine: those of which a trigger stands in it."""
        words = self.reviewer._by_word
        hits: set[str] = set()
        for word in set(_WORD.findall(image.text)):
            if word in words:
                hits |= words[word]
        wanted = {}
        for index, prepared in enumerate(self.reviewer._engines):
            if prepared.scope is Scope.UNIT:
                rules = (prepared.always | (prepared.rules & hits)) & here
                if rules:
                    wanted[index] = rules
        return wanted

    def _run_unit(self, unit: Unit, context: Context, wanted: Mapping[int, frozenset[str]]) -> list[Finding]:
        found: list[Finding] = []
        for index, rules in wanted.items():
            found += self._run(self.reviewer._engines[index], unit, context, rules, unit.image.path)
        return found

    def _note_unparsed(self, unit: Unit, file: FilePatch) -> None:
        for span in unit.unparsed:
            place = unit.location(span.start, span.end)
            if place.changed:
                text = f"not understood from line {place.line}" if place.line else "not understood"
                self.skips.append(Skip(file.path, "syntax", text, self.patch.message_id))
                return

    def judge(
        self,
        found: Sequence[Finding],
        before: Sequence[Finding],
        file: FilePatch | None,
        post: Image | None,
        pre: Image | None,
        unit: Unit | None = None,
    ) -> list[Judged]:
        """Decide what becomes of each finding."""
        settings, reviewer = self.reviewer.settings, self.reviewer
        old = match_preexisting(found, before, post, pre)
        judged = []
        for index, raw in enumerate(found):
            rule = reviewer._rules[raw.rule]
            finding = _with_profile(raw, rule, self.profiles)
            path = finding.primary.location.path if file is None else file.path
            print_ = self._fingerprint(finding, path, line_text(post, finding.primary.location))
            place = anchor(finding, file)
            verdict, reason = Verdict.REPORTED, ""
            decision = reviewer.decisions.verdict(finding, path, print_, self.patch)
            if rule.report != "all" and index in old:
                verdict = Verdict.PREEXISTING
            elif rule.report != "all" and unit is not None and _untouched(finding, unit, file):
                verdict, reason = Verdict.PREEXISTING, "the patch does not touch this function"
            elif post is not None and self.removed and is_moved(finding, post, path, self.removed):
                verdict, reason = Verdict.PREEXISTING, "moved from another file"
            elif decision is not None:
                verdict, reason = Verdict.SUPPRESSED, f"{decision.reason} ({decision.source})"
            elif print_ in reviewer.baseline:
                verdict = Verdict.BASELINED
            elif finding.severity < settings.severity or finding.confidence < settings.confidence:
                verdict = Verdict.BELOW_THRESHOLD
            judged.append(Judged(replace(finding, fingerprint=print_), verdict, place, print_, reason))
        return judged

    def _fingerprint(self, finding: Finding, path: str | None, text: bytes) -> str:
        if not text:
            text = self.patch.line_text(finding.primary.location.patch_lineno)
        first = fingerprint(finding, path, text, 0)
        nth = self.seen[first]
        self.seen[first] += 1
        return fingerprint(finding, path, text, nth) if nth else first


def _untouched(finding: Finding, unit: Unit, file: FilePatch | None) -> bool:
    """Whether the function that a finding is about has no changed line in it, on either side."""
    if file is None or finding.function is None or any(label.location.changed for label in finding.labels):
        return False
    span = finding.primary.location.span
    if span is None:
        return False
    for function in unit.functions:
        if function.span.start <= span.start < function.span.end:
            return not _has_change(function.span.start, function.span.end, unit, file)
    return False


def _has_change(start: int, end: int, unit: Unit, file: FilePatch) -> bool:
    first, last = unit.location(start, start), unit.location(end - 1, end)
    if first.line is None or last.line is None:
        return True
    for hunk in file.hunks:
        at = hunk.post_start
        for line in hunk.lines:
            if line.post_lineno is not None:
                at = line.post_lineno
            if line.kind is not LineKind.CONTEXT and first.line <= at <= last.line:
                return True
    return False


def _silenced(rule: Rule, profiles: frozenset[str]) -> bool:
    """Whether a profile of the patch turns the rule off (`off`), or none of those it needs is there (`only`)."""
    if not rule.profiles:
        return False
    only = rule.profiles.get("only")
    return bool(profiles & set(rule.profiles.get("silent", ()))) or bool(only and not profiles & set(only))


def _with_profile(finding: Finding, rule: Rule, profiles: frozenset[str]) -> Finding:
    """The finding with the severity that the patch's profile asks for."""
    wishes = rule.profiles.get("severity") if rule.profiles else None
    if wishes:
        for name in sorted(profiles):
            if name in wishes:
                return replace(finding, severity=Severity[str(wishes[name]).upper()])
    return finding


def _in_order(judged: Iterable[Judged]) -> tuple[Judged, ...]:
    return tuple(
        sorted(judged, key=lambda j: (j.anchor.patch_lineno, j.finding.rule, j.anchor.column or 0, j.fingerprint))
    )


def defined_names(patches: Sequence[Patch]) -> frozenset[bytes]:
    """Names of functions and macros that the added lines of patches define or declare."""
    found: set[bytes] = set()
    for patch in patches:
        for file in patch.files:
            for hunk in file.hunks:
                for line in hunk.lines:
                    if line.kind is LineKind.ADDED and line.text[:1] not in (b"\t", b" ", b"", b"}", b"/", b"*"):
                        match = _DEFINED.match(line.text)
                        if match:
                            found.add(match[1] or match[2])
    return frozenset(found)


def review(series: Iterable[Series], reviewer: Reviewer, report: Report | None = None) -> Report:
    """A report over a stream of series; its `patches` are made while they are consumed."""
    result = report or Report(__version__, reviewer.rulebook, ())
    result.patches = _counted(series, reviewer, result)
    return result


def _counted(series: Iterable[Series], reviewer: Reviewer, report: Report) -> Iterator[PatchReport]:
    for one in series:
        for patch_report in reviewer.review_series(one):
            count(report.counts, patch_report, reviewer.settings.fail_on)
            yield patch_report


def count(counts: Counts, report: PatchReport, fail_on: Severity) -> None:
    """Add one patch to the totals."""
    counts.patches += 1
    counts.files += len(report.patch.files)
    counts.skipped += len(report.skipped)
    for judged in report.judged:
        match judged.verdict:
            case Verdict.REPORTED:
                label = judged.finding.severity.label
                setattr(counts, label, getattr(counts, label) + 1)
                counts.failed = counts.failed or judged.finding.severity >= fail_on
            case Verdict.SUPPRESSED:
                counts.suppressed += 1
            case Verdict.BASELINED:
                counts.baselined += 1
            case Verdict.PREEXISTING:
                counts.preexisting += 1
            case Verdict.BELOW_THRESHOLD:
                counts.hidden += 1


def note_message(report: Report, message: Message) -> None:
    """Count a message that came in; those without a patch are kept for the summary (the first hundred)."""
    report.counts.messages += 1
    if message.problem:
        report.skipped.append(Skip(None, "patch", message.problem, message.message_id))
        report.counts.skipped += 1
    if not message.patches:
        report.counts.without_patch += 1
        if len(report.discussion) < 100:
            report.discussion.append(message)
