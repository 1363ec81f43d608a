"""What a patch takes away from its error paths: told where nothing takes its place and the message does not say why."""

from __future__ import annotations

import pytest

from linter.detect.typestate_dropped import dropped
from linter.detect.typestate_explained import is_explained
from linter.detect.typestate_tables import knowledge
from linter.patch.model import Change, FilePatch, Hunk, Line, LineKind, Patch
from tests.detect.units import tables

BRANCH = (
    " \tret = foo_load(foo);",
    "-\tif (ret) {",
    "-\t\tclk_disable(foo->clk);",
    "+\tif (ret)",
    " \t\treturn ret;",
    "-\t}",
)
JUMP = (" \tret = foo_load(foo);", " \tif (ret)", "-\t\tgoto err_free;", "+\t\treturn ret;", " \tfoo_count(foo);")
WHOLE = (
    "-\tclient = foo->client;", "-\tif (client) {", "-\t\tmodule_put(client->dev.driver->owner);",
    "-\t\tfoo_drop(client);", "-\t}", " \tfoo_last(foo);", " \treturn ret;",
)  # fmt: skip


def file_of(*lines: str, path: str = "drivers/misc/foo.c") -> FilePatch:
    kinds = {" ": LineKind.CONTEXT, "+": LineKind.ADDED, "-": LineKind.REMOVED}
    made = tuple(Line(kinds[text[0]], text[1:].encode(), n, n, n) for n, text in enumerate(lines, 1))
    return FilePatch(path, path, Change.MODIFY, (Hunk(1, 1, 1, 1, b"", made, 1),), 1)


def told(*files: FilePatch, body: str = "") -> list[str]:
    """The names of what the first file drops."""
    patch = Patch(
        "1@x", None, (), "[PATCH] foo: rework", "foo: rework", ("PATCH",), None, None, None, 1,
        1, 1, (), body.encode(), 1, b"", 1, (), files, b"", "x",
    )  # fmt: skip
    if is_explained(patch):
        return []
    return [item.name for item in dropped(files[0], knowledge(tables()), patch)]


def test_a_release_and_a_jump_that_go_without_a_word() -> None:
    assert told(file_of(*BRANCH)) == ["clk_disable"]
    assert told(file_of(*JUMP)) == ["err_free"]


def test_what_goes_with_the_variable_that_it_looked_up() -> None:
    assert told(file_of(*WHOLE)) == []
    assert told(file_of(" \tif (client) {", WHOLE[2], " \t\treturn ret;", " \t}")) == ["module_put"]


@pytest.mark.parametrize(
    "lines",
    [
        # the step that failed is gone, with its way out
        (
            " \tfoo_count(foo);", "-\tret = foo_load(foo);", "-\tif (ret) {", "-\t\tclk_disable(foo->clk);",
            "-\t\treturn ret;", "-\t}", " \tif (foo->last)", " \t\treturn ret;",
        ),
        # and so is the label that only it jumped to
        (
            "-\tret = foo_load(foo);", "-\tif (ret)", "-\t\tgoto err_clk;", " \tfoo_count(foo);", " \treturn 0;",
            "-err_clk:", "-\tclk_disable(foo->clk);", " err_free:", " \tkfree(foo->p);", " \treturn ret;",
        ),
        # the lock is taken further down, and the others go to labels of their own
        (*JUMP, "-\tmutex_lock(&foo->lock);", " \tfoo_first(foo);", "+\tmutex_lock(&foo->lock);"),
        (*JUMP, "-\t\tgoto err_free;", "+\t\tgoto err_more;"),
    ],
)  # fmt: skip
def test_what_goes_with_the_step_that_failed(lines: tuple[str, ...]) -> None:
    assert told(file_of(*lines)) == []


def test_a_step_that_fails_as_before_and_a_label_that_it_left() -> None:
    step = (
        "-\tif (ret) {",
        "-\t\tclk_disable(foo->clk);",
        "-\t\treturn ret;",
        "-\t}",
        "+\tif (ret)",
        "+\t\treturn ret;",
    )
    assert told(file_of(" \tret = foo_load(foo);", *step, " \tfoo->on = 1;", " \treturn 0;")) == ["clk_disable"]
    label = ("-err_clk:", "-\tclk_disable(foo->clk);", " err_free:", " \tkfree(foo->p);", " \treturn ret;")
    jump = (" \tret = foo_load(foo);", " \tif (ret)", "-\t\tgoto err_clk;", "+\t\tgoto err_free;")
    assert told(file_of(*jump, " \treturn 0;", *label)) == ["clk_disable"]


def test_what_another_file_does_not_switch_on_any_more() -> None:
    other = file_of(" \tfoo_start(foo);", "-\tfoo_enable_hpd(foo);", " \treturn 0;", path="drivers/misc/bar.c")
    gone = (" err:", "-\tfoo_disable_hpd(foo);", " \tkfree(foo->p);", " \treturn ret;")
    assert told(file_of(*gone), other) == [] and told(file_of(*gone)) == ["foo_disable_hpd"]
    assert told(file_of(*gone), body="Thus foo_disable_hpd() became needless.") == []


@pytest.mark.parametrize(
    ("line", "count"),
    [("+\tclk_disable(foo->clk);", 0), ("+\tdevm_add_action(dev, foo_stop, foo);", 0), ("+\tn++;", 1)],
)
def test_what_another_file_of_the_patch_does_now(line: str, count: int) -> None:
    other = file_of(" \tfoo_start(foo);", line, " \treturn 0;", path="drivers/misc/bar.c")
    assert len(told(file_of(*BRANCH), other)) == count


@pytest.mark.parametrize(
    ("label", "count"), [("out_disable_clk", 0), ("out_disable", 1), ("out_free_clk", 1), ("out", 1)]
)
def test_a_label_that_is_named_for_the_release_does_it(label: str, count: int) -> None:
    lines = (" \tret = foo_load(foo);", " \tif (ret) {", "-\t\tclk_disable(foo->clk);", f" \t\tgoto {label};", " \t}")
    assert len(told(file_of(*lines))) == count


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("Do not call clk_disable() when the load fails.", 0),
        ("The core should not clk_disable here.", 0),
        ("Remove the erroneous call.", 0),
        ("The caller does the clean up already.", 0),
        ("This leads to a double reference decrement.", 0),
        ("Do not call foo_load() twice a second.", 0),  # "twice"
        ("Do not call foo_load() here.", 1),
        ("Make the function shorter.", 1),
    ],
)
def test_a_message_that_asks_for_the_removal(body: str, count: int) -> None:
    assert len(told(file_of(*BRANCH), body=body)) == count


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("Use a direct return instead.", 0),
        ("Fix this by just returning -EINVAL.", 0),
        ("Nothing was taken, so return the error.", 0),
        ("There is no point in going there.", 0),
        ("The label frees an uninitialized pointer.", 0),
        ("There is nothing here to free.", 0),
        ("The old code returned late.", 1),
        ("Shorten it.", 1),
    ],
)
def test_a_message_that_says_why_the_function_may_return(body: str, count: int) -> None:
    assert len(told(file_of(*JUMP), body=body)) == count


def test_jumps_that_change_places() -> None:
    swapped = (*JUMP, " \tret = foo_more(foo);", " \tif (ret)", "-\t\treturn ret;", "+\t\tgoto err_free;")
    assert told(file_of(*swapped)) == []


def test_a_label_that_only_reports_what_stood_before_the_jump() -> None:
    text = (" \tif (!foo->ports) {", '-\t\tmessage = "none";', "-\t\tret = -ENODEV;", "-\t\tgoto fail;")
    text += ('+\t\tdev_info(dev, "none\\n");', "+\t\treturn -ENODEV;", " \t}")
    assert told(file_of(*text)) == []
    assert told(file_of(*(line for line in text if "message" not in line))) == ["fail"]


@pytest.mark.parametrize("body", ["Do not release the lock if it was not acquired.", "The mutex is not held here."])
def test_a_message_that_says_that_the_lock_was_not_held(body: str) -> None:
    lines = (" \tif (foo->gone) {", "-\t\tmutex_unlock(&foo->lock);", " \t\treturn -ENODEV;", " \t}")
    assert told(file_of(*lines)) == ["mutex_unlock"]
    assert told(file_of(*lines), body=body) == []


def test_a_branch_that_goes_from_its_test_to_its_exit() -> None:
    branch = ("-\tif (foo->gone) {", "-\t\tkfree(buf);", "-\t\treturn -ENODEV;", "-\t}")
    assert told(file_of(" \tfoo_load(foo);", *branch, " \tfoo_count(foo);", " \treturn 0;")) == []
    assert told(file_of(" \tfoo_load(foo);", *branch, "+\tif (foo->gone)", "+\t\treturn -EIO;", " \treturn 0;")) == [
        "kfree"
    ]


@pytest.mark.parametrize(
    ("body", "count"),
    [("The clock is already disabled there.", 0), ("Disable the clock, as already done in the remove function.", 1)],
)
def test_what_is_done_elsewhere_as_well_is_no_reason(body: str, count: int) -> None:
    assert len(told(file_of(*BRANCH), body=body)) == count
