"""What the condition of an `#if` comes to in every supported kernel, and which arms that takes away."""

from __future__ import annotations

import pytest

from linter.syntax.conditionals import blank, blanked_spans, never_compiled, settled

OLD = b"LINUX_VERSION_CODE < KERNEL_VERSION(4, 0, 0)"


@pytest.mark.parametrize(
    ("condition", "known"),
    [
        (b"0", False),
        (b"1", True),
        (OLD, False),
        (b"(" + OLD + b")", False),
        (b"((LINUX_VERSION_CODE)<KERNEL_VERSION(4,0,0))", None),
        (b"(LINUX_VERSION_CODE >= KERNEL_VERSION(5, 10, 0))", True),
        (b"LINUX_VERSION_CODE > KERNEL_VERSION(3, 9, 0)", True),
        (b"LINUX_VERSION_CODE != KERNEL_VERSION(3, 9, 0)", True),
        (b"LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)", False),
        (b"LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)", True),
        (b"LINUX_VERSION_CODE > KERNEL_VERSION(6, 1, 0)", None),
        (b"LINUX_VERSION_CODE <= KERNEL_VERSION(6, 1, 0)", None),
        (b"LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 40)", None),
        (b"LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)", None),
        (OLD + b" && \\\n defined(CONFIG_FOO)", False),
        (b"defined(CONFIG_FOO) || LINUX_VERSION_CODE >= KERNEL_VERSION(4, 0, 0)", True),
        (b"defined(CONFIG_FOO) || " + OLD, None),
        (OLD + b" && A || B", None),
        (b"!(A && (" + OLD + b") && B)", None),
        (b"defined(CONFIG_FOO)", None),
        (b"RHEL_RELEASE_CODE < RHEL_RELEASE_VERSION(8, 0)", None),
    ],
)
def test_a_condition_is_settled_only_where_no_supported_kernel_differs(condition: bytes, known: bool | None) -> None:
    assert settled(condition) is known


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (b"#if 0\na();\n#else\nb();\n#endif\n", b"b();"),
        (b"#if " + OLD + b"\na();\n#endif\nb();\n", b"b();"),
        (b"#if LINUX_VERSION_CODE >= KERNEL_VERSION(4, 0, 0)\na();\n#elif X\nb();\n#else\nc();\n#endif\n", b"a();"),
        (b"#if " + OLD + b"\na();\n#elif 1\nb();\n#else\nc();\n#endif\n", b"b();"),
        (b"#ifdef X\na();\n#elif 0\nb();\n#else\nc();\n#endif\n", b"a(); c();"),
    ],
)
def test_an_arm_that_is_never_compiled_is_told(text: bytes, left: bytes) -> None:
    lines = blank(text, never_compiled(text)).split(b"\n")
    assert b" ".join(line for line in lines if line.strip() and line[:1] != b"#") == left


def test_of_a_statement_cut_in_two_the_arm_that_is_compiled_stays() -> None:
    text = b"x = a +\n#if " + OLD + b"\n b;\n#else\n c;\n#endif\n"
    assert blank(text, blanked_spans(text)).split() == [b"x", b"=", b"a", b"+", b"c;"]
