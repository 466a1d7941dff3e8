/* SPDX-License-Identifier: GPL-2.0-only */
/* Telling user space of events, for vcpu_poll and run_mp_state; see wakeups.c. */
#ifndef __KVM_X86_KBENCH_WAKEUPS_H
#define __KVM_X86_KBENCH_WAKEUPS_H

#include "state.h"

void kbench_events_settle(struct kvm_vcpu *vcpu);
void kbench_events_changed(struct kvm_vcpu *vcpu, bool ran);
void __kvm_kbench_wake(struct kvm_vcpu *vcpu);

#endif
