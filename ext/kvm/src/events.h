/* SPDX-License-Identifier: GPL-2.0-only */
/* Has this vCPU an event? See events.c. */
#ifndef __KVM_X86_KBENCH_EVENTS_H
#define __KVM_X86_KBENCH_EVENTS_H

#include <linux/version.h>
#include "state.h"

bool kbench_event_posted(struct kvm_vcpu *vcpu);
bool kbench_event_due(struct kvm_vcpu *vcpu);
u8 kbench_mp_state(struct kvm_vcpu *vcpu, bool event);

/* x86.c, by a hook. */
bool kvm_kbench_own_events(struct kvm_vcpu *vcpu);

/* KVM's own answer. Linux 7.3 asks for pv_unhalted beside kvm_vcpu_has_events(), no longer in it. */
static inline bool kvm_kbench_has_events(struct kvm_vcpu *vcpu)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	if (vcpu->arch.pv.pv_unhalted)
		return true;
#endif
	return kvm_kbench_own_events(vcpu);
}

#endif
