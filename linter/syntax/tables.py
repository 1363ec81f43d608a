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
    __user __kernel __iomem __percpu __rcu __force __nocast __private __bitwise __bitwise__ __safe __chk_user_ptr_t
    __must_check __must_be_noncapturing __must_hold __must_hold_shared __acquires __releases __acquires_shared
    __releases_shared __cond_acquires __cond_lock_t __guarded_by __pt_guarded_by __acquire_shared_t __context_unsafe
    __no_context_analysis __cond_acquires_shared __counted_by __counted_by_le __counted_by_be __counted_by_ptr
    __free __cleanup __designated_init __deprecated __always_unused __maybe_unused __maybe_unused_t __unused __used
    __packed __aligned __aligned_largest __section __cacheline_aligned __cacheline_aligned_in_smp
    ____cacheline_aligned ____cacheline_aligned_in_smp ____cacheline_internodealigned_in_smp __page_aligned_data
    __page_aligned_bss __read_mostly __ro_after_init __ro_after_init_t __randomize_layout __no_randomize_layout
    __weak __alias __visible __hidden __cold __hot __pure __attribute_const__ __attribute_const __noreturn
    __noreturn__ __printf __scanf __malloc __alloc_size __realloc_size __assume_aligned __nonstring
    __nonnull __returns_nonnull __no_return __copy __compiletime_error __compiletime_warning __diagnose_as
    __always_inline __noinline __flatten __optimize __no_caller_saved_registers __no_instrument __no_profile
    __no_stack_protector __no_sanitize_address __no_sanitize_memory __no_sanitize_thread __no_sanitize_or_inline
    __no_sanitize_undefined __no_sanitize __no_kasan_or_inline __no_kcsan __no_kcfi __nocfi __noclone __no_fgcse
    __no_kmsan_checks __no_kmsan __no_kstack_erase __nostackprotector __latent_entropy __no_randomize __signed_wrap
    __disable_sanitizer_instrumentation __noinstr_section __nokprobe __kprobes __sched __lockfunc __irq_entry
    __softirq_entry __cpuidle __entry_text __exception_irq_entry __efi_stub __efi_rt_noreturn __efistub_global
    __efiapi __paginginit __sramfunc __ipi_entry __naked __noscs __private_extern __preserve_most
    __BPF_FUNC __bpf_kfunc __bpf_hook_start __rcu_nocb __bpf_md_ptr_t __nosavedata __nosave __cacheline_group
    __flash __early_init __cpu_suspend __cpuinitdata __cpuinitconst __initdata_t __primary __tls __setup_str
    __mips_init __signature __vsyscall_fn __vdso_data __kmsan __kasan __nospec __overloadable __sanitizer
    __noreturn_t __nokasan __kunit_init __visible_for_testing __typed_init __arm_smc __ksym __kconfig __kptr
    __kptr_untrusted __percpu_kptr __uptr __arena __arg_ctx __arg_nonnull __arg_trusted __arg_nullable __hidden_ksym
    __must_lock __nonseekable __gcc_struct __ms_struct __no_reorder __inline_maybe __inline_for_extensions
    __attribute __no_builtin __fastcall __thiscall __uninitialized __assume_ctx_lock __capability __attribute_pure
    __flex_counter __sized_by __ended_by __indexable __bidi_indexable __single __unsafe_indexable __xip_init
    noinline noinline_for_stack noinline_for_kasan notrace noinstr asmlinkage fastcall __nonnull_t
    inline_for_kasan noclone __xchg_wrong_size_t nokprobe_inline __cfi_t INIT_SECTION EXPORT_KPROBE
    __init_rwsem_t DISABLE_BRANCH_PROFILING __vmalloc_size UNINIT_T hotplug_init_t STACK_FRAME_NON_STANDARD_T
    VISIBLE_IF_KUNIT STATIC_IFN_KUNIT SYM_PIC_ALIAS __lsm_ro_after_init __INITDATA_OR_MODULE __INIT_OR_MODULE
    ACPI_INTERNAL_VAR_XFACE_T ZEXPORT ZLIB_INTERNAL __ptr_ring_t __nolibc_entrypoint __nolibc_no_stack_protector
    DEBUGFS_INIT_T uninitialized_var_t isolated __cpu_to_node_t __sparc_init __nostartup __noreturn_fn
    CRYPTO_MINALIGN_ATTR ____cacheline_align __attribute_used__ __attribute_noinline__ __randomize_t
    __no_inline __no_tail_calls __nocapture BTRFS_ATTR_T __no_optimize __neverinline MUST_CHECK UNUSED
    """
) - _words("__capability __primary __signature __copy __unused_t")

# Blanked only with an argument list behind them: as a plain word they are somebody's identifier.
ATTRIBUTES_CALLED = _words(
    """
    __free __cleanup __printf __scanf __aligned __section __alias __copy __malloc __alloc_size __realloc_size
    __nonnull __counted_by __counted_by_le __counted_by_be __counted_by_ptr __assume_aligned __optimize __no_sanitize
    __diagnose_as __compiletime_error __compiletime_warning __cond_acquires __must_hold __acquires __releases
    __must_hold_shared __acquires_shared __releases_shared __cond_acquires_shared __guarded_by __pt_guarded_by
    __capability __sized_by __ended_by __no_builtin __attribute
    """
)

# Attribute names that are also called as functions somewhere: blanked with a list only behind a declarator.
TYPE_WORDS = _words("struct union enum")

# Macros that take a type among their arguments.
TYPE_ARGUMENT = _words(
    """
    container_of container_of_const list_entry list_first_entry list_last_entry list_first_entry_or_null
    list_last_entry_or_null list_next_entry_t list_entry_rcu list_first_or_null_rcu list_first_entry_rcu
    list_entry_lockless hlist_entry hlist_entry_safe hlist_nulls_entry llist_entry rb_entry rb_entry_safe
    rb_entry_rcu va_arg min_t max_t clamp_t typecheck typecheck_fn typecheck_pointer cmp_int_t round_up_t
    kzalloc_obj kmalloc_obj kvmalloc_obj kvzalloc_obj kzalloc_objs kmalloc_objs kvzalloc_objs kzalloc_flex
    kmalloc_flex kvmalloc_flex kvzalloc_flex kvmalloc_objs DECLARE_KFIFO DEFINE_KFIFO DECLARE_KFIFO_PTR
    DECLARE_FLEX_ARRAY struct_size_t sizeof_field FIELD_SIZEOF offsetofend offsetof field_sizeof BIT_FIELD_TYPE
    DEFINE_PER_CPU DECLARE_PER_CPU DEFINE_PER_CPU_ALIGNED DEFINE_PER_CPU_SHARED_ALIGNED DEFINE_PER_CPU_READ_MOSTLY
    DECLARE_PER_CPU_ALIGNED DECLARE_PER_CPU_SHARED_ALIGNED DECLARE_PER_CPU_READ_MOSTLY DEFINE_PER_CPU_PAGE_ALIGNED
    DECLARE_PER_CPU_PAGE_ALIGNED DEFINE_PER_CPU_CACHE_HOT DECLARE_PER_CPU_CACHE_HOT DEFINE_PER_CPU_FIRST
    alloc_percpu alloc_percpu_gfp alloc_percpu_noprof netdev_alloc_pcpu_stats devm_alloc_percpu __alloc_percpu_t
    DEFINE_FREE DEFINE_CLASS DEFINE_GUARD DEFINE_RAW_FLEX DEFINE_FLEX _DEFINE_FLEX EXTEND_CLASS DEFINE_LOCK_GUARD_1
    KMEM_CACHE KMEM_CACHE_USERCOPY _IO _IOR _IOW _IOWR _IOR_BAD _IOW_BAD _IOWR_BAD _IOC_TYPECHECK DRM_IOR DRM_IOW
    DRM_IOWR nla_data_t xa_mk_t from_timer timer_container_of to_of_node_t devlink_priv_t VMCI_T ib_alloc_device
    BUILD_BUG_ON_NOT_POWER_OF_2 ASSERT_STRUCT_OFFSET static_assert __builtin_types_compatible_p __same_type
    __builtin_offsetof __struct_group struct_group_tagged struct_group struct_group_attr typeof_member
    rdma_zalloc_drv_obj rdma_zalloc_drv_obj_gfp rdma_alloc_hw_stats_struct_t pcpu_alloc_t bpf_core_cast
    bpf_core_type_size bpf_core_type_exists bpf_core_field_exists __type __array_t __ulong_t drmm_crtc_alloc_with_planes
    drmm_encoder_alloc drmm_simple_encoder_alloc drmm_universal_plane_alloc drmm_connector_alloc devm_drm_dev_alloc
    __devm_drm_dev_alloc_t devm_drm_bridge_alloc devm_drm_panel_alloc drm_gem_plane_t devm_kzalloc_t genl_t skb_cb_t
    vkms_t fwnode_t kunit_kzalloc_t LIST_HEAD_TYPE PTR_ALIGN_T typesafe_t XA_T lockdep_t TLV_T
    ALLOC_T container_of_safe container_of_user member_address_is_nonnull_t hash_entry_t skb_queue_t
    rhashtable_t io_kiocb_to_cmd bio_t vdpa_alloc_device dma_alloc_t flex_array_size_t array_t
    module_i2c_t ath_t snd_pcm_t iio_t nfs4_t INIT_USER SIZEOF_FIELD csum_t hid_t scatterwalk_t field_t
    __get_user_t crypto_t usb_t MEMBER_SIZE SKB_EXT_T OFFSETOF get_unaligned_t __va_arg_pack XFS_CHECK_STRUCT_SIZE
    XFS_CHECK_OFFSET nft_t CHECK_STRUCT_SIZE
    """
)

# A loop in everything but its keyword, whatever the name says; names with `for_each` are loops by shape.
ITERATORS = _words(
    """
    list_for_each_entry hlist_for_each_entry list_for_each while_each_pid_thread do_for_each_pid
    foreach_transaction iterate_all_kinds xa_for_each idr_for_each_entry cgroup_taskset_for_each
    rdma_for_each_port ata_for_each_dev ata_for_each_link shost_for_each_device pci_dev_for_each bio_for_each_segment
    rq_for_each_segment nla_for_each_nested nlmsg_for_each_msg hash_for_each_possible mas_for_each
    with_intel_runtime_pm with_intel_display_power
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
    scoped_irqdesc_get_and_buslock scoped_ksimd scoped_free_page scoped_masked_user_access
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
