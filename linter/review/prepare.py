"""The enabled rules made ready for a run: engines, an index from words to rules, and which rules a path calls for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from linter.detect.model import Context, Finding, Runner, Scope
from linter.detect.registry import engines
from linter.errors import InternalError
from linter.patch.model import Image
from linter.record import field, record
from linter.review.model import Skip
from linter.review.profiles import is_silenced
from linter.review.settings import Settings
from linter.review.triggers import TriggerIndex
from linter.rulebook.kernel import holds
from linter.rulebook.model import AppliesTo, KernelVersion, Rule, Rulebook, Tables
from linter.rulebook.paths import applies
from linter.syntax.scrub import identifiers_of


class Prepared:
    """One engine with the enabled rules that it runs; it is imported when it first has something to look at."""

    def __init__(self, name: str, rules: Sequence[Rule], tables: Tables) -> None:
        self.scope = Scope(rules[0].scope) if rules[0].scope else engines()[name].scope
        self.rules = frozenset(rule.id for rule in rules)
        self._wanted = (name, rules, tables)
        self._runner: Runner | None = None

    @property
    def runner(self) -> Runner:
        """The engine, made ready."""
        if self._runner is None:
            name, rules, tables = self._wanted
            self._runner = engines()[name].prepare(rules, tables)
        return self._runner


@record(frozen=False)
class Workshop:
    """What is prepared once for a run and used for each patch."""

    rulebook: Rulebook
    settings: Settings
    rules: dict[str, Rule] = field(default_factory=dict)
    engines: list[Prepared] = field(default_factory=list)
    _triggers: TriggerIndex = field(init=False)
    _by_path: dict[str | None, frozenset[str]] = field(default_factory=dict)
    _by_globs: dict[AppliesTo, list[str]] = field(default_factory=lambda: defaultdict(list))
    _allowed: dict[Any, frozenset[str]] = field(default_factory=dict)
    _sets: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)  # few differ, of thousands of paths

    def __post_init__(self) -> None:
        by_engine: dict[str, list[Rule]] = defaultdict(list)
        for rule in self.settings.enabled(self.rulebook):
            self.rules[rule.id] = rule
            by_engine[rule.engine].append(rule)
        self._triggers = TriggerIndex(self.rules.values())
        self.engines += [Prepared(name, rules, self.rulebook.tables) for name, rules in by_engine.items()]

    def with_scope(self, scope: Scope) -> list[Prepared]:
        """The engines that are given one sort of thing."""
        return [prepared for prepared in self.engines if prepared.scope is scope]

    def of_code(self) -> list[Prepared]:
        """The engines that are given parsed images."""
        return [prepared for prepared in self.engines if prepared.scope in (Scope.UNIT, Scope.FUNCTION)]

    def rules_for(self, path: str | None) -> frozenset[str]:
        """Enabled rules whose paths take in `path`."""
        found = self._by_path.get(path)
        if found is None:
            if len(self._by_path) > 1024:
                self._by_path.clear()
            if not self._by_globs:
                for id, rule in self.rules.items():
                    self._by_globs[rule.applies_to].append(id)
            found = frozenset(id for where, ids in self._by_globs.items() if applies(where, path) for id in ids)
            found = self._by_path[path] = self._sets.setdefault(found, found)
        return found

    def allowed(self, rules: frozenset[str], profiles: frozenset[str], kernel: KernelVersion | None) -> frozenset[str]:
        """Those of some rules that profiles and a target kernel leave on."""
        key = (rules, profiles, kernel)
        found = self._allowed.get(key)
        if found is None:
            if len(self._allowed) > 1024:
                self._allowed.clear()
            found = frozenset(
                id
                for id in rules
                if not (self.rules[id].profiles and is_silenced(self.rules[id], profiles))
                and holds(self.rules[id].kernel, kernel)
            )
            found = self._allowed[key] = self._sets.setdefault(found, found)
        return found

    def wanted(self, image: Image, here: frozenset[str]) -> list[tuple[Prepared, frozenset[str]]]:
        """Rules that could speak about an image, by engine: those of which a trigger stands in it."""
        called = self._triggers.called_for(image.text, identifiers_of(image.text)) & here
        return [(prepared, rules) for prepared in self.of_code() if (rules := prepared.rules & called)]

    def guarded(
        self, prepared: Prepared, target: Any, context: Context, enabled: frozenset[str], skips: list[Skip]
    ) -> list[Finding]:
        """Run an engine; a bug in it costs what it was looking at, and is said."""
        if not enabled:
            return []
        path = context.file.path if context.file is not None else None
        message_id = context.patch.message_id if context.patch is not None else None
        try:
            return list(prepared.runner.run(target, context, enabled))
        except RecursionError:
            skips.append(Skip(path, "detect", "code is nested too deeply", message_id))
        except Exception as error:
            if self.settings.strict:
                names = ", ".join(sorted(enabled)[:3])
                raise InternalError(f"{type(error).__name__} in {names} on {path}: {error}") from error
            skips.append(Skip(path, "detect", f"internal error: {type(error).__name__}: {error}", message_id))
        return []
