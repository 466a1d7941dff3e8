/* SPDX-License-Identifier: GPL-2.0-only */
/* mwait_yield, and the sleep that mwait_monitor shares; see mwait_yield.c. */
#ifndef __KVM_X86_KBENCH_MWAIT_YIELD_H
#define __KVM_X86_KBENCH_MWAIT_YIELD_H

#include "state.h"

void kbench_mwait_yield(struct kvm_vcpu *vcpu);
void kbench_mwait_resched(struct kvm_vcpu *vcpu);
void kbench_sleep(struct kvm_vcpu *vcpu, u64 ns, const bool *end);

#endif
