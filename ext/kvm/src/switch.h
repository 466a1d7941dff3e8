/* SPDX-License-Identifier: GPL-2.0-only */
/* Switching mechanisms on and off; see switch.c. */
#ifndef __KVM_X86_KBENCH_SWITCH_H
#define __KVM_X86_KBENCH_SWITCH_H

#include "state.h"

unsigned int kvm_kbench_reserve(unsigned int vcpu_size);
void __kvm_kbench_exit(void);
int kvm_kbench_enable_cap(struct kvm_vcpu *vcpu, struct kvm_enable_cap *cap);
bool kbench_needs_sw_timer(struct kvm_vcpu *vcpu);
void __kvm_kbench_vcpu_destroy(struct kvm_vcpu *vcpu);

#endif
