/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The entry hook of SVM, for entry_intercepts and mwait_step. Included by svm.c.
 */
#ifndef __KVM_X86_KBENCH_ENTRY_SVM_H
#define __KVM_X86_KBENCH_ENTRY_SVM_H

#include "entry_intercepts.h"
#include "hooks.h"

/* What the mechanisms cannot find out later. */
static inline void svm_kbench_created(struct vcpu_svm *svm)
{
#ifdef CONFIG_KVM_AMD_SEV
	/* sev_guest() has other names, and other arguments, in later kernels. */
	kbench_of(&svm->vcpu)->encrypted = to_kvm_svm(svm->vcpu.kvm)->sev_info.active;
#endif
}

/* entry_intercepts makes PAUSE exit where the VMM has disabled that: later kernels warn of it. */
static __always_inline bool svm_kbench_has_window(struct kvm_vcpu *vcpu)
{
	return !kvm_pause_in_guest(vcpu->kvm);
}

static inline void svm_kbench_control(struct vcpu_svm *svm, u32 intercept, bool native)
{
	if (vmcb_is_intercept(&svm->vmcb01.ptr->control, intercept) != native)
		return;
	if (native)
		svm_clr_intercept(svm, intercept);
	else
		svm_set_intercept(svm, intercept);
}

/*
 * Whether the CPU delivers interrupts or NMIs without an exit (AVIC, virtual NMIs): it
 * would push a frame that has TF set, which no one takes out again.
 */
static inline bool svm_kbench_delivers(struct vcpu_svm *svm)
{
#ifdef V_NMI_ENABLE_MASK
	if (svm->vmcb->control.int_ctl & V_NMI_ENABLE_MASK)
		return true;
#endif
	return kvm_vcpu_apicv_active(&svm->vcpu);
}

/*
 * mwait_step by EFLAGS.TF. KVM's own stepping over an NMI window hides the flag from
 * everybody and takes it back on the #DB: the step is one more user of it.
 */
static inline void svm_kbench_step(struct vcpu_svm *svm)
{
	struct kvm_vcpu *vcpu = &svm->vcpu;
	struct kvm_kbench *kb = kbench_of(vcpu);
	bool inject = svm->vmcb->control.event_inj & SVM_EVTINJ_VALID;

	if (kb->step == KBENCH_STEP_WANTED && svm_kbench_delivers(svm)) {
		kb->no_step = true;
		kbench_step_done(vcpu);
		return;
	}
	if (kb->step == KBENCH_STEP_WANTED && !inject) {
		if (!svm->nmi_singlestep) {
			svm->nmi_singlestep_guest_rflags = kvm_get_rflags(vcpu);
			svm->nmi_singlestep = true;
			svm->vmcb->save.rflags |= X86_EFLAGS_TF | X86_EFLAGS_RF;
		}
		kb->step = KBENCH_STEP_ARMED;
		return;
	}
	/* The #DB has come, or an event goes first: its frame must not hold TF. */
	if (inject && svm->nmi_singlestep)
		disable_nmi_singlestep(svm);
	if (!svm->nmi_singlestep)
		kbench_step_done(vcpu);
}

/* Out of line: its registers would be saved at every entry. */
static noinline void __svm_kbench_entry(struct vcpu_svm *svm)
{
	struct kvm_vcpu *vcpu = &svm->vcpu;
	u8 native;

	if (!kbench_of(vcpu)->entry)
		return;
	if (kbench_has(KVM_KBENCH_MWAIT_STEP) && kbench_of(vcpu)->step)
		svm_kbench_step(svm);
	native = kbench_native(vcpu);
	svm_kbench_control(svm, INTERCEPT_MWAIT, native & KVM_KBENCH_NATIVE_MWAIT);
	/* With MONITOR emulated, as a NOP, nothing is armed and a native MWAIT does not wait. */
	svm_kbench_control(svm, INTERCEPT_MONITOR, native & KVM_KBENCH_NATIVE_MWAIT);
	svm_kbench_control(svm, INTERCEPT_HLT, native & KVM_KBENCH_NATIVE_HLT);
	svm_kbench_control(svm, INTERCEPT_PAUSE, native & KVM_KBENCH_NATIVE_PAUSE);
}

static __always_inline void svm_kbench_entry(struct vcpu_svm *svm)
{
	if (kbench_has(KBENCH_ENTRY) && static_branch_unlikely(&kvm_kbench_entry_key.key))
		__svm_kbench_entry(svm);
}

#endif
