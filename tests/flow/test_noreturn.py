"""Which functions of a unit never come back."""

from __future__ import annotations

import pytest

from linter.flow.noreturn import never_return, noreturn_name, tell_noreturn
from tests.flow.sources import make_unit

STUCK = "void f(void)\n{\n\ta();\n"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("void __noreturn f(int x);\n", {"f"}),
        ("extern void f(int x) __noreturn __cold;\nvoid g(void);\n", {"f"}),
        ("__noreturn void f(void);\nvoid g(void);\n", {"f"}),
        (STUCK + "\tBUG();\n}\n", {"f"}),
        (STUCK + '\tpanic("%d", 1);\n}\n', {"f"}),
        (STUCK + "\twhile (1)\n\t\tcpu_relax();\n}\n", {"f"}),
        (STUCK + "\tfor (;;)\n\t\t;\n}\n", {"f"}),
        (STUCK + "\tfor (;;) {\n\t\tb();\n\t}\n}\n", {"f"}),
        (STUCK + "\tfor (;;) {\n\t\tb();\n\t\tbreak;\n\t}\n}\n", set()),
        (STUCK + "\tif (x)\n\t\treturn;\n\tBUG();\n}\n", set()),
        (STUCK + "\tif (x)\n\t\tBUG();\n}\n", set()),
        (STUCK + "\tdo {\n\t\tb();\n\t} while (1);\n}\n", {"f"}),
        (STUCK + "\tdo {\n\t\tb();\n\t} while (x);\n}\n", set()),
        ("void __weak f(void)\n{\n\tBUG();\n}\n", set()),
        ("#ifdef A\nvoid f(void)\n{\n\tBUG();\n}\n#endif\n", set()),
    ],
)
def test_told_by_mark_or_body(text: str, names: set[str]) -> None:
    assert never_return(make_unit(text)) == names


def test_told_from_elsewhere() -> None:
    unit = make_unit("int g(void);\n")
    tell_noreturn(unit, [b"f"])
    assert never_return(unit) == {"f"}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"void __noreturn f(u64 error);", b"f"),
        (b"extern void f(int code) __noreturn;", b"f"),
        (b"void f(int code);", None),
    ],
)
def test_name_in_a_line(line: bytes, name: bytes | None) -> None:
    assert noreturn_name(line) == name
