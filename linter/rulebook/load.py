"""Rule folders to a `Rulebook`: every `*.yaml` below them is a rule, every one in `data/` a table. No list anywhere.

    rulebook = load_rulebook(check=linter.detect.registry.check_rule)

`check` looks at each rule's engine block when the rulebook is compiled; a compiled rulebook is cached (`cache.py`).
"""

# NOTE: os.path instead of pathlib: importing pathlib costs more than reading the compiled rulebook.

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from linter import __version__
from linter.errors import RuleError, UsageError
from linter.record import replace
from linter.rulebook.cache import read_cache, write_cache
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Example, Rule, Rulebook, Tables
from linter.rulebook.names import find_named as find_named
from linter.rulebook.names import find_rule as find_rule

if TYPE_CHECKING:
    from pathlib import Path

    from linter.rulebook.document import Document

Check = Callable[[Rule, Tables], frozenset[str] | None]
"""Checks a rule's engine block and returns its triggers; raises BlockError. It may have a method `scope_of`, from an
engine's name to what it is given: kept with each rule, so that an engine with nothing to do is not imported."""

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def rules_dir() -> str:
    """The folder of the rules that come with hunklint: `rules/` beside the package in a checkout, else inside it."""
    beside = os.path.join(os.path.dirname(_PACKAGE), "rules")
    inside = os.path.join(_PACKAGE, "_rules")
    return inside if os.path.isdir(inside) else beside


def find_rules(dirs: Sequence[str | Path] = ()) -> list[Path]:
    """Every rule file: those that come with hunklint, then those below `dirs`, each folder in order of path."""
    from pathlib import Path

    return [Path(file) for top in _tops(dirs) for file in sorted(_scan(top)) if not _is_table(file)]


def find_tables(dirs: Sequence[str | Path] = ()) -> list[Path]:
    """Every table file, in the same order."""
    from pathlib import Path

    return [Path(file) for top in _tops(dirs) for file in sorted(_scan(top)) if _is_table(file)]


def _tops(dirs: Sequence[str | Path]) -> list[str]:
    tops = [rules_dir()]
    for each in dirs:
        top = os.path.abspath(each)
        if not os.path.isdir(top):
            raise UsageError(f"no rule folder at {each}", "give a folder that holds <category>/<id>.yaml files")
        if top not in tops:
            tops.append(top)
    return tops


def _is_table(file: str) -> bool:
    return os.path.basename(os.path.dirname(file)) == "data"


def _scan(top: str) -> Iterator[str]:
    """YAML files below a folder; hidden ones and links to folders are left alone."""
    pending = [top]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(folder) as listed:
                entries = list(listed)
        except OSError as error:
            raise RuleError(f"{folder}: cannot be read: {error.strerror}", "check its permissions") from None
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.name.endswith(".yaml") and entry.is_file():
                yield entry.path
            elif entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)


def load_rulebook(
    dirs: Sequence[str | Path] = (),
    *,
    check: Check | None = None,
    cache: bool = True,
    problems: list[RuleError] | None = None,
) -> Rulebook:
    """All rules and tables. A bad file is a RuleError that names every bad file; with `problems`, bad files are left
    out and their errors put there. Rules from the cache have no examples (see `read_rule`)."""
    tops = _tops(dirs)
    use_cache = cache and check is not None
    manifest = _manifest(tops) if use_cache else ""
    key = "\0".join(tops)

    def read_table(name: str) -> Any:
        return _read_tables(tops)[name]

    if use_cache:
        known = read_cache(key, manifest, read_table)
        if known is not None:
            return known
    found: list[RuleError] = []
    rulebook = _compile(tops, check, found)
    if found and problems is None:
        raise _together(found)
    if problems is not None:
        problems.extend(found)
    if use_cache and not found:
        write_cache(key, manifest, rulebook)
    return rulebook


def _manifest(tops: Sequence[str]) -> str:
    """What the rulebook depends on: rule and table files, and the engines that check them."""
    lines = [__version__]
    for folder in (os.path.join(_PACKAGE, "detect"), os.path.join(_PACKAGE, "rulebook")):
        lines += [_stamp(entry.path) for entry in os.scandir(folder) if entry.name.endswith(".py")]
    lines += [_stamp(file) for top in tops for file in _scan(top)]
    return "\n".join(sorted(lines))


def _stamp(file: str) -> str:
    try:
        known = os.stat(file)
    except OSError:
        return f"{file} gone"  # an editor replaced it just now
    return f"{file} {known.st_size} {known.st_mtime_ns}"


def _compile(tops: Sequence[str], check: Check | None, problems: list[RuleError]) -> Rulebook:
    import hashlib
    from pathlib import Path

    digest = hashlib.sha256()
    tables = Tables(_read_tables(tops, problems))
    rules: dict[str, Rule] = {}
    for top in tops:
        for file in sorted(_scan(top)):
            _feed(digest, top, file)
            if _is_table(file):
                continue
            try:
                rule = read_rule(Path(file), tables=tables, check=check)
                if rule.id in rules:
                    first = rules[rule.id].source
                    raise RuleError(f"{file}:1: the id `{rule.id}` is taken", f"{first} has it; choose another name")
            except RuleError as error:
                problems.append(error)
                continue
            rules[rule.id] = rule
    _check_names(rules, problems)
    return Rulebook(rules, tables, digest.hexdigest())


def _feed(digest: Any, top: str, file: str) -> None:
    """Add a file to the digest, by its path below its folder: the same rules give the same digest anywhere."""
    try:
        with open(file, "rb") as stream:
            content = stream.read(1 << 24)  # more is refused as a rule or table anyway
    except OSError:
        content = b""
    name = os.path.relpath(file, top).encode("utf-8", "surrogateescape")
    digest.update(b"%d %b %d\0" % (len(name), name, len(content)))
    digest.update(content)


def _read_tables(tops: Sequence[str], problems: list[RuleError] | None = None) -> dict[str, Any]:
    """Tables by stem; one of a later folder replaces one of the same name."""
    from pathlib import Path

    from linter.rulebook.document import read_document

    tables: dict[str, Any] = {}
    for top in tops:
        for file in sorted(_scan(top)):
            if not _is_table(file):
                continue
            try:
                tables[Path(file).stem] = read_document(Path(file)).data
            except RuleError as error:
                if problems is None:
                    raise
                problems.append(error)
    return tables


def read_rule(path: Path, *, tables: Tables | None = None, check: Check | None = None) -> Rule:
    """One rule file with its examples; with `check` and `tables`, its engine block is checked too."""
    from linter.rulebook.build import build_rule
    from linter.rulebook.document import read_document

    document = read_document(path)
    rule = build_rule(document, path)
    if tables is not None:
        _check_profiles(rule, document, tables)
    if check is None or tables is None:
        return rule
    try:
        triggers = check(rule, tables)
    except BlockError as error:
        raise document.error(error.path, error.problem, error.expected) from None
    except KeyError as error:
        if error.args and error.args[0] not in tables.data:
            raise document.error((rule.engine,), f"needs the table {error}, which is missing", "") from error
        raise
    scope_of: Callable[[str], str] | None = getattr(check, "scope_of", None)
    return replace(rule, triggers=triggers, scope=scope_of(rule.engine) if scope_of else "")


def _check_profiles(rule: Rule, document: Document, tables: Tables) -> None:
    """Profiles that a rule names must stand in the table of profiles."""
    if not rule.profiles or "profiles" not in tables.data:
        return
    known = list(tables["profiles"]["profiles"])
    for key, names in rule.profiles.items():
        for index, name in enumerate(names):
            if name not in known:
                from linter.rulebook.validate import did_you_mean

                step = index if isinstance(names, list) else name
                problem = f"no profile is named `{name}`; {did_you_mean(name, known)}".rstrip("; ")
                raise document.error(("profiles", key, step), problem, "one of " + ", ".join(known))


def read_examples(rule: Rule) -> tuple[Example, ...]:
    """The examples of a rule that may have come from the cache."""
    from pathlib import Path

    return rule.examples or read_rule(Path(rule.source)).examples


def _check_names(rules: dict[str, Rule], problems: list[RuleError]) -> None:
    """The rules that a rule supersedes must be there."""
    from linter.rulebook.document import shown_name

    for rule in rules.values():
        for other in rule.supersedes:
            if other not in rules or other == rule.id:
                title = f"{shown_name(rule.source)}:1: supersedes: `{other}` is no other rule"
                problems.append(RuleError(title, "name a rule that says less about the same line"))


def _together(problems: list[RuleError]) -> RuleError:
    """One error for all bad files: the first in full, the others by line."""
    first, others = problems[0], problems[1:]
    if not others:
        return first
    more = "\n".join(f"  also {error.title}" for error in others[:20])
    return RuleError(first.title, f"{first.help}\n{more}".strip("\n"))
