"""Profiles by subject and path, and what is user-space code."""

from __future__ import annotations

import pytest

from linter.detect.model import Finding
from linter.errors import UsageError
from linter.patch.model import Change, FilePatch, Patch
from linter.record import replace
from linter.review.example import build_case
from linter.review.profiles import (
    check_profiles,
    is_kernel_patch,
    is_silenced,
    is_userspace,
    select_profiles,
    with_profiles,
)
from linter.rulebook.load import load_rulebook
from linter.rulebook.model import Confidence, Example, ExampleFile, Rule, Severity, Status, Tables


@pytest.fixture(scope="module")
def tables() -> Tables:
    return load_rulebook(cache=False, problems=[]).tables


def patch(*paths: str, title: str = "foo: Bar", prefixes: tuple[str, ...] = ("PATCH",)) -> Patch:
    case = build_case(Example("x", (ExampleFile("a.c", None, "int a;\n"),)))
    files = tuple(FilePatch(path, path, Change.MODIFY, (), 1) for path in paths)
    return replace(case.series.patches[0], files=files, title=title, prefixes=prefixes)


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        (patch("drivers/net/a.c"), {"netdev"}),
        (patch("drivers/net/a.c", "drivers/pci/b.c"), set()),
        (patch("drivers/pci/b.c", prefixes=("PATCH", "net-next", "v3", "2/7")), {"netdev"}),
        (patch("drivers/pci/b.c", prefixes=("PATCH", "RFC", "v3")), set()),
        (patch("kernel/sched/core.c"), {"tip"}),
        (patch("lib/a.c", title="x86/mm: Do it"), {"tip"}),
        (patch("lib/a.c", title="x86 is nice"), set()),
        (patch("drivers/gpu/drm/i915/gvt/kvmgt.c", "include/uapi/drm/i915_drm.h"), {"drm"}),
        (patch("drivers/gpu/drm/tests/drm_mm_test.c"), {"drm", "tests"}),
        (patch("include/uapi/linux/vfio.h"), {"vfio"}),
        (patch("mm/slab.c"), {"mm"}),
        (patch("arch/arm64/boot/dts/qcom/x.dtsi"), {"dt"}),
        (patch("drivers/staging/x/y.c"), {"staging"}),
        (patch("tools/testing/selftests/mm/a.c"), {"selftests", "tools"}),
        (patch("samples/bpf/a.c"), {"samples"}),
        (patch("lib/kunit/test.c"), {"tests"}),
        (patch(), set()),
    ],
)
def test_selection(tables: Tables, given: Patch, chosen: set[str]) -> None:
    assert select_profiles(given, tables) == chosen


@pytest.mark.parametrize(
    ("path", "user"),
    [
        ("drivers/net/a.c", False),
        ("tools/perf/builtin-stat.c", True),
        ("tools/testing/selftests/mm/a.c", True),
        ("tools/testing/selftests/bpf/bpf_testmod/bpf_testmod.c", False),
        ("tools/testing/cxl/test/mock.c", False),
        ("samples/bpf/trace_event_user.c", True),
        ("samples/vfio-mdev/mtty.c", False),
        ("samples/kprobes/kprobe_example.c", False),
        ("scripts/mod/modpost.c", True),
        ("usr/gen_init_cpio.c", True),
        ("arch/x86/tools/relocs.c", True),
        ("arch/x86/kernel/cpu/common.c", False),
        (None, False),
    ],
)
def test_user_space(tables: Tables, path: str | None, user: bool) -> None:
    given = patch(*([path] if path else []))
    assert is_userspace(path, given, tables) is user
    assert is_userspace(path, None, tables) is user


@pytest.mark.parametrize(
    ("given", "kernel"),
    [
        (patch("drivers/a.c"), True),
        (patch("MAINTAINERS"), True),
        (patch("test.c"), True),
        (patch(), True),
        (patch("linux-6.1/drivers/a.c"), True),
        (patch("libavcodec/h264.c"), False),
        (patch("xbmc/main.cpp", "tools/x.c"), False),
        (patch("src/gallium/drivers/v3d/v3d_blit.c"), False),
        (patch("board/sunxi/board.c", "drivers/mmc/a.c"), False),
        (patch("drivers/mmc/mtk-sd.c", prefixes=("U-Boot", "19/20")), False),
        (patch("drivers/mmc/mtk-sd.c", prefixes=("PATCH", "19/20")), True),
        (patch("include/configs/meson64.h"), False),
        (patch("server/drivers/led.c"), False),
        (patch("lib/utils/psci/Kconfig", "include/sbi/riscv.h"), False),
        (patch("crypto/der.c", "crypto/meson.build"), False),
        (patch("crypto/der.c", "crypto/Makefile"), True),
        (patch("lib/ext2fs/ismounted.c"), False),
        (patch("README", "ncat/ncat_ssl.c"), False),
        (patch("lib/krb5/os/expand.c", "plugins/preauth/otp.c"), False),
        (patch("video/out/opengl/hwdec.c", "wscript"), False),
        (patch("tools/perf/util/c++/clang.cpp"), True),
        (patch("lib/zlib_inflate/inflate.c"), True),
    ],
)
def test_kernel_patches(tables: Tables, given: Patch, kernel: bool) -> None:
    assert is_kernel_patch(given, tables) is kernel
    for file in given.files if not kernel else ():
        assert is_userspace(file.path, given, tables)


def test_without_the_table_everything_is_kernel() -> None:
    assert not is_userspace("tools/a.c", patch("tools/a.c"), Tables({}))
    assert select_profiles(patch("net/a.c"), Tables({})) == frozenset()


def test_asked_for(tables: Tables) -> None:
    assert check_profiles(("netdev", "none"), tables) == ("netdev",)
    assert check_profiles(("none",), tables) == ()
    with pytest.raises(UsageError) as caught:
        check_profiles(("netdew",), tables)
    assert caught.value.title == "no profile is named `netdew`"
    assert caught.value.help.startswith("did you mean `netdev`? one of none, netdev, tip")


def rule(**profiles: object) -> Rule:
    return Rule(
        "x", "x", "error", Severity.ERROR, Confidence.HIGH, Status.STABLE, "0.1.0", "", "", "toy", {}, profiles=profiles
    )


def test_silence() -> None:
    assert not is_silenced(rule(), frozenset({"netdev"}))
    assert is_silenced(rule(silent=["netdev"]), frozenset({"netdev", "drm"}))
    assert not is_silenced(rule(silent=["netdev"]), frozenset({"drm"}))
    assert is_silenced(rule(only=["netdev"]), frozenset({"drm"}))
    assert is_silenced(rule(only=["netdev"]), frozenset())
    assert not is_silenced(rule(only=["netdev"]), frozenset({"netdev"}))


def test_severity_is_the_mildest() -> None:
    found = Finding("x", "error", Severity.ERROR, Confidence.HIGH, "m", "h", ())
    wishes = {"netdev": "info", "drm": "warning"}
    both = with_profiles(found, rule(severity=wishes), frozenset({"netdev", "drm"}))
    assert both.severity is Severity.INFO
    assert with_profiles(found, rule(severity=wishes), frozenset({"drm"})).severity is Severity.WARNING
    assert with_profiles(found, rule(severity=wishes), frozenset({"mm"})) is found
