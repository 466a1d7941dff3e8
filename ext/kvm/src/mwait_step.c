// SPDX-License-Identifier: GPL-2.0-only
/*
 * mwait_step: let the CPU execute the guest's MWAIT, and know when it is over.
 *
 * From Paolo Bonzini's answer of 2023-09-22: "To set a kvm_run flag during MWAIT,
 * you could reenter MWAIT with the MWAIT-exiting bit cleared and the monitor trap
 * flag bit (or just EFLAGS.TF) set. On the subsequent singlestep exit, clear the
 * flag in kvm_run and set again the MWAIT-exiting bit. The MWAIT handler would
 * also check kvm_run->request_userspace_exit before reentering."
 *
 * The request is made here, in the MWAIT handler; the vendor's entry hook arms the
 * step and takes it back (entry_svm.h, entry_vmx.h).
 */
#include "idle_flag.h"
#include "mwait_lowprio.h"
#include "mwait_step.h"
#include "userspace_exits.h"
#include "x86.h"

/* Whether the MWAIT will be stepped. False: emulate it as usual. */
bool kbench_step_request(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);

	/*
	 * A guest or a debugger that steps by itself needs its own #DB; nested guests
	 * have other controls; an encrypted guest's flags are out of reach; an unoffered
	 * MWAIT may only be emulated.
	 */
	if (!kbench_enabled(vcpu, KVM_KBENCH_MWAIT_STEP) ||
	    !(kb->allowed & KVM_KBENCH_NATIVE_MWAIT) || kb->no_step || is_guest_mode(vcpu) ||
	    vcpu->arch.guest_state_protected || vcpu->guest_debug || kvm_get_rflags(vcpu) & X86_EFLAGS_TF)
		return false;
	/* The CPU would execute what the emulation refuses with a #UD. */
	if (!kvm_check_has_quirk(vcpu->kvm, KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS))
		return false;
	kbench_publish_idle(vcpu, KVM_KBENCH_IDLE_MWAIT);
	if (kbench_wants_exit(vcpu, KVM_KBENCH_EXIT_MWAIT))
		return false;
	kb->step = KBENCH_STEP_WANTED;
	if (kbench_enabled(vcpu, KVM_KBENCH_MWAIT_LOWPRIO) &&
	    kbench_byte(vcpu, KVM_RUN_KBENCH_MWAIT) & KVM_KBENCH_MWAIT_LOWPRIO_BIT)
		kbench_lowprio_begin(vcpu);
	return true;
}

/* From the vendor's entry hook: preemption is off, on VMX interrupts too. */
void kbench_step_done(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);

	kb->step = KBENCH_STEP_NONE;
	if (kbench_has(KVM_KBENCH_MWAIT_LOWPRIO))
		kbench_lowprio_end(kb);
	kbench_publish_idle(vcpu, KVM_KBENCH_IDLE_RUNNING);
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kbench_step_done);
