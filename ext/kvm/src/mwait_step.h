/* SPDX-License-Identifier: GPL-2.0-only */
/* mwait_step; see mwait_step.c. */
#ifndef __KVM_X86_KBENCH_MWAIT_STEP_H
#define __KVM_X86_KBENCH_MWAIT_STEP_H

#include "state.h"

bool kbench_step_request(struct kvm_vcpu *vcpu);
void kbench_step_done(struct kvm_vcpu *vcpu);

#endif
