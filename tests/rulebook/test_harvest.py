"""Counting how callers treat results, and the classes that come of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from linter.rulebook.conventions import classes, table_yaml
from linter.rulebook.harvest import Tally, calls_in, harvest, merge, result_type, source_files, strip_noise


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{ f(1); }", "drop"),
        (b"{ (void)f(1); }", "void"),
        (b"{ if (x) f(1); }", "drop"),
        (b"{ return f(1); }", "return"),
        (b"{ if (!f(1)) x(); }", "not"),
        (b"{ if (f(1) < 0) x(); }", "negative"),
        (b"{ if (IS_ERR(f(1))) x(); }", "error-pointer"),
        (b"{ p = f(1); if (!p) x(); }", "not"),
        (b"{ p = (struct s *)f(1); if (p == NULL) x(); }", "not"),
        (b"{ p->q = f(1); if (IS_ERR(p->q)) x(); }", "error-pointer"),
        (b"{ if ((p = f(1)) == NULL) x(); }", "not"),
        (b"{ r = f(1); if (r < 0) x(); }", "negative"),
        (b"{ r = f(1); if (r) x(); }", "true"),
        (b"{ p = f(1); p->x = 1; }", "dereference"),
        (b"{ p = f(1); g(p); }", "use"),
        (b"{ p = f(1); p = 0; }", "unread"),
        (b"{ f(1)->x = 1; }", "dereference"),
    ],
)
def test_what_becomes_of_a_result(body: bytes, expected: str) -> None:
    assert {use for name, use, _ in calls_in(body) if name == b"f"} == {expected}


def test_noise_does_not_count() -> None:
    assert b"g(" not in strip_noise(b'/* g() */ f("g()"); // g()\n#define x g()\n')


def test_result_types() -> None:
    assert result_type(b"static inline struct foo *") == "pointer"
    assert result_type(b"static ssize_t ") == "int"
    assert result_type(b"void ") == "void"


def test_a_tree_becomes_a_table(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "user.c").write_text("int x(void)\n{\n\tget_thing();\n}\n")
    (tmp_path / "thing.h").write_text("struct thing *get_thing(int i);\nint set_thing(struct thing *t);\n")
    caller = "int c{n}(void)\n{{\n\tstruct thing *t = get_thing({n});\n\n"
    caller += "\tif (!t)\n\t\treturn -1;\n\treturn set_thing(t);\n}}\n"
    (tmp_path / "callers.c").write_text("".join(caller.format(n=n) for n in range(4)))
    paths = list(source_files(str(tmp_path)))
    assert len(paths) == 2
    tallies: dict[bytes, Tally] = {}
    for path in paths:
        merge(tallies, harvest([path]))
    found = classes(tallies)
    assert found["null-always"] == ["get_thing"]
    assert found["errptr"] == []
    text = table_yaml(found, "callers in Linux 0.0")
    assert "null-always: >-\n  get_thing\n" in text


def test_a_name_of_two_functions_says_nothing() -> None:
    both = Tally(types={"pointer", "int"}, declared=True, definitions=2)
    both.uses["not"] = 20
    assert classes({b"f": both})["null-always"] == []
