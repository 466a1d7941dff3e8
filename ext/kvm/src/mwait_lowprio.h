/* SPDX-License-Identifier: GPL-2.0-only */
/* mwait_lowprio; see mwait_lowprio.c. */
#ifndef __KVM_X86_KBENCH_MWAIT_LOWPRIO_H
#define __KVM_X86_KBENCH_MWAIT_LOWPRIO_H

#include "state.h"

void kbench_lowprio_init(struct kvm_kbench *kb);
void kbench_lowprio_begin(struct kvm_vcpu *vcpu);
void kbench_lowprio_end(struct kvm_kbench *kb);
void kbench_lowprio_raise(struct kvm_kbench *kb);
void kbench_lowprio_yield(struct kvm_vcpu *vcpu);

#endif
