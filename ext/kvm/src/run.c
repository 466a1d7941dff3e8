// SPDX-License-Identifier: GPL-2.0-only
/* Around KVM_RUN and around a block in it, for a vCPU that may have a mechanism on. */
#include "events.h"
#include "idle_flag.h"
#include "mwait_lowprio.h"
#include "run.h"
#include "userspace_exits.h"
#include "vcpu_poll.h"
#include "wakeups.h"

/* Byte 4 names a mechanism that is on, or none. */
static bool kbench_mwait_known(u32 enabled, u8 mode)
{
	if (mode & KVM_KBENCH_MWAIT_LOWPRIO_BIT && !(enabled & KVM_KBENCH_MWAIT_LOWPRIO))
		return false;
	switch (mode & ~KVM_KBENCH_MWAIT_LOWPRIO_BIT) {
	case KVM_KBENCH_MWAIT_AS_NOP:
		return true;
	case KVM_KBENCH_MWAIT_AS_YIELD:
		/* What mwait_lowprio does as well. */
		return enabled & (KVM_KBENCH_MWAIT_YIELD | KVM_KBENCH_MWAIT_LOWPRIO);
	case KVM_KBENCH_MWAIT_AS_RESCHED:
	case KVM_KBENCH_MWAIT_AS_TIMEOUT:
		return enabled & KVM_KBENCH_MWAIT_YIELD;
	case KVM_KBENCH_MWAIT_AS_STEP:
		return enabled & KVM_KBENCH_MWAIT_STEP;
	case KVM_KBENCH_MWAIT_AS_MONITOR:
		return enabled & KVM_KBENCH_MWAIT_MONITOR;
	default:
		return false;
	}
}

/* Whether the bytes of the mechanisms that are on ask for what there is. */
static bool kbench_bytes_known(struct kvm_vcpu *vcpu, u32 enabled)
{
	if (enabled & KVM_KBENCH_USERSPACE_EXITS &&
	    kbench_byte(vcpu, KVM_RUN_KBENCH_EXITS) & ~KVM_KBENCH_EXIT_VALID)
		return false;
	if (enabled & KVM_KBENCH_ENTRY_INTERCEPTS &&
	    kbench_byte(vcpu, KVM_RUN_KBENCH_NATIVE) & ~KVM_KBENCH_NATIVE_VALID)
		return false;
	return !(enabled & KBENCH_MWAIT) ||
	       (kbench_mwait_known(enabled, kbench_byte(vcpu, KVM_RUN_KBENCH_MWAIT)) &&
		kbench_byte(vcpu, KVM_RUN_KBENCH_TIME) <= KVM_KBENCH_TIME_MAX);
}

/* 0, or the error that KVM_RUN ends with. */
int __kvm_kbench_run_begin(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);

	if (!kb->enabled)
		return 0;
	if (!kbench_bytes_known(vcpu, kb->enabled))
		return -EINVAL;
	WRITE_ONCE(kb->in_run, true);
	kbench_publish_idle(vcpu, kb->step ? KVM_KBENCH_IDLE_MWAIT : KVM_KBENCH_IDLE_RUNNING);
	return 0;
}

/* After any ioctl. One that KVM_RUN began with is the end of it. */
void __kvm_kbench_ioctl_done(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	bool ran = kb->in_run;

	if (!kb->enabled)
		return;
	if (kbench_has(KVM_KBENCH_MWAIT_LOWPRIO))
		kbench_lowprio_end(kb);
	WRITE_ONCE(kb->in_run, false);
	if (kbench_enabled(vcpu, KBENCH_EVENTS))
		kbench_events_changed(vcpu, ran);
	kbench_publish_idle(vcpu, KVM_KBENCH_IDLE_OUTSIDE);
}

/* Whether the vCPU blocks in the kernel; false: it leaves KVM_RUN. */
bool __kvm_kbench_block_begin(struct kvm_vcpu *vcpu)
{
	kbench_publish_idle(vcpu, KVM_KBENCH_IDLE_HLT);
	if (kbench_enabled(vcpu, KBENCH_EVENTS))
		kbench_events_settle(vcpu);
	if (!kbench_exit_on_halt(vcpu))
		return true;
	kbench_of(vcpu)->settled = true;
	return false;
}

void __kvm_kbench_block_end(struct kvm_vcpu *vcpu)
{
	if (kbench_enabled(vcpu, KBENCH_EVENTS))
		kbench_events_settle(vcpu);
	kbench_publish_idle(vcpu, KVM_KBENCH_IDLE_RUNNING);
}
