"""The types that leave the rulebook stage: rules and the tables that they share."""

from __future__ import annotations

import enum
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

from linter.record import field, record

T = TypeVar("T")

CATEGORIES = (
    "resource", "lifetime", "locking", "error", "order", "null", "memory",
    "user", "logging", "uapi", "api", "style", "commit", "series", "patch",
)  # fmt: skip
"""The folders of `rules/`, a closed list."""

PROCESS_CATEGORIES = frozenset({"style", "commit", "series", "patch"})
"""Categories that say nothing about the code's correctness."""


class Severity(enum.IntEnum):
    """How bad it is if it is true."""

    INFO = 1  # worth a thought
    WARNING = 2  # a reviewer would remark on it
    ERROR = 3  # a defect: the patch would be sent back

    @property
    def label(self) -> str:
        return self.name.lower()


class Confidence(enum.IntEnum):
    """How likely it is true. A rule states a ceiling; what could not be seen lowers it."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def label(self) -> str:
        return self.name.lower()


class Status(enum.Enum):
    """How far a rule is proven."""

    PREVIEW = "preview"  # off unless --preview
    STABLE = "stable"
    DEPRECATED = "deprecated"  # still found by name, never runs by itself


KernelVersion = tuple[int, int]
"""Major and minor number of a kernel release, e.g. (6, 12)."""


@record
class Citation:
    """Where a fact stands: a URL or a path in the kernel tree, and what it says in our words."""

    says: str
    url: str | None = None
    path: str | None = None


@record
class AppliesTo:
    """Glob patterns (`**` crosses folders) of the files that a rule is about; none: every file."""

    paths: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@record
class KernelRange:
    """Kernel releases in which a rule holds; an unknown target kernel satisfies neither bound check."""

    since: KernelVersion | None = None
    removed: KernelVersion | None = None


@record
class ExampleFile:
    """One file of an example: its images with the `//~ id` markers still in them; None: the side does not exist."""

    path: str
    pre: str | None
    post: str | None


@record
class Example:
    """One example of a rule: C images, a mail, or a series of mails. Exactly one of the three is filled."""

    name: str
    files: tuple[ExampleFile, ...] = ()
    mail: str | None = None
    series: tuple[str, ...] = ()
    context: str = "whole"  # "hunk": shown to the rule as a patch with three lines of context shows it
    date: str | None = None  # of the patch, where the rule depends on it (ISO 8601)
    target: str | None = None  # kernel, e.g. "6.12"
    lineno: int = 0  # in the rule file


@record(eq=False)
class Rule:
    """One YAML file of `rules/`."""

    id: str
    title: str
    category: str
    severity: Severity
    confidence: Confidence
    status: Status
    since: str
    rationale: str
    help: str
    engine: str
    block: Mapping[str, Any]  # the engine's own part, checked when the rulebook was compiled
    citations: tuple[Citation, ...] = ()
    applies_to: AppliesTo = AppliesTo()
    aliases: tuple[str, ...] = ()
    profiles: Mapping[str, Any] = field(default_factory=dict)
    kernel: KernelRange | None = None
    cwe: str | None = None
    report: str = "introduced"  # or "all", "first" (told once a file), "once" (once a function and thing)
    triggers: frozenset[str] | None = (
        None  # identifiers, or `~` and a text, of which one must stand in an image; None: always run
    )
    source: str = ""  # path of the YAML file
    examples: tuple[Example, ...] = ()  # empty when the rule came from the compiled cache
    supersedes: tuple[str, ...] = ()  # rules that say less about the same line: they are not shown beside this one
    scope: str = ""  # what its engine is given at a time, as the check told; empty where nobody was asked


@record(eq=False)
class Tables:
    """`rules/data/*.yaml` by stem. What an engine builds from a table is kept with `derived`."""

    data: Mapping[str, Any]
    _derived: dict[Hashable, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.data[name]

    def derived(self, key: Hashable, build: Callable[[Tables], T]) -> T:
        """`build(self)`, computed once a process for each `key`."""
        if key not in self._derived:
            self._derived[key] = build(self)
        found: T = self._derived[key]
        return found


@record(eq=False)
class Rulebook:
    """All rules by id, the tables, and a digest of every byte that they were read from."""

    rules: Mapping[str, Rule]
    tables: Tables
    digest: str
