// SPDX-License-Identifier: GPL-2.0-only
/* Switching mechanisms on and off, and the life of their per-vCPU state. */
#include "lapic.h"
#include "x86.h"
#include "kbench.h"

DEFINE_STATIC_KEY_FALSE(kvm_kbench_run_key);
DEFINE_STATIC_KEY_FALSE(kvm_kbench_entry_key);
DEFINE_STATIC_KEY_FALSE(kvm_kbench_monitor_key);
EXPORT_SYMBOL_GPL(kvm_kbench_run_key);
EXPORT_SYMBOL_GPL(kvm_kbench_entry_key);
unsigned int kvm_kbench_offset __read_mostly;
EXPORT_SYMBOL_GPL(kvm_kbench_offset);

/* kvm_init(): the size of a vCPU's allocation grows by the extension's state. */
unsigned int kvm_kbench_reserve(unsigned int vcpu_size)
{
	BUILD_BUG_ON(offsetof(struct kvm_run, padding1) != KVM_RUN_KBENCH_EXITS);
	BUILD_BUG_ON(offsetofend(struct kvm_run, padding1) <= KVM_RUN_KBENCH_MP_STATE);
	kvm_kbench_offset = ALIGN(vcpu_size, __alignof__(struct kvm_kbench));
	return kvm_kbench_offset + sizeof(struct kvm_kbench);
}

static void initialise(struct kvm_kbench *kb)
{
	if (kb->ready)
		return;
	if (kbench_has(KBENCH_EVENTS))
		kbench_poll_init(kb);
	if (kbench_has(KVM_KBENCH_MWAIT_LOWPRIO))
		kbench_lowprio_init(kb);
	kb->ready = true;
}

/* KVM's own answer contains its gates (SMT RSB mitigation, MWAIT of the CPU). */
static u8 offered(struct kvm *kvm)
{
	BUILD_BUG_ON(KVM_KBENCH_NATIVE_MWAIT != KVM_X86_DISABLE_EXITS_MWAIT ||
		     KVM_KBENCH_NATIVE_HLT != KVM_X86_DISABLE_EXITS_HLT ||
		     KVM_KBENCH_NATIVE_PAUSE != KVM_X86_DISABLE_EXITS_PAUSE);
	return kvm_vm_ioctl_check_extension(kvm, KVM_CAP_X86_DISABLE_EXITS) &
	       (KVM_KBENCH_NATIVE_MWAIT | KVM_KBENCH_NATIVE_HLT | KVM_KBENCH_NATIVE_PAUSE);
}

/* The vCPU may run the moment M3 is on: start from the VM's choice. */
static void native_default(struct kvm_vcpu *vcpu)
{
	u8 native = 0;

	if (kvm_mwait_in_guest(vcpu->kvm))
		native |= KVM_KBENCH_NATIVE_MWAIT;
	if (kvm_hlt_in_guest(vcpu->kvm))
		native |= KVM_KBENCH_NATIVE_HLT;
	if (kvm_pause_in_guest(vcpu->kvm))
		native |= KVM_KBENCH_NATIVE_PAUSE;
	WRITE_ONCE(((u8 *)vcpu->run)[KVM_RUN_KBENCH_NATIVE], native);
}

/* Keys are counted by vCPU: a key's branch is a NOP while no vCPU has a bit of it. */
static void count(struct static_key_false *key, bool old, bool new)
{
	if (new && !old)
		static_branch_inc(key);
	else if (old && !new)
		static_branch_dec(key);
}

/*
 * The entry hook, once on, stays on for the vCPU: it is also what restores the
 * controls when M3 and M5 are switched off.
 */
static void set_entry(struct kvm_kbench *kb, bool on)
{
	if (!kbench_has(KBENCH_ENTRY) || kb->entry == on)
		return;
	WRITE_ONCE(kb->entry, on);
	count(&kvm_kbench_entry_key, !on, on);
}

static void set_enabled(struct kvm_kbench *kb, u32 new)
{
	u32 old = kb->enabled;

	if (old == new)
		return;
	/* Pairs with the acquire of whoever finds the bit from another context. */
	smp_store_release(&kb->enabled, new);
	count(&kvm_kbench_run_key, old & KBENCH_RUN, new & KBENCH_RUN);
	count(&kvm_kbench_monitor_key, old & KVM_KBENCH_MWAIT_MONITOR,
	      new & KVM_KBENCH_MWAIT_MONITOR);
}

int kvm_kbench_enable_cap(struct kvm_vcpu *vcpu, struct kvm_enable_cap *cap)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	u64 wanted = cap->args[0];
	int r;

	if (cap->flags || wanted & ~(u64)(KBENCH_MECHANISMS & KBENCH_SWITCHED))
		return -EINVAL;
	/* Without KVM's local APIC there is no event in the kernel to tell of. */
	if (wanted & KBENCH_EVENTS && !lapic_in_kernel(vcpu))
		return -EINVAL;
	initialise(kb);
	if (kbench_has(KVM_KBENCH_VCPU_EVENTFD) && wanted & KVM_KBENCH_VCPU_EVENTFD) {
		r = kbench_eventfd_set(vcpu, cap->args[1]);
		if (r)
			return r;
	}
	kb->allowed = offered(vcpu->kvm);
	if (wanted & ~kb->enabled & KVM_KBENCH_ENTRY_INTERCEPTS)
		native_default(vcpu);
	if (kbench_has(KVM_KBENCH_MWAIT_MONITOR) && !(wanted & KVM_KBENCH_MWAIT_MONITOR))
		kbench_monitor_disarm(vcpu);
	set_enabled(kb, wanted);
	set_entry(kb, kb->entry || wanted & KBENCH_ENTRY);
	if (kbench_has(KVM_KBENCH_VCPU_EVENTFD) && !(wanted & KVM_KBENCH_VCPU_EVENTFD))
		kbench_eventfd_drop(kb);
	else if (kbench_has(KVM_KBENCH_VCPU_EVENTFD) && kbench_interrupt_pending(vcpu))
		/* It came before there was an eventfd to tell of it. */
		kbench_eventfd_signal(kb);
	if (!(wanted & KVM_KBENCH_RUN_MP_STATE))
		WRITE_ONCE(((u8 *)vcpu->run)[KVM_RUN_KBENCH_MP_STATE], 0);
	return 0;
}

/* Nobody but a timer of the local APIC can find the vCPU any more. */
void __kvm_kbench_vcpu_destroy(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);

	if (!kb->ready)
		return;
	set_enabled(kb, 0);
	set_entry(kb, false);
	if (kbench_has(KVM_KBENCH_VCPU_EVENTFD))
		kbench_eventfd_drop(kb);
}

void __kvm_kbench_run_begin(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);

	WRITE_ONCE(kb->in_run, true);
	if (kb->hv_timer) {
		kb->hv_timer = false;
		kvm_lapic_switch_to_hv_timer(vcpu);
	}
	kbench_publish_idle(vcpu, kb->step ? KVM_KBENCH_IDLE_MWAIT : KVM_KBENCH_IDLE_RUNNING);
}

void __kvm_kbench_run_end(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);

	if (kbench_has(KVM_KBENCH_MWAIT_LOWPRIO))
		kbench_lowprio_end(kb);
	WRITE_ONCE(kb->in_run, false);
	if (kbench_has(KBENCH_EVENTS) && kbench_enabled(vcpu, KBENCH_EVENTS)) {
		/* The hypervisor timer stands still outside the guest. */
		if (kvm_lapic_hv_timer_in_use(vcpu)) {
			kvm_lapic_switch_to_sw_timer(vcpu);
			kb->hv_timer = true;
		}
		/* Also orders in_run for an event that comes now. */
		smp_mb();
		kbench_events_settle(vcpu);
		kb->settled = true;
		if (kbench_has(KVM_KBENCH_VCPU_EVENTFD) &&
		    kbench_enabled(vcpu, KVM_KBENCH_VCPU_EVENTFD) && !READ_ONCE(kb->quiet) &&
		    kbench_event_pending(vcpu))
			kbench_eventfd_signal(kb);
	}
	kbench_publish_idle(vcpu, KVM_KBENCH_IDLE_OUTSIDE);
}

/* Whether the vCPU blocks in the kernel; false: it leaves KVM_RUN. */
bool __kvm_kbench_block_begin(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.mp_state == KVM_MP_STATE_HALTED) {
		kbench_publish_idle(vcpu, KVM_KBENCH_IDLE_HLT);
		if (kbench_exit_on_halt(vcpu))
			return false;
	}
	kbench_block_events(vcpu);
	return true;
}

void __kvm_kbench_block_end(struct kvm_vcpu *vcpu)
{
	kbench_block_events(vcpu);
	kbench_publish_idle(vcpu, KVM_KBENCH_IDLE_RUNNING);
}
