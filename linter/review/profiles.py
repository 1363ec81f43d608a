"""Which profiles a patch belongs to, by its paths and its subject; and which of its files are user-space code.

    profiles = select_profiles(patch, tables)          # once a patch: frozenset of names of rules/data/profiles.yaml
    context = Context(..., userspace=is_userspace(path, patch, tables))

A rule's `profiles:` key (`linter.rulebook.model.Rule.profiles`) then says what they change:
`silent: [names]` no finding in these; `only: [names]` findings in these alone; `severity: {name: info}`
another severity, the mildest where the profiles of a patch disagree.
"""

from __future__ import annotations

from collections.abc import Iterable

from linter.detect.model import Finding
from linter.errors import UsageError
from linter.patch.model import Patch
from linter.record import record, replace
from linter.rulebook.model import Rule, Severity, Tables
from linter.rulebook.paths import matches


@record
class _Profile:
    name: str
    paths: tuple[str, ...]  # a profile is chosen where most files lie below these
    prefixes: frozenset[str]  # words of the bracketed prefix, lower case: net-next
    titles: tuple[str, ...]  # first words of the title, lower case: selftests:


def _profiles(tables: Tables) -> list[_Profile]:
    if "profiles" not in tables.data:
        return []
    return [
        _Profile(
            name,
            tuple(row.get("paths", ())),
            frozenset(word.lower() for word in row.get("prefixes", ())),
            tuple(word.lower() for word in row.get("titles", ())),
        )
        for name, row in tables["profiles"]["profiles"].items()
    ]


def check_profiles(names: Iterable[str], tables: Tables) -> tuple[str, ...]:
    """The profiles that a person asked for, `none` left out; a UsageError for one that does not exist."""
    known = [profile.name for profile in tables.derived("review.profiles", _profiles)]
    chosen = tuple(name for name in names if name != "none")
    for name in chosen:
        if name not in known:
            from linter.rulebook.validate import did_you_mean

            hint = did_you_mean(name, known)
            raise UsageError(f"no profile is named `{name}`", f"{hint} one of none, {', '.join(known)}".strip())
    return chosen


def select_profiles(patch: Patch, tables: Tables) -> frozenset[str]:
    """The profiles of a patch: its prefix names one, its title starts like one, or every file lies in one."""
    profiles = tables.derived("review.profiles", _profiles)
    words = {word.lower() for word in patch.prefixes}
    title = patch.title.lower()
    paths = [file.path for file in patch.files if file.path is not None]
    chosen = set()
    for profile in profiles:
        named = bool(profile.prefixes & words) or title.startswith(profile.titles or ("\0",))
        if named or (paths and all(matches(profile.paths, path) for path in paths)):
            chosen.add(profile.name)
    return frozenset(chosen)


def profiles_of(path: str | None, tables: Tables) -> frozenset[str]:
    """The profiles that a path alone belongs to."""
    profiles = tables.derived("review.profiles", _profiles)
    return frozenset(profile.name for profile in profiles if matches(profile.paths, path))


@record
class _UserSpace:
    paths: tuple[str, ...]
    kernel: tuple[str, ...]  # kernel code below those paths
    folders: frozenset[str]  # top folders of a kernel tree
    foreign: tuple[str, ...]  # what no kernel tree has
    projects: frozenset[str]  # words of the subject's brackets that name another project


def _user_space(tables: Tables) -> _UserSpace | None:
    if "profiles" not in tables.data:
        return None
    row = tables["profiles"]["user-space"]
    return _UserSpace(
        tuple(row["paths"]),
        tuple(row["kernel"]),
        frozenset(row["tree"]),
        tuple(row["foreign"]),
        frozenset(word.lower() for word in row["projects"]),
    )


def is_userspace(path: str | None, patch: Patch | None, tables: Tables) -> bool:
    """Whether a file is no kernel code: tools/, samples/, user-space selftests, or a patch to another project."""
    table = tables.derived("review.user-space", _user_space)
    if table is None:
        return False
    if patch is not None and not is_kernel_patch(patch, tables):
        return True
    return matches(table.paths, path) and not matches(table.kernel, path)


def is_kernel_patch(patch: Patch, tables: Tables) -> bool:
    """Whether a patch can be to the kernel: no other project is named, and a file lies where a kernel tree has one.

    A patch whose paths say nothing (none, or bare file names) is taken for one.
    """
    table = tables.derived("review.user-space", _user_space)
    if table is None:
        return True
    if table.projects & {word.lower().strip(",:") for word in patch.prefixes}:
        return False
    paths = [file.path for file in patch.files if file.path is not None]
    if any(matches(table.foreign, path) for path in paths):
        return False
    named = [path for path in paths if "/" in path] or paths  # bare names say nothing beside others
    return not named or any(_in_kernel_tree(path, table) for path in named)


def _in_kernel_tree(path: str, table: _UserSpace) -> bool:
    """Whether the path starts like one of a kernel tree, or of a kernel tree in a folder; bare names may be one."""
    folders = path.split("/")[:-1]
    if not folders:
        return True
    if folders[0] in table.folders:
        return True
    return folders[0].startswith("linux") and not table.folders.isdisjoint(folders[1:2])


def is_silenced(rule: Rule, profiles: frozenset[str]) -> bool:
    """Whether the profiles of a patch make a rule fall silent."""
    if not rule.profiles:
        return False
    only = rule.profiles.get("only")
    return bool(profiles & set(rule.profiles.get("silent", ()))) or bool(only and not profiles & set(only))


def with_profiles(finding: Finding, rule: Rule, profiles: frozenset[str]) -> Finding:
    """The finding with the severity that the patch's profiles ask for; the mildest, where they disagree."""
    wishes = rule.profiles.get("severity") if rule.profiles else None
    chosen = [Severity[wishes[name].upper()] for name in profiles if name in wishes] if wishes else []
    return replace(finding, severity=min(chosen)) if chosen else finding
