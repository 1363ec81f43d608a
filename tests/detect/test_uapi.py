"""The uapi engine: layouts on three machines, commands as written, numbers."""

from __future__ import annotations

import pytest

from linter.detect.uapi_change import number
from linter.detect.uapi_ioctl import commands, comments
from linter.detect.uapi_layout import Calculator, Layout, structures
from linter.patch.model import Image, Side
from linter.syntax.model import Unit
from linter.syntax.parse import parse_image


def unit_of(text: str) -> Unit:
    count = text.count("\n") + 1
    image = Image(
        "include/uapi/linux/a.h", Side.POST, text.encode() + b"\n", (None,) * count, tuple(range(1, count + 1)), True
    )
    return parse_image(image)


def layout_of(members: str, before: str = "") -> Layout | None:
    unit = unit_of(f"{before}struct a {{ {members} }};")
    node = [node for node in structures(unit) if (node.text or b"").startswith(b"struct a")][-1]
    return Calculator(unit).layout(node)


@pytest.mark.parametrize(
    ("members", "sizes", "hole", "tail"),
    [
        ("__u32 a; __u32 b;", (8, 8, 8), 0, (0, 0, 0)),
        ("__u32 a; __u64 b;", (16, 16, 12), 4, (0, 0, 0)),
        ("__u64 a; __u32 b;", (16, 16, 12), 0, (4, 4, 0)),
        ("__u8 a; __u16 b;", (4, 4, 4), 1, (0, 0, 0)),
        ("__u8 a[3]; __u8 b;", (4, 4, 4), 0, (0, 0, 0)),
        ("void *a; __u32 b;", (16, 8, 8), 0, (4, 0, 0)),
        ("unsigned long a;", (8, 4, 4), 0, (0, 0, 0)),
        ("__u32 a; __aligned_u64 b;", (16, 16, 16), 4, (0, 0, 0)),
        ("union { __u64 x; __u8 y; } u;", (8, 8, 8), 0, (0, 0, 0)),
        ("struct { __u32 x; __u32 y; } s[2];", (16, 16, 16), 0, (0, 0, 0)),
        ("__u32 a; __u32 b[];", (4, 4, 4), 0, (0, 0, 0)),
        ("char a[010];", (8, 8, 8), 0, (0, 0, 0)),
    ],
)
def test_layout(members: str, sizes: tuple[int, int, int], hole: int, tail: tuple[int, int, int]) -> None:
    layout = layout_of(members)
    assert layout is not None
    assert layout.shape.size == sizes
    assert max(max(member.holes) for member in layout.members) == hole
    assert layout.tail == tail


@pytest.mark.parametrize(
    "members", ["other_t a;", "__u8 a[LEN];", "__u32 a : 3;", "struct unknown a;", "int (*f)(void);"]
)
def test_what_is_unknown_has_no_layout(members: str) -> None:
    assert layout_of(members) is None


def test_structures_of_the_same_file_are_known() -> None:
    layout = layout_of("struct b x; __u32 y;", "struct b { __u64 p; };\n")
    assert layout is not None
    assert layout.shape.size == (16, 16, 12)


def test_structure_that_holds_itself_ends() -> None:
    assert layout_of("struct a x;") is None


def test_commands() -> None:
    unit = unit_of(
        "#define A _IOW('P', 3, struct x)\n#define B \\\n\t_IO('P', (1 + 2))\n"
        "#define C DRM_IOR(D_BASE + 1, struct y)\n#define D 3\n"
    )
    assert [(one.name, one.macro, one.number, one.argument) for one in commands(unit)] == [
        ("A", "_IOW", ("'P'", "3"), "struct x"),
        ("B", "_IO", ("'P'", "(1 + 2)"), None),
        ("C", "DRM_IOR", ("D_BASE + 1",), "struct y"),
    ]


def test_comments_without_an_end() -> None:
    assert [one.text.strip() for one in comments(unit_of("/* a */ int b; // c\n/* d" + "/* " * 100000))] == ["a", "c"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"3", 3),
        (b"0x10U", 16),
        (b"(1 << 4)", 16),
        (b"(1ULL << 4)", 16),
        (b"_BITUL(4)", 16),
        (b"010", 8),
        (b"0xff", 255),
        (b"OTHER", None),
        (b"(1 << OTHER)", None),
        (b"1 + 2", None),
        (b"(1 << 99999)", None),
    ],
)
def test_number(text: bytes, value: int | None) -> None:
    assert number(text) == value
