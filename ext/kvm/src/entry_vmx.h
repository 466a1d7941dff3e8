/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The entry hook of VMX, for entry_intercepts and mwait_step. Included by vmx.c.
 *
 * The control accessors compare with a shadow copy: no VMWRITE without a change.
 */
#ifndef __KVM_X86_KBENCH_ENTRY_VMX_H
#define __KVM_X86_KBENCH_ENTRY_VMX_H

#include <asm/irq_remapping.h>
#include "entry_intercepts.h"
#include "hooks.h"

/* What the mechanisms cannot find out later. */
static inline void vmx_kbench_created(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);

	kb->ipiv = vmx_can_use_ipiv(vcpu);
	kb->vtd = enable_apicv && irq_remapping_cap(IRQ_POSTING_CAP);
}

static inline void vmx_kbench_control(struct vcpu_vmx *vmx, u32 exiting, bool native)
{
	if (native)
		exec_controls_clearbit(vmx, exiting);
	else
		exec_controls_setbit(vmx, exiting);
}

/* mwait_step by the monitor trap flag, which pends until the MWAIT or an event is over. */
static inline void vmx_kbench_step(struct vcpu_vmx *vmx)
{
	struct kvm_vcpu *vcpu = &vmx->vcpu;
	struct kvm_kbench *kb = kbench_of(vcpu);

	if (!(vmcs_config.cpu_based_exec_ctrl & CPU_BASED_MONITOR_TRAP_FLAG)) {
		kb->no_step = true;
		kbench_step_done(vcpu);
	} else if (kb->step == KBENCH_STEP_WANTED) {
		exec_controls_setbit(vmx, CPU_BASED_MONITOR_TRAP_FLAG);
		kb->step = KBENCH_STEP_ARMED;
	} else if (vmx->exit_reason.basic == EXIT_REASON_MONITOR_TRAP_FLAG) {
		exec_controls_clearbit(vmx, CPU_BASED_MONITOR_TRAP_FLAG);
		kbench_step_done(vcpu);
	}
}

/*
 * VMX keeps a native HLT as an activity state over exits. An event can only be
 * injected into an active vCPU; KVM knows that for VMs that disable HLT exits.
 */
static inline void vmx_kbench_end_halt(struct kvm_vcpu *vcpu)
{
	if ((is_smm(vcpu) || vmcs_read32(VM_ENTRY_INTR_INFO_FIELD) & INTR_INFO_VALID_MASK) &&
	    vmcs_read32(GUEST_ACTIVITY_STATE) == GUEST_ACTIVITY_HLT)
		vmcs_write32(GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_ACTIVE);
}

/* Out of line: its registers would be saved at every entry. */
static noinline void __vmx_kbench_entry(struct vcpu_vmx *vmx)
{
	struct kvm_vcpu *vcpu = &vmx->vcpu;
	u8 native;

	if (!kbench_of(vcpu)->entry || is_guest_mode(vcpu))
		return;
	if (kbench_has(KVM_KBENCH_MWAIT_STEP) && kbench_of(vcpu)->step)
		vmx_kbench_step(vmx);
	native = kbench_native(vcpu);
	/* An SMI finds the activity state as it is: in SMM a HLT is KVM's. */
	if (is_smm(vcpu) && !kvm_hlt_in_guest(vcpu->kvm))
		native &= ~KVM_KBENCH_NATIVE_HLT;
	/* With MONITOR emulated, as a NOP, nothing is armed and a native MWAIT does not wait. */
	vmx_kbench_control(vmx, CPU_BASED_MWAIT_EXITING | CPU_BASED_MONITOR_EXITING,
			   native & KVM_KBENCH_NATIVE_MWAIT);
	vmx_kbench_control(vmx, CPU_BASED_HLT_EXITING, native & KVM_KBENCH_NATIVE_HLT);
	/* The PLE gap and window are only set in VMs that started with PAUSE exits. */
	if (cpu_has_vmx_ple() && !kvm_pause_in_guest(vcpu->kvm)) {
		if (native & KVM_KBENCH_NATIVE_PAUSE)
			secondary_exec_controls_clearbit(vmx, SECONDARY_EXEC_PAUSE_LOOP_EXITING);
		else
			secondary_exec_controls_setbit(vmx, SECONDARY_EXEC_PAUSE_LOOP_EXITING);
	}
	if (kbench_has(KVM_KBENCH_ENTRY_INTERCEPTS) && !kvm_hlt_in_guest(vcpu->kvm))
		vmx_kbench_end_halt(vcpu);
}

static __always_inline void vmx_kbench_entry(struct vcpu_vmx *vmx)
{
	if (kbench_has(KBENCH_ENTRY) && static_branch_unlikely(&kvm_kbench_entry_key.key))
		__vmx_kbench_entry(vmx);
}

#endif
