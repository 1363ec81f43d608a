"""Typestate against a plain enumeration of paths, against cut context, and on the shapes that it must tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from linter.detect.registry import check_rule
from linter.detect.typestate import is_touched
from linter.detect.typestate_exit import FAILURE, classify
from linter.detect.typestate_leak import Judge
from linter.detect.typestate_lookup import HarvestedPairs
from linter.detect.typestate_owed import outcomes
from linter.detect.typestate_tables import Knowledge
from linter.patch.model import Image, Line, LineKind, Side
from linter.rulebook.load import load_rulebook
from linter.rulebook.model import Confidence, Tables
from linter.syntax.parse import parse_image
from tests.flow.sources import make_unit

DATA = Path(__file__).parents[2] / "rules" / "data"
HEAD = "static int f(struct foo *foo, int a, int b, int c, int d, int e)\n{\n\tchar *p = kmalloc(8, GFP_KERNEL);\n\n"
HEAD += "\tif (!p)\n\t\treturn -ENOMEM;\n"


@cache
def known() -> Knowledge:
    tables = {name: yaml.safe_load((DATA / f"{name}.yaml").read_text()) for name in ("resources", "locks")}
    return Knowledge(Tables(tables))


Statement = tuple[str, object, object, object]


def bodies(names: list[str], depth: int) -> st.SearchStrategy[list[Statement]]:
    """Statements: free, leave with an error, leave with success, nothing, or a branch on one of the names."""
    leaf = st.sampled_from(["free", "fail", "done", "work"]).map(lambda kind: (kind, None, None, None))
    if depth == 0:
        return st.lists(leaf, max_size=2)
    inner = bodies(names, depth - 1)
    branch = st.tuples(st.just("if"), st.sampled_from(names), inner, inner)
    return st.lists(st.one_of(leaf, branch), max_size=3)


def render(body: list[Statement], lines: list[str]) -> None:
    for kind, name, then, other in body:
        if kind == "if":
            lines.append(f"if ({name}) {{")
            render(then, lines)  # type: ignore[arg-type]
            lines.append("} else {")
            render(other, lines)  # type: ignore[arg-type]
            lines.append("}")
        else:
            lines.append({"free": "kfree(p);", "fail": "return -EIO;", "done": "return 0;", "work": "work(foo);"}[kind])


def leaking_exits(body: list[Statement]) -> set[int]:
    """Ordinal numbers of the error returns that a consistent path reaches with p not freed."""
    numbers: dict[int, int] = {}

    def number(statements: list[Statement]) -> None:
        for statement in statements:
            if statement[0] == "fail":
                numbers[id(statement)] = len(numbers)
            elif statement[0] == "if":
                number(statement[2])  # type: ignore[arg-type]
                number(statement[3])  # type: ignore[arg-type]

    number(body)
    found: set[int] = set()

    def walk(todo: list[Statement], owed: bool, truth: dict[str, bool]) -> None:
        if not todo:
            return
        statement, rest = todo[0], todo[1:]
        kind, name, then, other = statement
        if kind == "if":
            for held, arm in ((True, then), (False, other)):
                if truth.get(str(name), held) == held:
                    walk([*arm, *rest], owed, {**truth, str(name): held})  # type: ignore[misc]
        elif kind == "fail":
            if owed:
                found.add(numbers[id(statement)])
        elif kind != "done":
            walk(rest, owed and kind != "free", truth)

    walk(body, True, {})
    return found


def distinct(body: list[Statement]) -> list[Statement]:
    """The same body with every statement an object of its own, and every condition its own variable."""
    count = iter(range(10_000))

    def copy(statements: list[Statement], rename: bool) -> Iterator[Statement]:
        for kind, name, then, other in statements:
            if kind == "if":
                new = (
                    f"m{next(count)}" if rename else name
                )  # a member in front of a release is taken to know whose it is
                yield ("if", new, list(copy(then, rename)), list(copy(other, rename)))  # type: ignore[arg-type]
            else:
                yield (kind, next(count), None, None)

    return list(copy(body, True))


def engine_exits(body: list[Statement]) -> set[int]:
    lines: list[str] = []
    render(body, lines)
    unit = make_unit(HEAD + "\n".join("\t" + line for line in lines) + "\n\treturn 0;\n}\n")
    (function,) = unit.functions
    found = set()
    for owed, outcome, cfg in outcomes(function, known()):
        assert owed.name == "kmalloc" and outcome.settled
        for exit in outcome.owed:
            if classify(cfg, exit.step, exit.state.facts) == FAILURE and exit.state.facts.value_mask(owed.handle) != 1:
                found.add(unit.text[: exit.step.start].count(b"return -EIO;"))
    return found


@settings(max_examples=60, deadline=None)
@given(bodies(["x"], 3))
def test_independent_conditions_equal_path_enumeration(body: list[Statement]) -> None:
    body = distinct(body)
    assert engine_exits(body) == leaking_exits(body)


@settings(max_examples=60, deadline=None)
@given(bodies(["a", "b", "c"], 3))
def test_no_path_is_missed_where_conditions_repeat(body: list[Statement]) -> None:
    fresh = _own(body)
    assert leaking_exits(fresh) <= engine_exits(fresh)


def _own(body: list[Statement]) -> list[Statement]:
    return [
        (kind, name, _own(then), _own(other)) if kind == "if" else (kind, object(), None, None)  # type: ignore[arg-type]
        for kind, name, then, other in body
    ]


def leaks(text: str) -> list[tuple[str, int]]:
    unit = make_unit(text)
    found = []
    for function in unit.functions:
        for owed, outcome, cfg in outcomes(function, known()):
            for leak in Judge(cfg, known(), owed, outcome).leaks():
                found.append((owed.name, unit.location(leak.exit.step.start, leak.exit.step.end).line or 0))
    return found


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("if (a) return -EIO; foo->p = p; return 0;", 1),
        ("foo->p = p; if (a) return -EIO; return 0;", 0),
        ("if (foo_register(foo, p)) return -EIO; return 0;", 1),
        ("foo_take(p); if (a) return -EIO; return 0;", 0),
        ("list_add(&p->list, &foo->list); if (a) return -EIO; return 0;", 0),
        ("foo_write(foo, p); if (a) return -EIO; kfree(p); return 0;", 1),
        ("if (a) goto out; kfree(p); return 0; out: return -EIO;", 1),
        ("if (a) { foo_free(p); return -EIO; } return 0;", 0),
        ("b = a; if (b) { kfree(p); } if (a) return -EIO; foo->p = p; return 0;", 0),
        ("if (devm_add_action_or_reset(foo->dev, foo_drop, p)) return -EIO; if (a) return -EIO; return 0;", 0),
        ("__hunklint_gap(); if (a) return -EIO; return 0;", 0),
    ],
)
def test_who_owns_it(body: str, count: int) -> None:
    assert len(leaks(HEAD + body + "\n}\n")) == count


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 12), st.integers(1, 14))
def test_cutting_context_never_raises_confidence(first: int, size: int) -> None:
    text = HEAD + (
        "\tif (a)\n\t\treturn -EIO;\n\tfoo_write(foo, p);\n\tif (b)\n\t\tgoto err;\n\tfoo->p = p;\n\treturn 0;\n"
        "err:\n\tkfree(p);\n\treturn -EINVAL;\n}\n"
    )
    lines = text.encode().split(b"\n")[:-1]
    whole = confidences(lines, 0, complete=True)
    for place, confidence in confidences(lines[first : first + size], first, complete=False).items():
        assert place in whole and confidence <= whole[place]


def confidences(lines: list[bytes], shift: int, *, complete: bool) -> dict[tuple[str, int], Confidence]:
    origin = tuple(Line(LineKind.ADDED, line, None, shift + i + 1, shift + i + 1) for i, line in enumerate(lines))
    numbers = tuple(shift + i + 1 for i in range(len(lines)))
    section = b"" if complete else HEAD.split("\n")[0].encode()
    image = Image("x.c", Side.POST, b"\n".join(lines) + b"\n", origin, numbers, complete, (0,), (section,))
    unit, found = parse_image(image), {}
    for function in unit.functions:
        for owed, outcome, cfg in outcomes(function, known()):
            for leak in Judge(cfg, known(), owed, outcome).leaks():
                line = unit.location(leak.exit.step.start, leak.exit.step.end).line or 0
                found[owed.name, line] = leak.confidence
    return found


def test_a_function_without_a_changed_line_is_left_alone() -> None:
    text = b"static int f(void)\n{\n\treturn 0;\n}\n"
    lines = text.split(b"\n")[:-1]
    origin = tuple(Line(LineKind.CONTEXT, line, i + 1, i + 1, i + 1) for i, line in enumerate(lines))
    image = Image("x.c", Side.POST, text, origin, (1, 2, 3, 4), False)
    assert not any(is_touched(function) for function in parse_image(image).functions)


@pytest.mark.parametrize(
    ("acquire", "release", "relation"),
    [
        ("foo_ring_alloc", "foo_ring_free", 2),
        ("foo_register_all", "foo_unregister_all", 2),
        ("foo_init", "foo_exit", 2),
        ("foo_init_hw", "foo_exit", 1),
        ("foo_init", "bar_exit", 0),
        ("foo_add_adapter", "foo_del_adapters", 2),
        ("lock", "unlock", 0),
    ],
)
def test_names_that_belong_together(acquire: str, release: str, relation: int) -> None:
    assert known().related(acquire, release) == relation


def test_a_function_of_many_paths_is_cheap() -> None:
    body = "".join(f"\tif (foo->m{i})\n\t\twork(foo);\n" for i in range(40))
    assert len(leaks(HEAD + body + "\tif (a)\n\t\treturn -EIO;\n\tkfree(p);\n\treturn 0;\n}\n")) == 1


def test_generated_code_is_bounded() -> None:
    body = "".join(f"\tchar *p{i} = kmalloc(8, GFP_KERNEL);\n\tif (!p{i})\n\t\treturn -ENOMEM;\n" for i in range(1500))
    assert leaks(HEAD + body + "\treturn 0;\n}\n") == []


def test_the_harvested_pairs_are_sorted() -> None:
    tables = load_rulebook(check=check_rule).tables
    pairs, lines = HarvestedPairs(tables), tables["pairs"]["pairs"].split("\n")
    assert lines == sorted(lines), "looking one up halves the text"
    for line in (lines[0], lines[1], *lines[10::97], lines[-1]):
        acquire, handle, *releases = line.split()
        assert all(pairs.get(acquire, {})[release] == handle.replace("-", " ") for release in releases)
    assert "no_such_call" not in pairs and "~" not in pairs and "A" not in pairs


STATIC = "static int f(struct foo *foo, int a, int b)\n{\n"


@pytest.mark.parametrize(
    ("body", "names"),
    [
        # a callee that failed took nothing: that it is released then does not show that the callee never takes it
        (
            "char *p = kmalloc(8, GFP_KERNEL); struct buf *q; if (!p) return -ENOMEM; q = foo_export(p);"
            " if (IS_ERR(q)) { kfree(p); return PTR_ERR(q); } if (a) return -EIO; return 0;",
            [],
        ),
        # released behind the callee whatever it returned: it only looked
        (
            "char *p = kmalloc(8, GFP_KERNEL); if (!p) return -ENOMEM; foo_feed(p);"
            " if (b) { kfree(p); return -EINVAL; } if (a) return -EIO; foo->p = p; return 0;",
            ["kmalloc"],
        ),
        # a put that belongs to another get of the function is no counterpart of this one
        (
            "struct bar *p = foo_find(a); int ret; if (!p) return -ENODEV; ret = foo_rpm_get(p); if (ret) return ret;"
            " foo_rpm_put(p); if (b) return -EIO; return 0;",
            [],
        ),
        # the owner of the structure was told of it before: its teardown finds the handle
        (
            "struct bar *p = devm_kzalloc(foo->dev, 8, GFP_KERNEL); if (!p) return -ENOMEM; foo->ports[a] = p;"
            " p->name = kasprintf(GFP_KERNEL, a); if (!p->name) return -ENOMEM;"
            " if (b) { foo_remove_ports(foo); return -EIO; } return 0;",
            [],
        ),
        (
            "struct bar *p = devm_kzalloc(foo->dev, 8, GFP_KERNEL); if (!p) return -ENOMEM;"
            " p->name = kasprintf(GFP_KERNEL, a); if (!p->name) return -ENOMEM;"
            " if (b) { foo_remove_ports(foo); return -EIO; } return 0;",
            ["kasprintf"],
        ),
        # a number other than the one asked for
        (
            "int n = dma_map_sg(foo->dev, foo->sgl, 1, 0); if (n != 1) return -EIO;"
            " if (a) { dma_unmap_sg(foo->dev, foo->sgl, 1, 0); return -EINVAL; } return 0;",
            [],
        ),
        (
            "int n = dma_map_sg(foo->dev, foo->sgl, 1, 0); if (n != 1) return -EIO;"
            " if (a) { dma_unmap_sg(foo->dev, foo->sgl, 1, 0); return -EINVAL; } if (b) return -EIO; return 0;",
            ["dma_map_sg"],
        ),
        # what a call leaves in a member of a local structure
        (
            "struct of_phandle_args args; int ret = of_parse_phandle_with_args(foo->np, a, b, 0, &args);"
            " if (ret) return ret; if (a) { of_node_put(args.np); return -EIO; } foo->x = args.args[0];"
            " if (b) return -EINVAL; of_node_put(args.np); return 0;",
            ["of_parse_phandle_with_args"],
        ),
        # what a pointer reads through an address is not always there
        (
            "struct v4l2_ctrl_handler *h = &foo->hdl; v4l2_ctrl_handler_init(h, 2); if (h->error) {"
            " v4l2_ctrl_handler_free(h); return -EIO; } if (a) return -EINVAL; return 0;",
            ["v4l2_ctrl_handler_init"],
        ),
        # stored where others see it: only a release that comes behind the store shows that the function still owns it
        (
            "char *p = kmalloc(8, GFP_KERNEL); if (!p) return -ENOMEM; if (a) { kfree(p); return -EIO; }"
            " foo->p = p; if (b) return -EINVAL; return 0;",
            [],
        ),
        (
            "char *p = kmalloc(8, GFP_KERNEL); if (!p) return -ENOMEM; foo->p = p; if (a) { kfree(p); return -EIO; }"
            " if (b) return -EINVAL; return 0;",
            ["kmalloc"],
        ),
        # a count that is not positive, an address that is 0
        (
            "int n = dma_map_sg(foo->dev, foo->sgl, 4, 0); if (n <= 0) return -EIO;"
            " if (a) { dma_unmap_sg(foo->dev, foo->sgl, 4, 0); return -EINVAL; } foo->n = n; return 0;",
            [],
        ),
        (
            "dma_addr_t at = dma_map_single(foo->dev, foo->p, 8, 0); if (dma_mapping_error(foo->dev, at)) return -EIO;"
            " if (a) { if (at) dma_unmap_single(foo->dev, at, 8, 0); return -EINVAL; } foo->at = at; return 0;",
            [],
        ),
        # a member tells whose it is by now
        (
            "char *p = kmalloc(8, GFP_KERNEL); int ret; if (!p) return -ENOMEM; ret = foo_start(foo);"
            " if (ret) goto err; foo->p = p; ret = foo_run(foo); if (ret) goto err; return 0;"
            " err: if (!foo->p) kfree(p); return ret;",
            [],
        ),
        (
            "char *p = kmalloc(8, GFP_KERNEL); int ret; if (!p) return -ENOMEM; ret = foo_start(foo);"
            " if (ret) goto err; foo->p = p; ret = foo_run(foo); if (ret) goto err; return 0;"
            " err: if (a) kfree(p); return ret;",
            ["kmalloc"],
        ),
        # a member that has nothing to do with it says nothing, one that shares a word does
        (
            "char *buf = kmalloc(8, GFP_KERNEL); int ret; if (!buf) return -ENOMEM; ret = foo_start(foo);"
            " if (ret) goto err; foo->data = buf; return 0; err: if (foo->mine) kfree(buf); return ret;",
            ["kmalloc"],
        ),
        (
            "char *buf = kmalloc(8, GFP_KERNEL); int ret; if (!buf) return -ENOMEM; ret = foo_start(foo);"
            " if (ret) goto err; foo->data = buf; return 0; err: if (foo->buf_owned) kfree(buf); return ret;",
            [],
        ),
        (
            "char *buf = kmalloc(8, GFP_KERNEL); int ret; if (!buf) return -ENOMEM; ret = foo_start(foo);"
            " if (ret) goto err; foo->data = buf; return 0; err: if (!foo->data) kfree(buf); return ret;",
            [],
        ),
        # a descriptor that is not there
        (
            "struct fd f = fdget(a); if (!f.file) return -EBADF; if (b) { fdput(f); return -EIO; }"
            " foo_use(foo, f.file); fdput(f); return 0;",
            [],
        ),
        (
            "struct fd f = fdget(a); if (fd_empty(f)) return -EBADF; if (b) { fdput(f); return -EIO; }"
            " foo_use(foo); fdput(f); return 0;",
            [],
        ),
        (
            "struct fd f = fdget(a); if (!f.file) return -EBADF; if (b) return -EIO; foo_use(foo, f.file);"
            " fdput(f); return 0;",
            ["fdget"],
        ),
        # a list takes a member of what an accessor makes of the handle
        (
            "struct gem *p = drm_gem_object_lookup(foo, a); struct bar *q; if (!p) return -ENOENT; q = to_bar(p);"
            " if (b) { drm_gem_object_put(p); return -EINVAL; } list_add_tail(&q->entry, &foo->list);"
            " if (a) return -EIO; return 0;",
            [],
        ),
    ],
)
def test_who_has_it_at_the_end(body: str, names: list[str]) -> None:
    found = {name for name, _ in leaks(STATIC + body + "\n}\n")}
    assert found == set(names)


@pytest.mark.parametrize(
    ("name", "enable", "count"),
    [
        ("foo_resume", "pci_enable_device_mem(foo->pdev)", 0),
        ("foo_thaw_noirq", "pci_enable_device(foo->pdev)", 0),
        ("foo_probe", "pci_enable_device_mem(foo->pdev)", 1),
        ("foo_resume", "clk_prepare_enable(foo->clk)", 1),  # nothing else turns it off
    ],
)
def test_what_a_resume_enables_of_the_device_itself_remove_disables(name: str, enable: str, count: int) -> None:
    body = f"\tint ret = {enable};\n\n\tif (ret)\n\t\treturn ret;\n\tif (foo_start(foo))\n\t\treturn -ENOMEM;\n"
    text = f"static int {name}(struct foo *foo, int a)\n{{\n{body}IF\treturn 0;\n}}\n"
    assert len(leaks(text.replace("IF", ""))) == count
    undo = "\tif (a) {\n\t\tpci_disable_device(foo->pdev);\n\t\treturn -EIO;\n\t}\n"
    if "pci" in enable:  # a release on another way out shows that this one owes it as well
        assert len(leaks(text.replace("IF", undo))) == 1


def test_the_mirror_of_a_function_undoes_all() -> None:
    body = "{\n\tchar *p = kmalloc(8, GFP_KERNEL);\n\tif (!p)\n\t\treturn -ENOMEM;\n\tif (a) {\n\t\tkfree(p);\n"
    body += "\t\treturn -EIO;\n\t}\n\tif (foo->b) {\n\t\tfoo_resume(foo);\n\t\treturn -EIO;\n\t}\n"
    body += "\tfoo->p = p;\n\treturn 0;\n}\n"
    assert leaks("static int foo_suspend(struct foo *foo, int a)\n" + body) == []
    assert len(leaks("static int bar_suspend(struct foo *foo, int a)\n" + body)) == 1


@pytest.mark.parametrize(
    ("one", "two", "mirrored"),
    [
        ("foo_suspend", "foo_resume", True),
        ("foo_resume", "foo_suspend", True),
        ("foo_probe", "foo_disable", False),
        ("foo_init_hw", "foo_exit", False),
        ("suspend", "resume", False),
        ("foo_suspend", "foo_suspend", False),
    ],
)
def test_mirrors(one: str, two: str, mirrored: bool) -> None:
    assert known().reverses(one, two) is mirrored


@pytest.mark.parametrize(("member", "count"), [("group_added", 0), ("ready", 1)])
def test_a_flag_tells_the_owner(member: str, count: int) -> None:
    text = "\tint ret;\n\n\tfoo->b = kmalloc(8, GFP_KERNEL);\n\tif (!foo->b)\n\t\treturn -ENOMEM;\n"
    text += "\tret = device_add_group(foo->dev, &foo_group);\n\tif (ret)\n\t\tgoto err;\n"
    text += f"\tfoo->{member} = true;\n\tret = foo_register(foo);\n\tif (ret)\n\t\tgoto err;\n\treturn 0;\nerr:\n"
    found = leaks(STATIC + text + "\tkfree(foo->b);\n\treturn ret;\n}\n")
    assert [name for name, _ in found] == ["device_add_group"] * count


def test_the_assumption_shown_is_one_that_the_path_makes() -> None:
    text = "\tchar *p = kmalloc(8, GFP_KERNEL);\n\n\tif (!p || a)\n\t\treturn -EIO;\n\tkfree(p);\n\treturn 0;\n}\n"
    unit = make_unit(STATIC + text)
    for owed, outcome, cfg in outcomes(unit.functions[0], known()):
        (leak,) = Judge(cfg, known(), owed, outcome).leaks()
        assert leak.reason is not None and (leak.reason[0].key, leak.reason[1]) == ("a", True)


INIT = "int %sf(void)\n{\n\tint ret;\n\n\tfoo_class = class_create(NAME);\n\tif (IS_ERR(foo_class))\n"
INIT += "\t\treturn PTR_ERR(foo_class);\n\tret = foo_register();\n\tif (ret)\n\t\treturn ret;\n\treturn 0;\n}\n"
DIRECTORY = (
    "int %sf(void)\n{\n\tfoo_dir = debugfs_create_dir(NAME, NULL);\n\treturn platform_driver_register(&foo);\n}\n"
)


@pytest.mark.parametrize("text", [INIT, DIRECTORY])
def test_what_a_module_s_init_leaves_behind_nobody_takes_away(text: str) -> None:
    assert len(leaks("static " + text % "__init ")) == 1
    assert leaks("static " + text % "") == []


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("spin_lock(&foo->lock); if (a) return -EIO; spin_unlock(&foo->lock); return 0;", 1),
        # the caller holds it, and finds it held again
        ("spin_unlock(&foo->lock); work(foo); spin_lock(&foo->lock); if (a) return -EIO; work(foo); return 0;", 0),
        (
            "spin_unlock(&foo->lock); work(foo); spin_lock(&foo->lock); if (a) return -EIO;"
            " spin_unlock(&foo->lock); return 0;",
            0,
        ),
        (
            "spin_lock(&foo->lock); work(foo); spin_unlock(&foo->lock); spin_lock(&foo->lock); if (a) return -EIO;"
            " spin_unlock(&foo->lock); return 0;",
            1,
        ),
        (
            "foo->dev = get_device(foo->dev); if (!foo->dev) return -ENODEV;"
            " if (a) { put_device(foo->dev); return -EIO; } return 0;",
            0,
        ),
        ("char *p = kmalloc(8, GFP_KERNEL); if (!p) return -ENOMEM; put_unaligned_be32(a, p); return -EIO;", 1),
        ("char *p = kmalloc(8, GFP_KERNEL); if (!p) return -ENOMEM; foo_put_ring(a, p); return -EIO;", 0),
        ("char *p = kmalloc(8, GFP_KERNEL); if (!p) return -ENOMEM; foo_free(&p); if (a) return -EIO; return 0;", 0),
    ],
)
def test_locks_counts_and_pointers_to_pointers(body: str, count: int) -> None:
    assert len(leaks(STATIC + body + "\n}\n")) == count


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # undone on another way out
        (
            "int ret = video_register_device(foo->vdev, 0, -1); if (ret) return ret; if (a) return -EIO;"
            " if (b) { video_unregister_device(foo->vdev); return -EINVAL; } return 0;",
            [Confidence.HIGH],
        ),
        # what was taken earlier is undone here, this is not: the core may end it with the device
        (
            "int ret; foo->p = kmalloc(8, GFP_KERNEL); if (!foo->p) return -ENOMEM;"
            " ret = video_register_device(foo->vdev, 0, -1); if (ret) goto err; if (a) { ret = -EIO; goto err; }"
            " return 0; err: kfree(foo->p); return ret;",
            [Confidence.LOW],
        ),
        # names that share a word more than the other has
        (
            "struct bar *p = get_bar_device_nm(a); if (IS_ERR(p)) return PTR_ERR(p); if (b) return -EIO;"
            " if (foo->c) { put_bar_device(p); return -EINVAL; } return 0;",
            [Confidence.LOW],
        ),
    ],
)
def test_weak_evidence_is_hidden(body: str, expected: list[Confidence]) -> None:
    unit = make_unit(STATIC + body + "\n}\n")
    found = []
    for owed, outcome, cfg in outcomes(unit.functions[0], known()):
        found += [leak.confidence for leak in Judge(cfg, known(), owed, outcome).leaks() if owed.name != "kmalloc"]
    assert found == expected


MAKER = "static struct foo *f(struct bar *bar, int a)\n{\n\tstruct foo *p = foo_create(bar);\n\tint ret;\n\n"
MAKER += "\tif (IS_ERR(p))\n\t\treturn p;\n"


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("\tret = bar_start(bar);\n\tif (ret)\n\t\treturn ERR_PTR(ret);\n\treturn p;\n", ["foo_create"]),
        # nobody is given it: it may belong to bar
        ("\tret = bar_start(bar);\n\tif (ret)\n\t\treturn ERR_PTR(ret);\n\treturn NULL;\n", []),
        # whoever was passed it may keep it
        ("\tbar_add(bar, p);\n\tret = bar_start(bar);\n\tif (ret)\n\t\treturn ERR_PTR(ret);\n\treturn p;\n", []),
        # but not where it failed
        ("\tret = bar_add(bar, p);\n\tif (ret)\n\t\treturn ERR_PTR(ret);\n\treturn p;\n", ["foo_create"]),
        # stored before
        ("\tbar->foo = p;\n\tif (a)\n\t\treturn ERR_PTR(-EINVAL);\n\treturn p;\n", []),
    ],
)
def test_what_is_made_for_the_caller(body: str, names: list[str]) -> None:
    found = {name for name, _ in leaks(MAKER + body + "}\n")}
    assert found == set(names)
