/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * userspace_exits: leave KVM_RUN on HLT, MWAIT or PAUSE when a bit of
 * kvm_run says so.
 *
 * From David Woodhouse's RFC of 2023-09-18, with PAUSE as Paolo Bonzini suggests
 * in his answer of 2023-09-22. The HLT exit is taken where the vCPU would block,
 * not where HLT is emulated: an event that is pending already makes no exit, and
 * a vCPU that enters KVM_RUN halted leaves it again while its bit is set, where
 * the RFC blocked in the kernel. A vCPU that would block for a SIPI or for a page of
 * the guest leaves as well: the VMM that hunts for idle vCPUs (idle_flag) relies on it.
 *
 * rfc_v1 keeps the RFC's own behaviour, defects included; it has no switch.
 */
#ifndef __KVM_X86_KBENCH_USERSPACE_EXITS_H
#define __KVM_X86_KBENCH_USERSPACE_EXITS_H

#include <linux/sched.h>
#include "events.h"
#include "state.h"
#include "x86.h"

static inline bool kbench_wants_exit(struct kvm_vcpu *vcpu, u8 bit)
{
	return kbench_enabled(vcpu, KVM_KBENCH_USERSPACE_EXITS) &&
	       kbench_byte(vcpu, KVM_RUN_KBENCH_EXITS) & bit;
}

/* The vCPU is about to block; it is loaded and kvm->srcu is held. */
static inline bool kbench_exit_on_halt(struct kvm_vcpu *vcpu)
{
	if (!kbench_wants_exit(vcpu, KVM_KBENCH_EXIT_HLT) ||
	    kbench_mp_state(vcpu, kbench_event_due(vcpu)) == KVM_MP_STATE_RUNNABLE)
		return false;
	vcpu->run->exit_reason = KVM_EXIT_HLT;
	return true;
}

/*
 * After MWAIT; r: the emulation's result, > 0 means that the guest is entered again. A #UD
 * that was queued, or an instruction that was not skipped: the vCPU is not idle.
 */
static inline int kbench_exit_on_mwait(struct kvm_vcpu *vcpu, int r)
{
	if (r <= 0 || kvm_is_exception_pending(vcpu) ||
	    !kbench_wants_exit(vcpu, KVM_KBENCH_EXIT_MWAIT))
		return r;
	vcpu->run->exit_reason = KVM_EXIT_KBENCH_MWAIT;
	return 0;
}

/* After PAUSE, the same. */
static inline int kbench_exit_on_pause(struct kvm_vcpu *vcpu, int r)
{
	if (r <= 0 || !kbench_wants_exit(vcpu, KVM_KBENCH_EXIT_PAUSE))
		return r;
	vcpu->run->exit_reason = KVM_EXIT_KBENCH_PAUSE;
	return 0;
}

/* Exits after a #UD too, and calls yield() with kvm->srcu held. */
static __always_inline int kbench_rfc_v1_mwait(struct kvm_vcpu *vcpu, int r)
{
	if (r && kbench_byte(vcpu, KVM_RUN_KBENCH_EXITS) & KVM_KBENCH_EXIT_MWAIT) {
		vcpu->run->exit_reason = KVM_EXIT_KBENCH_MWAIT;
		return 0;
	}
	yield();
	return r;
}

static __always_inline int kbench_rfc_v1_halt(struct kvm_vcpu *vcpu, int r)
{
	/* r is 0 already with the local APIC in user space. */
	if (!r || !(kbench_byte(vcpu, KVM_RUN_KBENCH_EXITS) & KVM_KBENCH_EXIT_HLT))
		return r;
	vcpu->run->exit_reason = KVM_EXIT_HLT;
	return 0;
}

#endif
