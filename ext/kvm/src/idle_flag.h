/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * idle_flag: kvm_run.flags says what the vCPU is doing.
 *
 * From Paolo Bonzini's answer of 2023-09-22: "To avoid races you need two flags
 * though; there needs to be also a kernel->userspace communication of whether the
 * vCPU is currently in HLT or MWAIT, using the 'flags' field for example."
 *
 * The two flags are the exit bits (user space writes, the kernel reads) and this
 * state (the other way round). Each side writes its own, passes a full barrier
 * and reads the other's, so at least one of them sees what the other wrote:
 * either the VMM finds the vCPU idle and signals it, or the vCPU finds the exit
 * bit and leaves. An instruction that is not intercepted (entry_intercepts) shows as RUNNING.
 */
#ifndef __KVM_X86_KBENCH_IDLE_FLAG_H
#define __KVM_X86_KBENCH_IDLE_FLAG_H

#include "state.h"

static inline void __kbench_publish_idle(struct kvm_vcpu *vcpu, u16 state)
{
	struct kvm_run *run = vcpu->run;

	if (!kbench_enabled(vcpu, KVM_KBENCH_IDLE_FLAG))
		return;
	/* All writers of flags are in the vCPU's thread. */
	WRITE_ONCE(run->flags, (READ_ONCE(run->flags) & ~KVM_RUN_KBENCH_IDLE_MASK) |
			       state << KVM_RUN_KBENCH_IDLE_SHIFT);
	/* Pairs with the VMM's barrier between its exit bit and its read of flags. */
	smp_mb();
}

static __always_inline void kbench_publish_idle(struct kvm_vcpu *vcpu, u16 state)
{
	if (kbench_in_use(KVM_KBENCH_IDLE_FLAG))
		__kbench_publish_idle(vcpu, state);
}

#endif
