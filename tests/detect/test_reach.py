"""The engine `reach`: who calls a function, what prints, and what user space chose."""

from __future__ import annotations

import pytest

from linter.detect import reach
from linter.detect.contexts import reaches
from linter.detect.logs import log_level, log_words
from linter.rulebook.model import Confidence
from tests.detect.units import ask, ask_words, make_unit, tables

IOCTL = "static long foo_ioctl(struct file *file, unsigned int cmd, unsigned long arg)\n{{\n{body}\treturn 0;\n}}\n"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pr_err", ("error", False)),
        ("dev_warn_ratelimited", ("warning", True)),
        ("netdev_info_once", ("notice", True)),
        ("gvt_vgpu_err", ("error", False)),
        ("DRM_ERROR", ("error", False)),
        ("DRM_DEV_ERROR", ("error", False)),
        ("dev_dbg", None),
        ("pr_debug", None),
        ("drm_dbg_kms", None),
        ("kfree", None),
        ("err", None),
    ],
)
def test_log_calls_are_told_by_their_shape(name: str, expected: tuple[str, bool] | None) -> None:
    assert log_level(name, log_words(tables())) == expected


def test_a_name_that_prints_needs_a_format() -> None:
    body = '\tif (cmd == 1)\n\t\tfoo_clear_err(file);\n\tif (cmd == 2)\n\t\tfoo_err("no\\n");\n'
    assert ask_words(reach.user_log, IOCTL.format(body=body)) == ['foo_err("no\\n")']


def test_contexts_are_found_in_initialisers_signatures_and_names() -> None:
    unit = make_unit(
        "static int a_open(struct inode *i, struct file *f)\n{\n\treturn helper(f);\n}\n"
        "static int helper(struct file *f)\n{\n\treturn 0;\n}\n"
        "static irqreturn_t b(int irq, void *data)\n{\n\treturn IRQ_HANDLED;\n}\n"
        "static int c(struct drm_device *dev, void *data, struct drm_file *file)\n{\n\treturn 0;\n}\n"
        "static int lone(void)\n{\n\treturn 0;\n}\n"
        "static const struct file_operations ops = {\n\t.open = a_open,\n};\n"
    )
    found = reaches(unit, tables())
    assert found["a_open"].kind == "open"
    assert found["helper"].why == "a_open() calls it"
    assert found["b"].hot
    assert found["c"].inputs == {"data"}
    assert "lone" not in found


def test_what_user_space_chose_is_followed() -> None:
    body = (
        "\tstruct args a;\n\tint ret;\n\n"
        "\tif (copy_from_user(&a, (void __user *)arg, sizeof(a)))\n\t\treturn -EFAULT;\n"
        '\tret = foo_do(&a);\n\tif (ret)\n\t\tpr_err("failed\\n");\n\tif (foo_broken)\n\t\tpr_err("broken\\n");\n'
    )
    assert ask_words(reach.user_log, IOCTL.format(body=body)) == ['pr_err("failed\\n")']


def test_a_test_for_privileges_keeps_it_quiet() -> None:
    body = '\tif (!capable(CAP_SYS_ADMIN))\n\t\treturn -EPERM;\n\tif (cmd != 1)\n\t\tpr_err("no\\n");\n'
    assert not ask(reach.user_log, IOCTL.format(body=body))


def test_old_messages_are_not_the_patch_s() -> None:
    from linter.detect.model import Context
    from linter.detect.questions import Query

    text = IOCTL.format(body='\tif (cmd != 1)\n\t\tpr_err("no\\n");\n\tfoo(cmd);\n')
    for added, expected in ((5, 0), (4, 1)):
        unit = make_unit(text, added=frozenset({added}))
        query = Query(unit.functions[0], unit, Context(tables()), {})
        assert len(list(reach.user_log(query))) == expected


def test_who_may_open_the_file_is_not_told_by_the_signature() -> None:
    head = "static ssize_t foo_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)"
    write = head + "\n{\n\treturn 0;\n}\n"
    alone = reaches(make_unit(write), tables())["foo_write"]
    assert alone.confidence is Confidence.LOW
    known = write + "static const struct file_operations foo_fops = {\n\t.write = foo_write,\n};\n"
    assert reaches(make_unit(known), tables())["foo_write"].confidence is Confidence.HIGH
    ioctl = IOCTL.format(body="")
    assert reaches(make_unit(ioctl), tables())["foo_ioctl"].confidence is Confidence.HIGH


WRITE = (
    "static ssize_t foo_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)\n{\n"
    '\tif (count > 4)\n\t\tpr_err("too long\\n");\n\treturn count;\n}\n'
    "static const struct file_operations foo_fops = {\n\t.write = foo_write,\n\t.write_iter = foo_write,\n};\n"
)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ("debugfs_create_file(\"foo\", 0644, dir, foo, &foo_fops);", False),
        ("debugfs_create_file_unsafe(\"a, b\", 0644,\n\t\tfoo_dir(foo), foo, &foo_fops);", False),
        ("proc_create(\"foo\", 0600, NULL, &foo_fops);", False),
        ("proc_create_data(\"foo\", S_IRUSR | S_IWUSR, NULL, &foo_fops, foo);", False),
        ("proc_create(\"foo\", 0644, NULL, &foo_fops);", True),
        ("debugfs_create_file(\"foo\", 0644, dir, foo, &bar_fops);", True),
        ("cdev_init(&foo->cdev, &foo_fops);", True),
    ],
)  # fmt: skip
def test_files_that_root_alone_opens(made: str, told: bool) -> None:
    text = WRITE + "static void foo_files(struct foo *foo)\n{\n\t" + made + "\n}\n"
    assert bool(ask(reach.user_log, text)) is told


def test_of_two_files_the_open_one_counts() -> None:
    other = "static const struct file_operations bar_fops = {\n\t.write = foo_write,\n};\n"
    made = 'static void foo_files(void)\n{\n\tdebugfs_create_file("foo", 0644, NULL, NULL, &%s);\n}\n'
    for name in ("foo_fops", "bar_fops"):
        assert ask(reach.user_log, WRITE + other + made % name)


CALLS = (
    "\tstruct args a;\n\tint ret;\n\n"
    "\tif (copy_from_user(&a, (void __user *)arg, sizeof(a)))\n\t\treturn -EFAULT;\n"
    '{call}\tif (ret)\n\t\tpr_err("failed\\n");\n'
)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("ret = foo_query(&a);", True),
        ("ret = foo_verify_request(&a);", True),
        ("ret = foo_get_user_pages(file, a.start);", True),
        ("ret = foo_get(file, a.id);", True),
        ("ret = foo_umem_get(file, a.start);", True),
        ("ret = foo_get(file, a.flags);", False),
        ("ret = mmu_interval_notifier_insert_locked(&foo, mm, a.start, a.len, &ops);", False),
        ("ret = xa_alloc(&foo->ids, &a.id, foo, limit, GFP_KERNEL);", False),
        ("ret = foo->ops->init(foo, a);", False),
        ("ret = foo->ops->query(foo, &a);", True),
        ("ret = foo_query(&a);\n\tif (ret)\n\t\treturn ret;\n\tret = foo_start(foo);", False),
        ("ret = foo_start(foo);\n\tif (ret)\n\t\treturn ret;\n\tret = foo_query(&a);", True),
    ],
)
def test_failures_that_nobody_chose(call: str, told: bool) -> None:
    assert bool(ask(reach.user_log, IOCTL.format(body=CALLS.format(call=f"\t{call}\n")))) is told


def test_a_call_in_the_condition() -> None:
    body = '\tif ({call})\n\t\tpr_err("failed\\n");\n'
    assert ask(reach.user_log, IOCTL.format(body=body.format(call="foo_check(file, arg)")))
    assert not ask(reach.user_log, IOCTL.format(body=body.format(call="foo_enable(file, arg)")))


def test_a_verb_s_attributes_are_chosen() -> None:
    text = (
        "int foo_create_cq(struct ib_cq *cq, const struct ib_cq_init_attr *attr, struct ib_udata *udata)\n{\n"
        '\tunsigned int depth = attr->cqe;\n\n\tif (depth > 4)\n\t\tpr_warn("too deep\\n");\n\treturn 0;\n}\n'
    )
    assert reaches(make_unit(text), tables())["foo_create_cq"].inputs == {"attr", "udata"}
    assert ask(reach.user_log, text)
