/* SPDX-License-Identifier: GPL-2.0-only */
/* An intercepted MWAIT; see mwait.c. */
#ifndef __KVM_X86_KBENCH_MWAIT_H
#define __KVM_X86_KBENCH_MWAIT_H

#include "state.h"

typedef int (*kbench_emulate_t)(struct kvm_vcpu *vcpu, const char *insn);
int __kvm_kbench_mwait(struct kvm_vcpu *vcpu, kbench_emulate_t emulate, const char *insn);

#endif
