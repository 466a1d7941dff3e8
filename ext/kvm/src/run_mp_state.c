// SPDX-License-Identifier: GPL-2.0-only
/*
 * M9 run_mp_state: a byte of kvm_run that says whether KVM_RUN would run the
 * guest, right without a KVM_RUN; and what M8 shares with it.
 *
 * From the thread: "If it was HLT only, moving the mp_state in kvm_run would seem
 * like a good idea" (Paolo Bonzini, 2023-09-22), and his objection of 09-23, "not
 * so easy because the mpstate is changed in the vCPU thread by vcpu_block()
 * itself". So the byte leads and mp_state follows: whoever makes an event pending
 * turns HALTED into RUNNABLE in the byte, and the vCPU's thread makes it true.
 *
 * The vCPU's thread knows exactly what would end its halt (masked interrupts do
 * not); other contexts cannot ask, as VMX answers from the loaded VMCS. They
 * assume the best of a new event, and the next KVM_RUN corrects it: it blocks or
 * exits again, and "quiet" keeps the old event from counting a second time.
 *
 * Not seen: an interrupt that the IOMMU posts to a vCPU outside KVM_RUN, as it
 * sends no notification then (VT-d posted interrupts of assigned devices).
 */
#include "lapic.h"
#include "kbench.h"

static u8 *mp_state_byte(struct kvm_vcpu *vcpu)
{
	return (u8 *)vcpu->run + KVM_RUN_KBENCH_MP_STATE;
}

void kbench_mp_state_publish(struct kvm_vcpu *vcpu)
{
	u8 state = READ_ONCE(vcpu->arch.mp_state);

	if (kbench_has(KVM_KBENCH_RUN_MP_STATE) && kbench_enabled(vcpu, KVM_KBENCH_RUN_MP_STATE))
		WRITE_ONCE(*mp_state_byte(vcpu), KVM_KBENCH_MP_STATE_VALID | state);
}

/* The halt is over or will be: never overwrites another state than HALTED. */
static void end_of_halt(struct kvm_vcpu *vcpu)
{
	WRITE_ONCE(kbench_of(vcpu)->quiet, false);
	if (kbench_has(KVM_KBENCH_RUN_MP_STATE) && kbench_enabled(vcpu, KVM_KBENCH_RUN_MP_STATE))
		cmpxchg(mp_state_byte(vcpu), KVM_KBENCH_MP_STATE_VALID | KVM_MP_STATE_HALTED,
			KVM_KBENCH_MP_STATE_VALID | KVM_MP_STATE_RUNNABLE);
}

/* In the vCPU's thread: vCPU loaded, kvm->srcu held. */
void kbench_events_settle(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);

	if (vcpu->arch.mp_state != KVM_MP_STATE_HALTED) {
		WRITE_ONCE(kb->quiet, false);
		kbench_mp_state_publish(vcpu);
		return;
	}
	WRITE_ONCE(kb->quiet, true);
	kbench_mp_state_publish(vcpu);
	/* Pairs with __kvm_kbench_wake(): it sees HALTED or we see the event. */
	smp_mb();
	if (kvm_arch_vcpu_runnable(vcpu) || kvm_cpu_has_pending_timer(vcpu) ||
	    kvm_test_request(KVM_REQ_UNBLOCK, vcpu))
		end_of_halt(vcpu);
}

/*
 * After any vCPU ioctl, which may have changed mp_state or queued an event.
 * KVM_RUN has settled that at its own end.
 */
void kbench_events_changed(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	int srcu;

	if (!kbench_enabled(vcpu, KBENCH_EVENTS))
		return;
	if (kb->settled) {
		kb->settled = false;
	} else {
		vcpu_load(vcpu);
		srcu = srcu_read_lock(&vcpu->kvm->srcu);
		kbench_events_settle(vcpu);
		srcu_read_unlock(&vcpu->kvm->srcu, srcu);
		vcpu_put(vcpu);
	}
	if (kbench_has(KVM_KBENCH_VCPU_POLL))
		kbench_poll_wake(vcpu);
}

void __kvm_kbench_wake(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	u32 enabled = smp_load_acquire(&kb->enabled);

	if (!enabled)
		return;
	/* Pairs with kbench_events_settle() and __kvm_kbench_run_end(). */
	smp_mb();
	if (kbench_has(KVM_KBENCH_MWAIT_LOWPRIO) && enabled & KVM_KBENCH_MWAIT_LOWPRIO)
		kbench_lowprio_raise(kb);
	if (!(enabled & KBENCH_EVENTS) || !kbench_event_pending(vcpu))
		return;
	end_of_halt(vcpu);
	if (kbench_has(KVM_KBENCH_VCPU_POLL))
		kbench_poll_wake(vcpu);
	if (kbench_has(KVM_KBENCH_VCPU_EVENTFD) && !READ_ONCE(kb->in_run))
		kbench_eventfd_signal(kb);
}
