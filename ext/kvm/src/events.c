// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has this vCPU an event? One answer for poll(), the eventfd, kvm_run's mp_state, the
 * HLT exit and the sleep of MWAIT.
 *
 * kbench_event_due() is KVM's own: kvm_vcpu_has_events() and the expired timers that
 * kvm_vcpu_check_block() looks at. It reads what only the vCPU's thread may, the loaded
 * VMCS or VMCB among it. KVM_REQ_UNBLOCK is no event: it asks a blocked vCPU to look
 * again, and an expired timer that the guest has masked leaves it set for ever.
 *
 * kbench_event_posted() reads memory alone, from any context: the terms of
 * kvm_vcpu_has_events() in Linux 6.1, 6.12 and 7.3 without what masks them, so it answers yes
 * too often and no only where the other does. Who is told that way enters KVM_RUN, which
 * blocks or exits again, and kvm_kbench.quiet keeps the same event from counting twice.
 */
#include "hyperv.h"
#include "irq.h"
#include "lapic.h"
#include "x86.h"
#include "xen.h"
#include "events.h"

/* The vCPU is loaded, kvm->srcu is held. */
bool kbench_event_due(struct kvm_vcpu *vcpu)
{
	return kvm_kbench_has_events(vcpu) || kvm_cpu_has_pending_timer(vcpu);
}

static bool kbench_request_posted(struct kvm_vcpu *vcpu)
{
	if (kvm_test_request(KVM_REQ_NMI, vcpu) || kvm_test_request(KVM_REQ_SMI, vcpu) ||
	    kvm_test_request(KVM_REQ_PMI, vcpu))
		return true;
#ifdef KVM_REQ_UPDATE_PROTECTED_GUEST_STATE
	if (kvm_test_request(KVM_REQ_UPDATE_PROTECTED_GUEST_STATE, vcpu))
		return true;
#endif
	return false;
}

/* INIT and SIPI: the vendor's part of the answer is memory too (vmxon, GIF). */
static unsigned long kbench_init_sipi(struct kvm_vcpu *vcpu)
{
	if (!kvm_apic_has_pending_init_or_sipi(vcpu) || !kvm_apic_init_sipi_allowed(vcpu))
		return 0;
	return READ_ONCE(vcpu->arch.apic->pending_events);
}

/* The local APIC's, posted ones too, or the PIC's; neither priority nor EFLAGS.IF counts. */
static bool kbench_interrupt_posted(struct kvm_vcpu *vcpu)
{
	struct kvm *kvm = vcpu->kvm;

	if (!lapic_in_kernel(vcpu))
		return vcpu->arch.interrupt.injected;
	if (kvm_lapic_find_highest_irr(vcpu) >= 0 || kvm_arch_dy_has_pending_interrupt(vcpu))
		return true;
	if (!kvm_apic_accept_pic_intr(vcpu))
		return false;
	return irqchip_split(kvm) ? vcpu->arch.pending_external_vector != -1 :
				    READ_ONCE(kvm->arch.vpic->output);
}

/* With an upcall vector of the VM the event is in guest memory: each wake-up may be one. */
static bool kbench_xen_posted(struct kvm_vcpu *vcpu)
{
#ifdef CONFIG_KVM_XEN
	if (static_branch_unlikely(&kvm_xen_enabled.key))
		return kvm_xen_has_pending_events(vcpu) ||
		       (vcpu->arch.xen.vcpu_info_cache.active && vcpu->kvm->arch.xen.upcall_vector);
#endif
	return false;
}

/* Any context. */
bool kbench_event_posted(struct kvm_vcpu *vcpu)
{
	return !list_empty_careful(&vcpu->async_pf.done) || kbench_init_sipi(vcpu) ||
	       READ_ONCE(vcpu->arch.pv.pv_unhalted) || kvm_is_exception_pending(vcpu) ||
	       kbench_request_posted(vcpu) || READ_ONCE(vcpu->arch.nmi_pending) ||
	       READ_ONCE(vcpu->arch.smi_pending) || kbench_interrupt_posted(vcpu) ||
	       kvm_cpu_has_pending_timer(vcpu) || kvm_hv_has_stimer_pending(vcpu) ||
	       /* A nested guest's events are in pages that its hypervisor may take away. */
	       is_guest_mode(vcpu) || kbench_xen_posted(vcpu);
}

/*
 * The mp_state that KVM_RUN would make of the present one. Any context.
 *
 * An INIT alone makes a halted AP wait for its SIPI, in which no other event ends it. A
 * vCPU that waits for a page of the guest (apf.halted) is as good as halted.
 */
u8 kbench_mp_state(struct kvm_vcpu *vcpu, bool event)
{
	unsigned long pending = kbench_init_sipi(vcpu);
	u32 state = READ_ONCE(vcpu->arch.mp_state);

	if (test_bit(KVM_APIC_INIT, &pending)) {
		if (kvm_vcpu_is_bsp(vcpu))
			return KVM_MP_STATE_RUNNABLE;
		state = KVM_MP_STATE_INIT_RECEIVED;
	}
	if (state == KVM_MP_STATE_RUNNABLE && READ_ONCE(vcpu->arch.apf.halted))
		state = KVM_MP_STATE_HALTED;

	switch (state) {
	case KVM_MP_STATE_INIT_RECEIVED:
		return test_bit(KVM_APIC_SIPI, &pending) ? KVM_MP_STATE_RUNNABLE : state;
	case KVM_MP_STATE_HALTED:
	case KVM_MP_STATE_AP_RESET_HOLD:
		return event ? KVM_MP_STATE_RUNNABLE : state;
	default:
		return state;
	}
}
