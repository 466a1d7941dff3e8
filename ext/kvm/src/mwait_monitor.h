/* SPDX-License-Identifier: GPL-2.0-only */
/* mwait_monitor; see mwait_monitor.c. */
#ifndef __KVM_X86_KBENCH_MWAIT_MONITOR_H
#define __KVM_X86_KBENCH_MWAIT_MONITOR_H

#include "mwait.h"
#include "state.h"

int __kvm_kbench_monitor(struct kvm_vcpu *vcpu, kbench_emulate_t emulate, const char *insn);
void kbench_monitor_disarm(struct kvm_vcpu *vcpu);
void kbench_monitor_destroy(struct kvm_vcpu *vcpu);
void kbench_monitor_wait(struct kvm_vcpu *vcpu);
void __kvm_kbench_write_fault(struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot, gfn_t gfn);
void __kvm_kbench_emulated_write(struct kvm_vcpu *vcpu, gfn_t gfn);
void __kvm_kbench_free_memslot(struct kvm *kvm, struct kvm_memory_slot *slot);

#endif
