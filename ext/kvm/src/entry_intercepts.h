/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * entry_intercepts: the choice of KVM_CAP_X86_DISABLE_EXITS as a byte of
 * kvm_run, compared at every entry, the intercepts changed when it changed.
 *
 * From Paolo Bonzini's answer of 2023-09-22: "KVM_ENABLE_CAP(KVM_X86_DISABLE_EXITS)
 * could be changed to do nothing except writing to a new kvm_run field? [...] every
 * vmentry would do something like if (saved_request_userspace_exit !=
 * kvm_run->request_userspace_exit) { tweak intercepts }".
 *
 * What is saved is the controls themselves: an INIT resets them to the VM's choice.
 */
#ifndef __KVM_X86_KBENCH_ENTRY_INTERCEPTS_H
#define __KVM_X86_KBENCH_ENTRY_INTERCEPTS_H

#include "mwait_step.h"
#include "state.h"
#include "x86.h"

/* The KVM_KBENCH_NATIVE_* bits that the VM chose by KVM_CAP_X86_DISABLE_EXITS. */
static inline u8 kbench_native_of_vm(struct kvm *kvm)
{
	u8 native = 0;

	if (kvm_mwait_in_guest(kvm))
		native |= KVM_KBENCH_NATIVE_MWAIT;
	if (kvm_hlt_in_guest(kvm))
		native |= KVM_KBENCH_NATIVE_HLT;
	if (kvm_pause_in_guest(kvm))
		native |= KVM_KBENCH_NATIVE_PAUSE;
	return native;
}

/* Those for this entry: the vCPU's, else the VM's. */
static inline u8 kbench_native(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	u8 native;

	if (kbench_enabled(vcpu, KVM_KBENCH_ENTRY_INTERCEPTS))
		native = kbench_byte(vcpu, KVM_RUN_KBENCH_NATIVE) & kb->allowed;
	else
		native = kbench_native_of_vm(vcpu->kvm);
	/* mwait_step: the step's MWAIT is the CPU's. */
	if (kbench_has(KVM_KBENCH_MWAIT_STEP) && kb->step == KBENCH_STEP_ARMED)
		native |= KVM_KBENCH_NATIVE_MWAIT;
	return native;
}

#endif
