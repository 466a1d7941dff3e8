// SPDX-License-Identifier: GPL-2.0-only
/* An intercepted MWAIT: which mechanism takes it. */
#include "idle_flag.h"
#include "mwait.h"
#include "mwait_lowprio.h"
#include "mwait_monitor.h"
#include "mwait_step.h"
#include "mwait_yield.h"
#include "userspace_exits.h"
#include "x86.h"

static void kbench_mwait_idle(struct kvm_vcpu *vcpu, u8 mode)
{
	if (kbench_enabled(vcpu, KVM_KBENCH_MWAIT_LOWPRIO) && mode & KVM_KBENCH_MWAIT_LOWPRIO_BIT) {
		kbench_lowprio_yield(vcpu);
		return;
	}
	switch (mode & ~KVM_KBENCH_MWAIT_LOWPRIO_BIT) {
	case KVM_KBENCH_MWAIT_AS_YIELD:
		if (kbench_enabled(vcpu, KVM_KBENCH_MWAIT_YIELD))
			kbench_mwait_yield(vcpu);
		break;
	case KVM_KBENCH_MWAIT_AS_RESCHED:
		if (kbench_enabled(vcpu, KVM_KBENCH_MWAIT_YIELD))
			kbench_mwait_resched(vcpu);
		break;
	case KVM_KBENCH_MWAIT_AS_TIMEOUT:
		if (kbench_enabled(vcpu, KVM_KBENCH_MWAIT_YIELD))
			kbench_sleep(vcpu, kbench_time_ns(vcpu, 64 * NSEC_PER_USEC), NULL);
		break;
	case KVM_KBENCH_MWAIT_AS_MONITOR:
		if (kbench_enabled(vcpu, KVM_KBENCH_MWAIT_MONITOR))
			kbench_monitor_wait(vcpu);
		break;
	}
}

/* Some vCPU has a mechanism on; see kvm_kbench_mwait(). */
int __kvm_kbench_mwait(struct kvm_vcpu *vcpu, kbench_emulate_t emulate, const char *insn)
{
	u8 mode = kbench_byte(vcpu, KVM_RUN_KBENCH_MWAIT);
	int r;

	if (kbench_has(KVM_KBENCH_MWAIT_STEP) &&
	    (mode & ~KVM_KBENCH_MWAIT_LOWPRIO_BIT) == KVM_KBENCH_MWAIT_AS_STEP &&
	    kbench_step_request(vcpu))
		return 1;

	r = emulate(vcpu, insn);
	/* A #UD was queued, or the instruction was not skipped: the vCPU is not idle. */
	if (r <= 0 || kvm_is_exception_pending(vcpu))
		return r;
	kbench_publish_idle(vcpu, KVM_KBENCH_IDLE_MWAIT);
	r = kbench_exit_on_mwait(vcpu, r);
	if (!r)
		return r;
	kbench_mwait_idle(vcpu, mode);
	kbench_publish_idle(vcpu, KVM_KBENCH_IDLE_RUNNING);
	return r;
}
