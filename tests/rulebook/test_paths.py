"""Globs over kernel paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.rulebook.model import AppliesTo
from linter.rulebook.paths import applies, matches


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("**/*.c", "a.c", True),
        ("**/*.c", "drivers/net/a.c", True),
        ("**/*.c", "drivers/net/a.ch", False),
        ("*.c", "drivers/a.c", False),
        ("drivers/**", "drivers/net/a.c", True),
        ("drivers/**", "drivers", False),
        ("drivers/**", "driversx/a.c", False),
        ("drivers/*/a.c", "drivers/net/a.c", True),
        ("drivers/*/a.c", "drivers/net/x/a.c", False),
        ("include/uapi/**/*.h", "include/uapi/linux/vfio.h", True),
        ("include/uapi/**/*.h", "include/uapi/vfio.h", True),
        ("include/uapi/**/*.h", "include/linux/vfio.h", False),
        ("lib/test_?.c", "lib/test_a.c", True),
        ("lib/test_?.c", "lib/test_ab.c", False),
        ("net/{ipv4,ipv6}/*.c", "net/ipv6/a.c", True),
        ("net/{ipv4,ipv6}/*.c", "net/ipx/a.c", False),
        ("net/{ip*,x/**}/y.c", "net/ipx/y.c", True),
        ("net/{ip*,x/**}/y.c", "net/x/a/b/y.c", True),
        ("{a,b}{c,d}", "bd", True),
        ("{a,b}{c,d}", "ab", False),
        ("a[0-9].c", "a7.c", True),
        ("a[0-9].c", "ab.c", False),
        ("a.c", "abc", False),
        ("a+(b.c", "a+(b.c", True),
        ("{a", "{a", True),
        ("[a", "[a", True),
    ],
)
def test_glob(glob: str, path: str, fits: bool) -> None:
    assert matches((glob,), path) is fits


def test_no_glob_fits_nothing_and_no_path() -> None:
    assert not matches((), "a.c")
    assert not matches(("**",), None)


def test_applies() -> None:
    where = AppliesTo(("**/*.c",), ("drivers/staging/**",))
    assert applies(where, "mm/slab.c")
    assert not applies(where, "drivers/staging/a.c")
    assert not applies(where, "include/a.h")
    assert applies(AppliesTo(), "anything")
    assert applies(AppliesTo(exclude=("tools/**",)), None)


def test_unknown_path_is_taken_for_a_c_file() -> None:
    assert applies(AppliesTo(("**/*.c",)), None)
    assert not applies(AppliesTo(("include/uapi/**",)), None)


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("**/" * 20 + "x", "a/" * 2000 + "b"),
        ("**/a/" * 20 + "x", "a/" * 2000 + "b"),
        ("*a" * 30 + "b", "a" * 4000),
        ("**/" + "*a" * 10 + "b", "aaaa/" * 800),
        ("**/a/" * 300 + "x", "a/" * 100_000 + "x"),
        ("{a,b}" * 40, "a" * 39),
    ],
)
def test_hostile_glob_ends(glob: str, path: str) -> None:
    assert not matches((glob,), path)


SEGMENT = st.text(alphabet="ab*?", max_size=4)


@given(st.lists(st.one_of(st.just("**"), SEGMENT), min_size=1, max_size=5), st.lists(st.text("ab"), max_size=6))
def test_agrees_with_the_plain_definition(parts: list[str], names: list[str]) -> None:
    if "" in parts or "" in names:
        return
    assert matches(("/".join(parts),), "/".join(names)) is (bool(names) and plain(parts, names))


def plain(parts: list[str], names: list[str]) -> bool:
    """The definition, spelled out: `**` is any folders; at the end, at least one name."""
    if not parts:
        return not names
    if parts[0] == "**":
        if len(parts) == 1:
            return bool(names)
        return plain(parts[1:], names) or (bool(names) and plain(parts, names[1:]))
    return bool(names) and one(parts[0], names[0]) and plain(parts[1:], names[1:])


def one(part: str, name: str) -> bool:
    if not part:
        return not name
    if part[0] == "*":
        return one(part[1:], name) or (bool(name) and one(part, name[1:]))
    return bool(name) and part[0] in ("?", name[0]) and one(part[1:], name[1:])
