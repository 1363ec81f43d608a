"""The review of one patch: every rule that could speak about it, and what becomes of each finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from linter.detect.model import Context, Finding, Scope
from linter.flow.limits import noted_limits
from linter.patch.images import ImageStore
from linter.patch.model import FilePatch, Image, LineKind, Patch, Series
from linter.pattern import lazy
from linter.record import field, record, replace
from linter.review.anchor import anchor
from linter.review.introduced import fingerprint, is_moved, line_text, match_preexisting, moved_lines
from linter.review.model import Judged, PatchReport, Skip, Verdict
from linter.review.overlap import without_repeats, without_superseded
from linter.review.prepare import Prepared, Workshop
from linter.review.profiles import is_kernel_patch, is_userspace, select_profiles, with_profiles
from linter.review.suppress import Decisions
from linter.review.target import target_kernel
from linter.syntax.model import Unit
from linter.syntax.parse import is_c_path, parse_image

_DEFINED = lazy(rb"^(?:#[ \t]*define[ \t]+(\w+)|[A-Za-z_][\w \t*]{0,200}?\b(\w+)\()")
MAX_IMAGE = 8 << 20
"""Bytes of an image above which C is not parsed: generated tables, not code that a person reviews."""
_VALUES = frozenset({"return-check", "uninit"})
"""Engines whose findings are about one value or one call, and hold it for their subject."""


@record(frozen=False)
class PatchRun:
    """The review of one patch."""

    workshop: Workshop
    store: ImageStore
    decisions: Decisions
    baseline: frozenset[str]
    patch: Patch
    series: Series
    keep_images: bool = True
    profiles: frozenset[str] = frozenset()
    skips: list[Skip] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    images: dict[tuple[str | None, str], Image] = field(default_factory=dict)
    _seen: Counter[str] = field(default_factory=Counter)
    _removed: dict[bytes, set[str | None]] = field(default_factory=dict)
    _endless: set[bytes] = field(default_factory=set)  # functions that the patch or series declares `__noreturn`
    _bare: Context = field(init=False)

    def __post_init__(self) -> None:
        tables, chosen = self.workshop.rulebook.tables, self.workshop.settings.profile
        self.profiles = frozenset(chosen) if chosen is not None else select_profiles(self.patch, tables)
        if len(self.patch.files) > 1:
            self._removed = moved_lines(self.patch.files)
        kernel = target_kernel(self.patch, self.workshop.settings, self.workshop.rulebook, self.store.git)
        # a long series is not searched again for each of its patches
        defined = defined_names(self.series.patches if len(self.series.patches) <= 32 else (self.patch,), self._endless)
        foreign = not is_kernel_patch(self.patch, tables)
        self._bare = Context(tables, self.patch, self.series, None, kernel, foreign, defined)

    def report(self) -> PatchReport:
        """Run everything and put the findings in the order of the patch."""
        for prepared in self.workshop.with_scope(Scope.PATCH):
            found = self._run(prepared, self.patch, self._bare, self.allowed(prepared.rules))
            self.judged += self.judge(found, [], None, None, None)
        for file in self.patch.files:
            self._review_file(file)
        kept = without_repeats(without_superseded(self.judged, self.workshop.rules), self.workshop.rules)
        return PatchReport(self.patch, in_order(kept), tuple(self.skips), self.images)

    def allowed(self, rules: frozenset[str]) -> frozenset[str]:
        """The rules that the profiles and the target kernel of this patch leave on."""
        return self.workshop.allowed(rules, self.profiles, self._bare.kernel)

    def _run(self, prepared: Prepared, target: object, context: Context, enabled: frozenset[str]) -> list[Finding]:
        return self.workshop.guarded(prepared, target, context, enabled, self.skips)

    def _review_file(self, file: FilePatch) -> None:
        if file.combined:
            self._skip(file, "patch", "a combined diff has more than one pre-image")
            return
        here = self.allowed(self.workshop.rules_for(file.path))
        if not here or file.binary:
            return
        user = is_userspace(file.path, self.patch, self._bare.tables)
        context = replace(self._bare, file=file, userspace=user)
        for prepared in self.workshop.with_scope(Scope.FILE):
            found = self._run(prepared, file, context, prepared.rules & here)
            self.judged += self.judge(found, [], file, None, None)
        if file.hunks and is_c_path(file.path):
            self._review_code(file, here, context)

    def _review_code(self, file: FilePatch, here: frozenset[str], context: Context) -> None:
        if not self.workshop.of_code():
            return
        try:
            pre, post = self.store.images(file, self.patch)
        except (ValueError, OSError) as error:
            self._skip(file, "patch", f"no image: {error}")
            return
        if post is None:
            return
        if len(post.text) > MAX_IMAGE or (pre is not None and len(pre.text) > MAX_IMAGE):
            self._skip(file, "syntax", f"larger than {MAX_IMAGE >> 20} MiB")
            return
        wanted = self.workshop.wanted(post, here)
        if not wanted:
            return
        unit = parse_image(post)
        if self._endless:
            from linter.flow.noreturn import tell_noreturn  # hardly a patch declares one

            tell_noreturn(unit, self._endless)
        self._note_unparsed(unit, file)
        found = self._run_all(wanted, unit, context)
        for reason in noted_limits(unit):
            self._skip(file, "flow", reason)
        if not found:
            return
        before: list[Finding] = []
        if pre is not None and pre.text:
            fired = here.intersection(one.rule for one in found)
            if again := self.workshop.wanted(pre, fired):
                before = self._run_all(again, parse_image(pre), context)
        if self.keep_images:
            self.images[post.path, "post"] = post
            if pre is not None:
                self.images[pre.path, "pre"] = pre
        self.judged += self.judge(found, before, file, post, pre, unit)

    def _run_all(
        self, wanted: Sequence[tuple[Prepared, frozenset[str]]], unit: Unit, context: Context
    ) -> list[Finding]:
        functions = bool(unit.functions) and not context.userspace
        return [
            one
            for prepared, rules in wanted
            if functions or prepared.scope is not Scope.FUNCTION
            for one in self._run(prepared, unit, context, rules)
        ]

    def _skip(self, file: FilePatch, stage: str, reason: str) -> None:
        self.skips.append(Skip(file.path, stage, reason, self.patch.message_id))

    def _note_unparsed(self, unit: Unit, file: FilePatch) -> None:
        for span in unit.unparsed:
            place = unit.location(span.start, span.end)
            if place.changed:
                self._skip(file, "syntax", f"not understood from line {place.line}" if place.line else "not understood")
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
        settings = self.workshop.settings
        # equal lines are told apart by their order: it must be that of the file, whatever order an engine walks in
        found, before = sorted(found, key=_position), sorted(before, key=_position)
        values = {raw.rule for raw in found if self.workshop.rules[raw.rule].engine in _VALUES} if before else ()
        old = match_preexisting(found, before, post, pre, values)
        judged = []
        for index, raw in enumerate(found):
            rule = self.workshop.rules[raw.rule]
            finding = with_profiles(raw, rule, self.profiles)
            path = finding.primary.location.path if file is None else file.path
            print_ = self._fingerprint(finding, path, line_text(post, finding.primary.location))
            place = anchor(finding, file)
            verdict, reason = Verdict.REPORTED, ""
            decision = self.decisions.verdict(finding, path, print_, self.patch)
            if rule.report != "all" and index in old:
                verdict = Verdict.PREEXISTING
            elif rule.report != "all" and unit is not None and _untouched(finding, unit, file):
                verdict, reason = Verdict.PREEXISTING, "the patch does not touch this function"
            elif post is not None and self._removed and is_moved(finding, post, path, self._removed):
                verdict, reason = Verdict.PREEXISTING, "moved from another file"
            elif decision is not None:
                verdict, reason = Verdict.SUPPRESSED, f"{decision.reason} ({decision.source})"
            elif print_ in self.baseline:
                verdict = Verdict.BASELINED
            elif finding.severity < settings.severity or finding.confidence < settings.confidence:
                verdict = Verdict.BELOW_THRESHOLD
            judged.append(Judged(replace(finding, fingerprint=print_), verdict, place, print_, reason))
        return judged

    def _fingerprint(self, finding: Finding, path: str | None, text: bytes) -> str:
        if not text:
            text = self.patch.line_text(finding.primary.location.patch_lineno)
        first = fingerprint(finding, path, text, 0)
        nth = self._seen[first]
        self._seen[first] += 1
        return fingerprint(finding, path, text, nth) if nth else first


def _position(found: Finding) -> tuple[int, int, int, int, str, str, str]:
    """Where a finding stands, then what tells apart those that stand at one place."""
    place = found.primary.location
    start = place.span.start if place.span is not None else 0
    return place.patch_lineno, place.line or 0, start, place.column or 0, found.rule, found.key, found.message


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


def in_order(judged: Iterable[Judged]) -> tuple[Judged, ...]:
    return tuple(
        sorted(judged, key=lambda j: (j.anchor.patch_lineno, j.finding.rule, j.anchor.column or 0, j.fingerprint))
    )


def defined_names(patches: Sequence[Patch], endless: set[bytes]) -> frozenset[bytes]:
    """Names of functions and macros that the added lines of patches define or declare.

    Those of functions that never return are put into `endless` as well.
    """
    found: set[bytes] = set()
    for patch in patches:
        for file in patch.files:
            for hunk in file.hunks:
                for line in hunk.lines:
                    if line.kind is LineKind.ADDED and line.text[:1] not in (b"\t", b" ", b"", b"}", b"/", b"*"):
                        match = _DEFINED.match(line.text)
                        if match:
                            found.add(match[1] or match[2])
                            if b"__noreturn" in line.text:
                                endless.update(_declared_endless(line.text))
    return frozenset(found)


def _declared_endless(text: bytes) -> Sequence[bytes]:
    from linter.flow.noreturn import noreturn_name

    name = noreturn_name(text)
    return () if name is None else (name,)
