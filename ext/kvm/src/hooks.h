/* SPDX-License-Identifier: GPL-2.0-only */
/* The hooks that the semantic patches insert, one each, into all but the vendors' files. */
#ifndef __KVM_X86_KBENCH_HOOKS_H
#define __KVM_X86_KBENCH_HOOKS_H

/* kvm_main.c includes this behind the definition of its tracepoints: none is defined again. */
#undef CREATE_TRACE_POINTS

#include "idle_flag.h"
#include "mwait.h"
#include "mwait_monitor.h"
#include "run.h"
#include "state.h"
#include "switch.h"
#include "userspace_exits.h"
#include "vcpu_poll.h"
#include "wakeups.h"

static __always_inline int kvm_kbench_check_extension(long ext, int r)
{
	return ext == KVM_CAP_KBENCH ? KBENCH_MECHANISMS : r;
}

/* KVM_ENABLE_CAP on a vCPU, under vcpu->mutex, vCPU loaded. */
static __always_inline int kvm_kbench_vcpu_cap(struct kvm_vcpu *vcpu, struct kvm_enable_cap *cap,
					       int (*stock)(struct kvm_vcpu *,
							    struct kvm_enable_cap *))
{
	if (cap->cap == KVM_CAP_KBENCH && kbench_has(KBENCH_SWITCHED))
		return kvm_kbench_enable_cap(vcpu, cap);
	return stock(vcpu, cap);
}

/* Around vcpu_run(): vCPU loaded, kvm->srcu held, preemptible. */
static __always_inline int kvm_kbench_run(struct kvm_vcpu *vcpu, int (*run)(struct kvm_vcpu *))
{
	if (kbench_in_use(KBENCH_SWITCHED)) {
		int r = __kvm_kbench_run_begin(vcpu);

		if (r)
			return r;
	}
	return run(vcpu);
}

/* Around vcpu_block(): the vCPU is not running, the same context. */
static __always_inline int kvm_kbench_block(struct kvm_vcpu *vcpu, int (*block)(struct kvm_vcpu *))
{
	int r;

	if (kbench_in_use(KBENCH_BLOCK) && !__kvm_kbench_block_begin(vcpu))
		return 0;
	r = block(vcpu);
	if (kbench_in_use(KBENCH_BLOCK))
		__kvm_kbench_block_end(vcpu);
	return r;
}

/* On the result of the emulation of HLT. */
static __always_inline int kvm_kbench_halt(struct kvm_vcpu *vcpu, int r)
{
	return kbench_has(KVM_KBENCH_RFC_V1) ? kbench_rfc_v1_halt(vcpu, r) : r;
}

/*
 * In the exit handler of MWAIT: vCPU loaded, kvm->srcu held, preemptible. While nothing is
 * on, the emulation is called as stock KVM calls it.
 */
static __always_inline int kvm_kbench_mwait(struct kvm_vcpu *vcpu, kbench_emulate_t emulate,
					    const char *insn)
{
	if (kbench_has(KVM_KBENCH_RFC_V1))
		return kbench_rfc_v1_mwait(vcpu, emulate(vcpu, insn));
	if (kbench_in_use(KBENCH_MWAIT | KVM_KBENCH_USERSPACE_EXITS | KVM_KBENCH_IDLE_FLAG))
		return __kvm_kbench_mwait(vcpu, emulate, insn);
	return emulate(vcpu, insn);
}

/* In the exit handler of MONITOR, the same context. */
static __always_inline int kvm_kbench_monitor(struct kvm_vcpu *vcpu, kbench_emulate_t emulate,
					      const char *insn)
{
	if (kbench_has(KVM_KBENCH_MWAIT_MONITOR) &&
	    static_branch_unlikely(&kvm_kbench_monitor_key.key))
		return __kvm_kbench_monitor(vcpu, emulate, insn);
	return emulate(vcpu, insn);
}

/* PAUSE exits: begin before the directed yield, end on the handler's result. */
static __always_inline void kvm_kbench_pause_begin(struct kvm_vcpu *vcpu)
{
	kbench_publish_idle(vcpu, KVM_KBENCH_IDLE_PAUSE);
}

static __always_inline int kvm_kbench_pause_end(struct kvm_vcpu *vcpu, int r)
{
	if (kbench_in_use(KVM_KBENCH_USERSPACE_EXITS))
		r = kbench_exit_on_pause(vcpu, r);
	if (r > 0)
		kbench_publish_idle(vcpu, KVM_KBENCH_IDLE_RUNNING);
	return r;
}

/* An event for the vCPU has been made pending. Any context, hard interrupts too. */
static __always_inline void kvm_kbench_wake(struct kvm_vcpu *vcpu)
{
	if (kbench_in_use(KBENCH_EVENTS | KVM_KBENCH_MWAIT_LOWPRIO))
		__kvm_kbench_wake(vcpu);
}

/* Whether the local APIC's timer may be the hypervisor's; preemption may be off. */
static __always_inline bool kvm_kbench_hv_timer(struct kvm_vcpu *vcpu)
{
	return !kbench_in_use(KBENCH_EVENTS | KBENCH_ENTRY) || !kbench_needs_sw_timer(vcpu);
}

/*
 * At the end of every vCPU ioctl, under vcpu->mutex; the vCPU is not loaded. The end of
 * KVM_RUN is here as well, so that it takes no branch of its own.
 */
static __always_inline void kvm_kbench_ioctl_done(struct kvm_vcpu *vcpu)
{
	if (kbench_in_use(KBENCH_BLOCK | KVM_KBENCH_MWAIT_LOWPRIO))
		__kvm_kbench_ioctl_done(vcpu);
}

static __always_inline void kvm_kbench_vcpu_destroy(struct kvm_vcpu *vcpu)
{
	if (kbench_has(KBENCH_SWITCHED))
		__kvm_kbench_vcpu_destroy(vcpu);
}

/* The vendor module goes; there are no VMs any more. */
static inline void kvm_kbench_exit(void)
{
	__kvm_kbench_exit();
}

/* Before a write fault is handled: process context, kvm->srcu held, no locks. */
static __always_inline void kvm_kbench_write_fault(struct kvm_vcpu *vcpu, bool write,
						   struct kvm_memory_slot *slot, gfn_t gfn)
{
	if (kbench_has(KVM_KBENCH_MWAIT_MONITOR) && write && slot &&
	    static_branch_unlikely(&kvm_kbench_monitor_key.key))
		__kvm_kbench_write_fault(vcpu, slot, gfn);
}

/* After KVM's emulator has written: kvm->srcu held, no locks. */
static __always_inline void kvm_kbench_emulated_write(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	if (kbench_has(KVM_KBENCH_MWAIT_MONITOR) &&
	    static_branch_unlikely(&kvm_kbench_monitor_key.key))
		__kvm_kbench_emulated_write(vcpu, gpa_to_gfn(gpa));
}

/* Before the arrays of a memory slot that nobody can find any more are freed. */
static __always_inline void kvm_kbench_free_memslot(struct kvm *kvm, struct kvm_memory_slot *slot)
{
	if (kbench_has(KVM_KBENCH_MWAIT_MONITOR) &&
	    static_branch_unlikely(&kvm_kbench_monitor_key.key))
		__kvm_kbench_free_memslot(kvm, slot);
}

/* mwait_monitor needs the tracking arrays of every slot, from its creation. */
static __always_inline bool kvm_kbench_write_tracking(void)
{
	return kbench_has(KVM_KBENCH_MWAIT_MONITOR);
}

#define KVM_KBENCH_POLL (kbench_has(KVM_KBENCH_VCPU_POLL) ? kvm_kbench_poll : NULL)

#endif
