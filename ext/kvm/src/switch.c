// SPDX-License-Identifier: GPL-2.0-only
/* Switching mechanisms on and off, and the life of their per-vCPU state. */
#include "entry_intercepts.h"
#include "events.h"
#include "lapic.h"
#include "mwait_lowprio.h"
#include "mwait_monitor.h"
#include "switch.h"
#include "vcpu_poll.h"
#include "x86.h"

DEFINE_STATIC_KEY_DEFERRED_FALSE(kvm_kbench_run_key, HZ);
DEFINE_STATIC_KEY_DEFERRED_FALSE(kvm_kbench_entry_key, HZ);
DEFINE_STATIC_KEY_DEFERRED_FALSE(kvm_kbench_monitor_key, HZ);
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_kbench_run_key);
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_kbench_entry_key);
unsigned int kvm_kbench_offset __read_mostly;
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_kbench_offset);

/* kvm_init(): the size of a vCPU's allocation grows by the extension's state. */
unsigned int kvm_kbench_reserve(unsigned int vcpu_size)
{
	BUILD_BUG_ON(offsetof(struct kvm_run, padding1) != KVM_RUN_KBENCH_EXITS);
	BUILD_BUG_ON(offsetofend(struct kvm_run, padding1) <= KVM_RUN_KBENCH_MP_STATE);
	kvm_kbench_offset = ALIGN(vcpu_size, __alignof__(struct kvm_kbench));
	return kvm_kbench_offset + sizeof(struct kvm_kbench);
}

/* The vendor module goes: nothing may patch the module's text after this. */
void __kvm_kbench_exit(void)
{
	static_key_deferred_flush(&kvm_kbench_run_key);
	static_key_deferred_flush(&kvm_kbench_entry_key);
	static_key_deferred_flush(&kvm_kbench_monitor_key);
}

static void kbench_initialise(struct kvm_kbench *kb)
{
	if (kb->ready)
		return;
	raw_spin_lock_init(&kb->lock);
	if (kbench_has(KVM_KBENCH_VCPU_POLL))
		kbench_poll_init(kb);
	if (kbench_has(KVM_KBENCH_MWAIT_LOWPRIO))
		kbench_lowprio_init(kb);
	kb->ready = true;
}

/* KVM's own answer contains its gates (SMT RSB mitigation, MWAIT of the CPU). */
static u8 kbench_offered(struct kvm *kvm)
{
	BUILD_BUG_ON(KVM_KBENCH_NATIVE_MWAIT != KVM_X86_DISABLE_EXITS_MWAIT ||
		     KVM_KBENCH_NATIVE_HLT != KVM_X86_DISABLE_EXITS_HLT ||
		     KVM_KBENCH_NATIVE_PAUSE != KVM_X86_DISABLE_EXITS_PAUSE);
	return kvm_vm_ioctl_check_extension(kvm, KVM_CAP_X86_DISABLE_EXITS) & KVM_KBENCH_NATIVE_VALID;
}

/* The vCPU may run the moment entry_intercepts is on: start from the VM's choice. */
static void kbench_native_default(struct kvm_vcpu *vcpu)
{
	kbench_set_byte(vcpu, KVM_RUN_KBENCH_NATIVE, kbench_native_of_vm(vcpu->kvm));
}

/* Keys are counted by vCPU: a key's branch is a NOP while no vCPU has a bit of it. */
static void kbench_count(struct static_key_false_deferred *key, bool old, bool new)
{
	if (new && !old)
		static_branch_inc(&key->key);
	else if (old && !new)
		static_branch_slow_dec_deferred(key);
}

/*
 * The entry hook, once on, stays on for the vCPU: it is also what restores the
 * controls when entry_intercepts and mwait_step are switched off.
 */
static void kbench_set_entry(struct kvm_kbench *kb, bool on)
{
	if (!kbench_has(KBENCH_ENTRY) || kb->entry == on)
		return;
	WRITE_ONCE(kb->entry, on);
	kbench_count(&kvm_kbench_entry_key, !on, on);
}

static void kbench_set_enabled(struct kvm_kbench *kb, u32 new)
{
	u32 old = kb->enabled;

	if (old == new)
		return;
	/* Pairs with the acquire of whoever finds the bit from another context. */
	smp_store_release(&kb->enabled, new);
	kbench_count(&kvm_kbench_run_key, old, new);
	kbench_count(&kvm_kbench_monitor_key, old & KVM_KBENCH_MWAIT_MONITOR,
		     new & KVM_KBENCH_MWAIT_MONITOR);
}

/* Whether a device's interrupts may be posted; later kernels count their irqfds instead. */
static bool kbench_has_device(struct kvm *kvm)
{
#ifdef __KVM_HAVE_ARCH_ASSIGNED_DEVICE
	return kvm_arch_has_assigned_device(kvm);
#else
	return READ_ONCE(kvm->arch.nr_possible_bypass_irqs);
#endif
}

/* Why KVM_ENABLE_CAP fails, or 0. */
static int kbench_refusal(struct kvm_vcpu *vcpu, struct kvm_enable_cap *cap)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	u64 wanted = cap->args[0];

	if (cap->flags || wanted & ~(u64)(KBENCH_MECHANISMS & KBENCH_SWITCHED))
		return -EINVAL;
	/* Without KVM's local APIC there is no event in the kernel to tell of. */
	if (wanted & KBENCH_EVENTS && !lapic_in_kernel(vcpu))
		return -EINVAL;
	/*
	 * Posted interrupts of a vCPU outside KVM_RUN come on a vector whose handler does
	 * nothing: neither IPI virtualization nor VT-d tells of them.
	 */
	if (wanted & KBENCH_EVENTS &&
	    (kb->ipiv || (kb->vtd && kbench_has_device(vcpu->kvm))))
		return -EOPNOTSUPP;
	if (wanted & KVM_KBENCH_MWAIT_MONITOR &&
	    (kb->encrypted || vcpu->arch.guest_state_protected))
		return -EOPNOTSUPP;
	return 0;
}

/*
 * The hypervisor timer (the VMX preemption timer) counts in the guest alone, and stops in
 * the deep C-states of a native MWAIT. As KVM does for VMs that disable MWAIT exits.
 */
bool kbench_needs_sw_timer(struct kvm_vcpu *vcpu)
{
	return kbench_enabled(vcpu, KBENCH_EVENTS) ||
	       (kbench_enabled(vcpu, KBENCH_ENTRY) &&
		kbench_of(vcpu)->allowed & KVM_KBENCH_NATIVE_MWAIT);
}

/* The vCPU is loaded. */
int kvm_kbench_enable_cap(struct kvm_vcpu *vcpu, struct kvm_enable_cap *cap)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	u32 wanted = cap->args[0];
	int r = kbench_refusal(vcpu, cap);

	if (r)
		return r;
	kbench_initialise(kb);
	if (kbench_has(KVM_KBENCH_VCPU_EVENTFD)) {
		r = kbench_eventfd_set(kb, wanted & KVM_KBENCH_VCPU_EVENTFD, cap->args[1]);
		if (r)
			return r;
	}
	kb->allowed = kbench_offered(vcpu->kvm);
	if (wanted & ~kb->enabled & KVM_KBENCH_ENTRY_INTERCEPTS)
		kbench_native_default(vcpu);
	if (wanted & ~kb->enabled & KVM_KBENCH_MWAIT_STEP)
		kb->no_step = false;
	if (kbench_has(KVM_KBENCH_MWAIT_MONITOR) && !(wanted & KVM_KBENCH_MWAIT_MONITOR))
		kbench_monitor_disarm(vcpu);
	if (wanted & KBENCH_EVENTS)
		kb->poll.used = true;
	kbench_set_enabled(kb, wanted);
	kbench_set_entry(kb, kb->entry || wanted & KBENCH_ENTRY);
	if (lapic_in_kernel(vcpu) && kvm_lapic_hv_timer_in_use(vcpu) && kbench_needs_sw_timer(vcpu))
		kvm_lapic_switch_to_sw_timer(vcpu);
	/* It came before there was an eventfd to tell of it. */
	if (kbench_enabled(vcpu, KVM_KBENCH_VCPU_EVENTFD) && kbench_event_posted(vcpu))
		kbench_poll_notify(vcpu, true);
	if (!(wanted & KVM_KBENCH_RUN_MP_STATE))
		kbench_set_byte(vcpu, KVM_RUN_KBENCH_MP_STATE, 0);
	return 0;
}

/* Nobody but a timer of the local APIC can find the vCPU any more. */
void __kvm_kbench_vcpu_destroy(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);

	if (!kb->ready)
		return;
	kbench_set_enabled(kb, 0);
	kbench_set_entry(kb, false);
	if (kbench_has(KVM_KBENCH_VCPU_POLL))
		kbench_poll_destroy(kb);
	if (kbench_has(KVM_KBENCH_MWAIT_MONITOR))
		kbench_monitor_destroy(vcpu);
}
