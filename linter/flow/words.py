"""Names with a meaning to control flow, and kernel macros that an expression is looked through."""

from __future__ import annotations

from linter.pattern import lazy

TRANSPARENT = frozenset(
    [
        "likely",
        "unlikely",
        "READ_ONCE",
        "ACCESS_ONCE",
        "WARN_ON",
        "WARN_ON_ONCE",
        "WARN",
        "WARN_ONCE",
        "WARN_RATELIMIT",
        "WARN_TAINT",
        "XE_WARN_ON",
        "GEM_WARN_ON",
        "WARN_ON_SMP",
        "WARN_ON_FUNCTION_MISMATCH",
        "data_race",
        "uninitialized_var",
        "rcu_dereference",
        "rcu_dereference_raw",
        "rcu_dereference_bh",
        "rcu_dereference_sched",
        "rcu_access_pointer",
        "rcu_dereference_protected",
        "rcu_dereference_check",
        "rcu_dereference_rtnl",
        "rtnl_dereference",
        "unrcu_pointer",
    ]
)
"""Macros whose value is their first argument."""

TRANSPARENT_SECOND = frozenset(
    ["drm_WARN_ON", "drm_WARN_ON_ONCE", "drm_WARN", "drm_WARN_ONCE", "dev_WARN_ONCE", "dev_WARN", "XE_IOCTL_DBG"]
)
"""Macros whose value is their second argument; the first names a device."""

STORES = frozenset(["WRITE_ONCE", "rcu_assign_pointer", "RCU_INIT_POINTER"])
"""Macros that store their second argument in their first."""

STORES_THROUGH = frozenset(["smp_store_release", "smp_store_mb"])
"""Macros that store their second argument in what their first points to (or names)."""

NO_RETURN = frozenset(
    [
        "BUG",
        "panic",
        "nmi_panic",
        "panic_smp_self_stop",
        "nmi_panic_self_stop",
        "fortify_panic",
        "__fortify_panic",
        "usercopy_abort",
        "do_task_dead",
        "rewind_stack_and_make_dead",
        "cpu_startup_entry",
        "arch_cpu_idle_dead",
        "play_dead",
        "stop_this_cpu",
        "cpu_die",
        "cpu_die_early",
        "cpu_park_loop",
        "machine_real_restart",
        "snp_abort",
        "sev_es_terminate",
        "hyp_panic",
        "kunit_try_catch_throw",
        "__module_put_and_kthread_exit",
        "vpanic",
        "unreachable",
        "__builtin_unreachable",
        "__builtin_trap",
        "BUILD_BUG",
        "__bad_size_call_parameter",
        "do_exit",
        "make_task_dead",
        "do_group_exit",
        "kthread_exit",
        "kthread_complete_and_exit",
        "complete_and_exit",
        "module_put_and_exit",
        "module_put_and_kthread_exit",
        "abort",
        "exit",
        "_exit",
        # macros of ACPICA that return from the function they stand in (drivers/acpi/acpica/acoutput.h)
        "return_ACPI_STATUS",
        "return_VOID",
        "return_VALUE",
        "return_UINT8",
        "return_UINT32",
        "return_PTR",
        "return_STR",
    ]
)
"""Calls behind which nothing runs."""

ASSERTS = frozenset(["BUG_ON", "VM_BUG_ON", "XE_BUG_ON", "GEM_BUG_ON", "J_ASSERT"])
"""Calls that come back only where their argument is false (J_ASSERT: see INVERTED_ASSERTS)."""

INVERTED_ASSERTS = frozenset({"J_ASSERT"})
"""Of these the argument must be true."""

GUARDS = frozenset(["guard", "scoped_guard", "scoped_cond_guard", "CLASS", "ACQUIRE"])
"""Macros that take something until the end of the scope."""

UNEVALUATED = frozenset(["typeof", "__typeof__", "__typeof", "typeof_unqual", "__typeof_unqual__"])
"""Operators that look at a type alone: nothing in their argument is read."""

LOOP_KEYWORDS = frozenset({b"while", b"for", b"do"})

_CONTAINER_FIRST = lazy(
    r"child|endpoint|graph_port|_sg$|^for_each_sgtable|^xa_for_each|^idr_for_each|^hash_for_each|^of_property_for_each"
)


def cursors(iterator: str) -> slice:
    """Which arguments of a `for_each_x(...)` macro it sets in every round: the first two, or those behind the first."""
    return slice(1, 3) if _CONTAINER_FIRST.search(iterator) else slice(0, 2)
