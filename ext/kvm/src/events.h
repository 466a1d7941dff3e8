/* SPDX-License-Identifier: GPL-2.0-only */
/* Has this vCPU an event? See events.c. */
#ifndef __KVM_X86_KBENCH_EVENTS_H
#define __KVM_X86_KBENCH_EVENTS_H

#include "state.h"

bool kbench_event_posted(struct kvm_vcpu *vcpu);
bool kbench_event_due(struct kvm_vcpu *vcpu);
u8 kbench_mp_state(struct kvm_vcpu *vcpu, bool event);

/* x86.c, by a hook: KVM's own answer. */
bool kvm_kbench_has_events(struct kvm_vcpu *vcpu);

#endif
