/* SPDX-License-Identifier: GPL-2.0-only */
/* Around KVM_RUN and around a block in it; see run.c. */
#ifndef __KVM_X86_KBENCH_RUN_H
#define __KVM_X86_KBENCH_RUN_H

#include "state.h"

int __kvm_kbench_run_begin(struct kvm_vcpu *vcpu);
void __kvm_kbench_ioctl_done(struct kvm_vcpu *vcpu);
bool __kvm_kbench_block_begin(struct kvm_vcpu *vcpu);
void __kvm_kbench_block_end(struct kvm_vcpu *vcpu);

#endif
