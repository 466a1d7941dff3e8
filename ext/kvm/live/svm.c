// SPDX-License-Identifier: GPL-2.0-only
/*
 * M3 on SVM: intercepts of HLT and MWAIT from kvm_run, before each entry. Not PAUSE,
 * which KVM's own filter window would fight over.
 */
#include <asm/svm.h>
#include "kvm_kbench_live.h"

/* The two leading fields of struct vcpu_svm, since Linux 2.6. */
struct vcpu_svm_head {
	struct kvm_vcpu vcpu;
	struct vmcb *vmcb;
};

static void intercept(struct vmcb_control_area *control, int bit, bool native)
{
	unsigned long *bits = (unsigned long *)control->intercepts;

	if (test_bit(bit, bits) != native)
		return;
	if (native)
		__clear_bit(bit, bits);
	else
		__set_bit(bit, bits);
	/* VMCB clean bit 0: the intercepts have changed (AMD APM vol. 2, 15.15.3). */
	control->clean &= ~1;
}

int live_svm_entry(struct kprobe *probe, struct pt_regs *regs)
{
	struct vcpu_svm_head *svm = (struct vcpu_svm_head *)regs->di;
	struct kvm_vcpu *vcpu = &svm->vcpu;
	u8 native = kbench_byte(vcpu, KVM_RUN_KBENCH_NATIVE);

	/* A nested guest's controls are its own. KVM's gate for a native MWAIT is not exported. */
	if (vcpu->arch.hflags & HF_GUEST_MASK)
		return 0;
	if (!vcpu->kvm->arch.mwait_in_guest)
		intercept(&svm->vmcb->control, INTERCEPT_MWAIT,
			  native & KVM_KBENCH_NATIVE_MWAIT && boot_cpu_has(X86_FEATURE_MWAIT) &&
				  !boot_cpu_has_bug(X86_BUG_MONITOR) &&
				  boot_cpu_has(X86_FEATURE_ARAT));
	if (!vcpu->kvm->arch.hlt_in_guest)
		intercept(&svm->vmcb->control, INTERCEPT_HLT, native & KVM_KBENCH_NATIVE_HLT);
	return 0;
}
