"""Words of kernel C that the C grammar does not know, by what has to be done with them. Data only."""

from __future__ import annotations


def _words(text: str) -> frozenset[bytes]:
    return frozenset(text.encode().split())


# include/linux/compiler_attributes.h, compiler_types.h, init.h, linkage.h: blanked, with their arguments if any follow.
ATTRIBUTES = _words(
    """
    __init __exit __initdata __exitdata __initconst __exitconst __initdata_or_module __init_or_module __devinit
    __initconst_or_module __init_memblock __initdata_memblock __cpuinit __devexit __devinitdata __devinitconst
    __meminit __meminitdata __memexit __net_init __net_exit __net_initdata __ref __refdata __refconst __head __noendbr
    __cpuinitdata __cpuinitconst __exit_refok __init_refok __xip_init __mips_init __paginginit __irq_entry
    __softirq_entry __exception_irq_entry __entry_text __efi_stub __efiapi __efistub_global __nosave __nosavedata
    __user __kernel __iomem __percpu __rcu __force __nocast __private __bitwise __bitwise__ __safe
    __must_check __no_context_analysis __designated_init __deprecated __always_unused __maybe_unused __unused __used
    __packed __aligned_largest __cacheline_aligned __cacheline_aligned_in_smp ____cacheline_aligned
    ____cacheline_aligned_in_smp ____cacheline_internodealigned_in_smp __page_aligned_data __page_aligned_bss
    __read_mostly __ro_after_init __randomize_layout __no_randomize_layout __lsm_ro_after_init
    __weak __visible __hidden __cold __hot __pure __attribute_const__ __attribute_const __noreturn __nonstring
    __returns_nonnull __always_inline __noinline __flatten __no_caller_saved_registers __no_instrument __no_profile
    __no_stack_protector __nostackprotector __no_sanitize_address __no_sanitize_memory __no_sanitize_thread
    __no_sanitize_or_inline __no_sanitize_undefined __no_kasan_or_inline __no_kcsan __no_kcfi __nocfi __noclone
    __no_fgcse __no_kmsan_checks __no_kstack_erase __latent_entropy __signed_wrap __disable_sanitizer_instrumentation
    __noinstr_section __kprobes __nokprobe __sched __lockfunc __cpuidle __sramfunc __naked __noscs __preserve_most
    __bpf_kfunc __ksym __kconfig __kptr __kptr_untrusted __percpu_kptr __uptr __arena __arg_ctx __arg_nonnull
    __arg_trusted __arg_nullable __kunit_init __overloadable __gcc_struct __ms_struct __no_reorder __fastcall
    __uninitialized __attribute_pure __flex_counter __single __nolibc_entrypoint __nolibc_no_stack_protector
    __inline_for_extensions __attribute_used__ __attribute_noinline__ __no_optimize __vsyscall_fn __vdso_data
    noinline noinline_for_stack noinline_for_kasan inline_for_kasan notrace noinstr asmlinkage fastcall noclone
    nokprobe_inline __xipram __initdata_or_acpilib STATIC TC_INDIRECT_SCOPE INDIRECT_CALLABLE_SCOPE
    VISIBLE_IF_KUNIT STATIC_IFN_KUNIT CRYPTO_MINALIGN_ATTR ZEXPORT ZLIB_INTERNAL UNUSED
    """
)

# Blanked only with an argument list behind them: as a plain word they are somebody's identifier.
ATTRIBUTES_CALLED = _words(
    """
    __free __cleanup __printf __scanf __aligned __section __alias __copy __malloc __alloc_size __realloc_size
    __nonnull __counted_by __counted_by_le __counted_by_be __counted_by_ptr __assume_aligned __optimize __no_sanitize
    __diagnose_as __compiletime_error __compiletime_warning __cond_acquires __must_hold __acquires __releases
    __must_hold_shared __acquires_shared __releases_shared __cond_acquires_shared __guarded_by __pt_guarded_by
    __attribute__ __capability __sized_by __ended_by __no_builtin __attribute
    """
)

ALL_ATTRIBUTES = ATTRIBUTES | ATTRIBUTES_CALLED

# Macros that take a type among their arguments.
TYPE_ARGUMENT = _words(
    """
    container_of container_of_const list_entry list_first_entry list_last_entry list_first_entry_or_null
    list_last_entry_or_null list_entry_rcu list_first_or_null_rcu list_first_entry_rcu list_entry_lockless
    hlist_entry hlist_entry_safe hlist_nulls_entry llist_entry rb_entry rb_entry_safe rb_entry_rcu va_arg
    min_t max_t clamp_t typecheck typecheck_fn typecheck_pointer from_timer timer_container_of
    kzalloc_obj kmalloc_obj kvmalloc_obj kvzalloc_obj kzalloc_objs kmalloc_objs kvzalloc_objs kvmalloc_objs
    kzalloc_flex kmalloc_flex kvmalloc_flex kvzalloc_flex
    DECLARE_KFIFO DEFINE_KFIFO DECLARE_KFIFO_PTR struct_size_t sizeof_field FIELD_SIZEOF
    offsetofend alloc_percpu alloc_percpu_gfp alloc_percpu_noprof netdev_alloc_pcpu_stats
    devm_alloc_percpu DEFINE_FREE DEFINE_CLASS DEFINE_GUARD DEFINE_RAW_FLEX DEFINE_FLEX _DEFINE_FLEX EXTEND_CLASS
    DEFINE_LOCK_GUARD_1 KMEM_CACHE KMEM_CACHE_USERCOPY _IO _IOR _IOW _IOWR _IOR_BAD _IOW_BAD _IOWR_BAD DRM_IOR
    DRM_IOW DRM_IOWR ib_alloc_device vdpa_alloc_device ASSERT_STRUCT_OFFSET __same_type
    __builtin_types_compatible_p __struct_group struct_group_tagged typeof_member rdma_zalloc_drv_obj
    bpf_core_cast bpf_core_type_size bpf_core_type_exists __type drmm_crtc_alloc_with_planes drmm_encoder_alloc
    drmm_simple_encoder_alloc drmm_universal_plane_alloc drmm_connector_alloc devm_drm_dev_alloc
    devm_drm_bridge_alloc devm_drm_panel_alloc io_kiocb_to_cmd container_of_safe container_of_user
    """
)

# `MACRO(name, size)` declares an array, the others `MACRO(type, name)` an object.
ARRAY_MACROS = _words("DECLARE_BITMAP DECLARE_HASHTABLE DEFINE_HASHTABLE")
OBJECT_MACROS = ARRAY_MACROS | _words(
    """
    DECLARE_FLEX_ARRAY DEFINE_PER_CPU DECLARE_PER_CPU DEFINE_PER_CPU_ALIGNED DEFINE_PER_CPU_SHARED_ALIGNED
    DEFINE_PER_CPU_READ_MOSTLY DECLARE_PER_CPU_ALIGNED DECLARE_PER_CPU_SHARED_ALIGNED DECLARE_PER_CPU_READ_MOSTLY
    DEFINE_PER_CPU_PAGE_ALIGNED DECLARE_PER_CPU_PAGE_ALIGNED DEFINE_PER_CPU_CACHE_HOT DECLARE_PER_CPU_CACHE_HOT
    DEFINE_PER_CPU_FIRST
    """
)

# Calls at file scope whose arguments are declarations: the arguments are blanked.
BLANKED_MACROS = _words("INDIRECT_CALLABLE_DECLARE ACPI_MODULE_NAME ACPI_EXPORT_SYMBOL")

# A loop in everything but its keyword, whatever the name says; names with `for_each` are loops by shape.
ITERATORS = _words(
    """
    shost_for_each_device skb_queue_walk skb_queue_walk_safe skb_queue_walk_from skb_queue_walk_from_safe
    skb_queue_reverse_walk skb_queue_reverse_walk_safe skb_rbtree_walk skb_rbtree_walk_from skb_walk_frags
    while_for_each_ftrace_op list_for_every snd_pcm_group_for_each_entry netdev_for_each_mc_addr
        """
)

# Names with `for_each` in them that are functions or values.
NOT_ITERATORS = _words("bus_for_each_dev driver_for_each_device class_for_each_device")

# Run their body once (include/linux/cleanup.h and friends): they become an `if`.
GUARDED_BLOCKS = _words(
    """
    scoped_guard scoped_cond_guard scoped_class scoped_user_read_access scoped_user_write_access
    scoped_user_rw_access scoped_user_read_access_size scoped_user_write_access_size scoped_user_rw_access_size
    scoped_with_kernel_creds scoped_with_creds scoped_with_init_fs scoped_seqlock_read scoped_irqdesc_get_and_lock
    scoped_irqdesc_get_and_buslock scoped_ksimd scoped_masked_user_access with_intel_runtime_pm
    with_intel_runtime_pm_if_in_use with_intel_display_power with_intel_gt_pm with_rpm with_pm_qos
    """
)

# Trace headers: the pieces in their arguments (TP_PROTO, TP_STRUCT__entry) are no C; the first argument stays.
TRACE_MACROS = _words(
    """
    TRACE_EVENT TRACE_EVENT_CONDITION DECLARE_EVENT_CLASS DEFINE_EVENT DEFINE_EVENT_PRINT DEFINE_EVENT_CONDITION
    TRACE_EVENT_FN TRACE_EVENT_FN_COND TRACE_EVENT_FLAGS TRACE_EVENT_PERF_PERM DECLARE_TRACE DECLARE_HOOK
    DECLARE_RESTRICTED_HOOK DEFINE_EVENT_FN TRACE_EVENT_SYSCALL TRACE_EVENT_NOP DECLARE_EVENT_NOP DEFINE_TRACE_FN
    DECLARE_EVENT_SYSCALL_CLASS FTRACE_ENTRY FTRACE_ENTRY_REG FTRACE_ENTRY_DUP FTRACE_ENTRY_FN
    """
)
