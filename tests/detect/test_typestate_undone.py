"""What counts as undone, failed or never acquired, whatever the tables say of the call."""

from __future__ import annotations

from functools import cache

import pytest
import yaml

from linter.detect.typestate_leak import Judge
from linter.detect.typestate_owed import outcomes
from linter.detect.typestate_tables import Knowledge
from linter.rulebook.model import Tables
from tests.detect.test_typestate import DATA, STATIC
from tests.flow.sources import make_unit

BUF = "char *p = kmalloc(8, GFP_KERNEL); if (!p) return -ENOMEM; "
"""Something to free: a function that undoes other things where it fails."""


@cache
def known() -> Knowledge:
    names = ("resources", "locks", "pairs")
    return Knowledge(Tables({name: yaml.safe_load((DATA / f"{name}.yaml").read_text()) for name in names}))


def leaking(body: str) -> list[str]:
    function = make_unit(STATIC + body + "\n}\n").functions[0]
    return [
        owed.name
        for owed, outcome, cfg in outcomes(function, known())
        for _ in Judge(cfg, known(), owed, outcome).leaks()
    ]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        # the release is given what the call was given, not what it made
        (
            "struct page *page = foo->page; void *p = kmap(page); int err = 0; if (a) err = -EINVAL; kunmap(page);"
            " return err;",
            [],
        ),
        (
            "foo->sdev = device_create(foo_class, foo->dev, MKDEV(a, 0), NULL, NAME);"
            " if (IS_ERR(foo->sdev)) return PTR_ERR(foo->sdev);"
            " if (b) { foo_fini(foo->sdev); device_destroy(foo_class, foo->devnum); return -EIO; }"
            " if (c) { device_destroy(foo_class, foo->devnum); return -EIO; } return 0;",
            [],
        ),
        (
            "foo->mem = NULL; if (vmbus_allocate_mmio(&foo->mem, a, 0, -1, b, c, true)) return -ENOMEM;"
            " if (d) { vmbus_free_mmio(foo->mem->start, b); return -EIO; } return 0;",
            [],
        ),
        # a bool says true where it did acquire, a pointer is not NULL
        ("BUFbool ok = i915_gem_object_trylock(foo->obj, NULL); if (!ok) { kfree(p); return -EIO; } return 0;", []),
        (
            "BUFstruct obj *obj = i915_gem_object_get_rcu(foo->obj); if (!obj) { kfree(p); return -EIO; }"
            " foo->p = p; return 0;",
            [],
        ),
        (
            "BUFstruct obj *obj = i915_gem_object_get_rcu(foo->obj); if (a) { kfree(p); return -EIO; } foo->p = p;"
            " return 0;",
            ["i915_gem_object_get_rcu"],
        ),
        # `if (!x)` right behind the call is its failure
        ("BUFfoo->ref = xe_force_wake_get(foo->fw, 1); if (!foo->ref) { kfree(p); return -EIO; } return 0;", []),
        # a failed call is not undone: what tidies up behind it is about something else
        (
            "int ret = drm_panel_add(&foo->panel); if (ret < 0) { if (foo->lit) foo_lights_cleanup(foo); return ret; }"
            " return 0;",
            [],
        ),
        # whoever asks for NULL means that nothing came
        (
            "struct page *page = foo->page; void *p = kmap(page); if (!p) return -EIO; kunmap(page); return 0;",
            [],
        ),
        # numbers above 0 were asked for
        ("int ret = idr_alloc(&foo->idr, foo, 1, 0, GFP_KERNEL); return ret > 0 ? 0 : -ENOMEM;", []),
        # nothing is owed for an ERR_PTR
        (
            "struct dma_buf *src = foo->src; struct dma_buf *buf;"
            " if (src) { get_dma_buf(src); buf = src; } else { buf = dma_buf_get(a); }"
            " if (IS_ERR(buf)) return PTR_ERR(buf); if (b) { dma_buf_put(buf); return -EIO; } dma_buf_put(buf);"
            " return 0;",
            [],
        ),
        (
            "struct bar *c = bar_find(foo); int ret; if (IS_ERR(c)) return -EIO; ret = intel_context_pin(c);"
            " if (ret) goto err; ret = foo_look(foo); if (ret) goto err; return 0;"
            " err: if (c) bar_context_put(c); return ret;",
            [],
        ),
        # what a failed call owes says nothing of one that went well
        (
            "int ret = kobject_init_and_add(foo->kobj, TYPE, NULL, NAME);"
            " if (ret < 0) { kobject_put(foo->kobj); return ret; }"
            " if (sysfs_create_file(foo->kobj, foo->attr)) return -EIO; return 0;",
            [],
        ),
        # a release of something else that it is given as well
        (
            "struct hw *hw = foo_get_hw(foo); int ret = foo_look(foo); if (ret < 0) return ret;"
            " if (a) { foo_release_decode_spec(hw, foo); return -EIO; } return 0;",
            [],
        ),
        (
            "struct hw *hw = foo_get_hw(foo); int ret = foo_look(foo); if (ret < 0) return ret;"
            " if (a) { bar_release_hw(bar, hw); return -EIO; } return 0;",
            ["foo_get_hw"],
        ),
        # what is stored through an argument comes with a result of 0
        (
            "BUFint err = drm_syncobj_create(&foo->sync, 0, NULL); if (err) goto err_p; foo->p = p; return 0;"
            " err_p: kfree(p); return -EIO;",
            [],
        ),
        # who did not begin to count does not end it
        ("int ret = device_add(&foo->dev); if (ret) return ret; return 0;", []),
        (
            "int ret; device_initialize(&foo->dev); ret = device_add(&foo->dev); if (ret) { work(foo); return ret; }"
            " return 0;",
            ["device_add"],
        ),
        # the reference that was taken is what is returned
        (
            "rcu_read_lock(); prev = swap_fence(foo); if (prev) prev = dma_fence_get_rcu(prev); else work(foo);"
            " rcu_read_unlock(); return prev;",
            [],
        ),
        # the end never fails
        (
            "get_device(&foo->dev); foo->p = bar_create(foo); if (!foo->p) { put_device(&foo->dev); return -EIO; }"
            " return nonseekable_open(foo, a);",
            [],
        ),
        # copied in and out
        (
            "void __user *up = foo->up; int ret = get_bar32(&foo->bar, up); if (ret) return ret; if (a) return -EIO;"
            " return put_bar32(&foo->bar, up);",
            [],
        ),
        # writes into the buffer by its name, and whoever sends a packet frees it
        (
            "struct sk_buff *skb = alloc_skb(8, GFP_KERNEL); int ret; if (!skb) return -ENOMEM;"
            " while (next(foo)) skb_put_le32(skb, a); ret = foo_send(foo, skb); if (ret) return ret; return 0;",
            [],
        ),
        (
            "struct sk_buff *skb = alloc_skb(8, GFP_KERNEL); if (!skb) return -ENOMEM; skb_put_le32(skb, a);"
            " if (a) return -EINVAL; kfree_skb(skb); return 0;",
            ["alloc_skb"],
        ),
        (
            "struct device *p; int i; for (i = 0; i < a; i++) { p = foo->tab[i]; device_initialize(p); if (b) goto err;"
            " } return 0; err: for (i = 0; i < a; i++) { p = foo->tab[i]; if (p) device_unregister(p); } return -EIO;",
            [],
        ),
        (
            "struct bar *p; int i; for (i = 0; i < a; i++) { foo->tab[i] = bar_create(foo); p = foo->tab[i];"
            " if (!p) goto err; p->buf = vzalloc(8); if (!p->buf) goto err; if (b) goto err; } return 0;"
            " err: for (i = 0; i < a; i++) { if (foo->tab[i]) bar_destroy(foo->tab[i]); } return -EIO;",
            [],
        ),
        # what the call left in a structure on the stack
        (
            "struct req req = {}; struct net_device *dev; int ret;"
            " ret = ethnl_parse_header_dev_get(&req, tb, net, ack, true); if (ret < 0) return ret; dev = req.dev;"
            " rtnl_lock(); ret = foo_set(foo); rtnl_unlock(); dev_put(dev); return ret < 0 ? ret : 0;",
            [],
        ),
        # a loop fills a table, another one empties it
        (
            "struct net_device *p; int i; for (i = 0; i < a; i++) { p = foo->tab[i]; if (register_netdev(p)) goto err;"
            " if (b) goto err; } return 0;"
            " err: for (i = 0; i < a; i++) { p = foo->tab[i]; unregister_netdev(p); } return -EIO;",
            [],
        ),
    ],
)
def test_what_is_undone_failed_or_never_acquired(body: str, names: list[str]) -> None:
    assert leaking(body.replace("BUF", BUF)) == names


HELPER = """
static void g(struct foo *foo)
{
	struct bar *bar = foo->bar;

	%s(bar->dev);
	foo->done = 1;
}
"""


@pytest.mark.parametrize(
    ("helper", "names"), [("pm_runtime_put", []), ("work", ["pm_runtime_get_sync"]), ("pm_runtime_get_sync", None)]
)
def test_what_a_function_of_the_same_file_gives_back(helper: str, names: list[str] | None) -> None:
    body = "if (pm_runtime_get_sync(foo->bar->dev) < 0) goto err; if (a) goto err; pm_runtime_put(foo->bar->dev);"
    body += " return 0;"
    functions = make_unit(HELPER % helper + STATIC + body + " err: g(foo); return -EIO;\n}\n").functions
    leaks = {
        owed.name
        for owed, outcome, cfg in outcomes(functions[1], known())
        for _ in Judge(cfg, known(), owed, outcome).leaks()
    }
    assert leaks == set(["pm_runtime_get_sync"] if names is None else names)


GIVEN = "struct handler *h = &foo->h; int ret = v4l2_ctrl_handler_init(h, 1); if (ret) return ret;"
GIVEN += (
    " foo->p = kmalloc(8, GFP_KERNEL); if (!foo->p) return -ENOMEM; ret = foo_parse(foo); if (ret) { kfree(foo->p);"
)
GIVEN += " return ret; } return 0;"
CALLER = "\nstatic int probe(struct foo *foo)\n{\n\tint ret;\n\n\tret = f(foo, 1, 2);\n\tif (ret)\n\t\t%s;\n"
CALLER += "\tret = foo_add(foo);\n\tif (ret)\n\t\tgoto err;\n\treturn 0;\nerr:\n\tv4l2_ctrl_handler_free(&foo->h);\n"
CALLER += "out:\n\treturn ret;\n}\n"


@pytest.mark.parametrize(("way", "count"), [("goto err", 0), ("goto out", 2), ("return ret", 2), (None, 2)])
def test_what_the_caller_undoes(way: str | None, count: int) -> None:
    functions = make_unit(STATIC + GIVEN + "\n}\n" + (CALLER % way if way else "")).functions
    found = [
        leak
        for owed, outcome, cfg in outcomes(functions[0], known())
        for leak in Judge(cfg, known(), owed, outcome).leaks()
    ]
    assert len(found) == count


UNDO = "static void g(void)\n{\n\tif (foo_class)\n\t\tclass_destroy(foo_class);\n}\n"


@pytest.mark.parametrize(("name", "count"), [("foo_class", 0), ("class", 1)])
def test_what_a_module_s_cleanup_gives_back(name: str, count: int) -> None:
    body = f"struct class *class; {name} = class_create(NAME); if (IS_ERR({name})) return PTR_ERR({name});"
    body += " if (foo_register(foo)) { g(); return -EIO; } return 0;"
    functions = make_unit(UNDO + STATIC.replace("static int", "static int __init") + body + "\n}\n").functions
    found = [
        leak
        for owed, outcome, cfg in outcomes(functions[1], known())
        for leak in Judge(cfg, known(), owed, outcome).leaks()
    ]
    assert len(found) == count


MAKER = "struct foo *f(struct dev *dev, int a)\n{\n\tstruct foo *p = %s(dev, 1, 8);\n\n\tif (!p)\n\t\treturn NULL;\n"
MAKER += "\tif (a)\n\t\treturn NULL;\n\treturn p;\n}\n"
MADE = "static struct foo *foo_alloc(struct dev *dev, int n, int m)\n{\n\treturn %s(dev, n * m, GFP_KERNEL);\n}\n\n"


@pytest.mark.parametrize(
    ("before", "call", "count"),
    [
        ("", "foo_alloc", 1),
        ("", "state_kcalloc", 0),
        (MADE % "devm_kzalloc", "foo_alloc", 0),
        (MADE % "take", "foo_alloc", 1),
    ],
)
def test_what_is_made_for_an_owner(before: str, call: str, count: int) -> None:
    function = make_unit(before + MAKER % call).functions[-1]
    found = [
        leak
        for owed, outcome, cfg in outcomes(function, known())
        for leak in Judge(cfg, known(), owed, outcome).leaks()
    ]
    assert len(found) == count


@pytest.mark.parametrize(("name", "count"), [("foo_pm_get", 0), ("foo_resume", 1)])
def test_a_getter_counts_as_the_call_that_it_is_made_of(name: str, count: int) -> None:
    text = f"int {name}(struct foo *foo)\n{{\n\treturn pm_runtime_get_sync(foo->dev);\n}}\n"
    function = make_unit(text).functions[0]
    found = [
        leak
        for owed, outcome, cfg in outcomes(function, known())
        for leak in Judge(cfg, known(), owed, outcome).leaks()
    ]
    assert len(found) == count
