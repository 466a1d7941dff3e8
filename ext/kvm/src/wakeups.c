// SPDX-License-Identifier: GPL-2.0-only
/*
 * Telling user space of events, for vcpu_poll and run_mp_state.
 *
 * The vCPU's thread knows exactly what would end its halt (masked interrupts do not);
 * other contexts cannot ask, as VMX answers from the loaded VMCS. They assume the best
 * of a new event, and the next KVM_RUN corrects it: it blocks or exits again, and
 * "quiet" keeps the old event from counting a second time.
 *
 * No event is lost between the two: each makes or reads the event outside the lock and
 * changes the vCPU's state under it. Whoever comes second sees what the first has done.
 */
#include "events.h"
#include "mwait_lowprio.h"
#include "run_mp_state.h"
#include "vcpu_poll.h"
#include "wakeups.h"

static void kbench_events_publish(struct kvm_vcpu *vcpu, bool quiet, bool event)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	unsigned long flags;

	raw_spin_lock_irqsave(&kb->lock, flags);
	WRITE_ONCE(kb->quiet, quiet);
	kbench_mp_state_publish(vcpu, kbench_mp_state(vcpu, event));
	raw_spin_unlock_irqrestore(&kb->lock, flags);
}

/* In the vCPU's thread: vCPU loaded, kvm->srcu held. */
void kbench_events_settle(struct kvm_vcpu *vcpu)
{
	bool waits = kbench_mp_state(vcpu, false) != KVM_MP_STATE_RUNNABLE;

	kbench_events_publish(vcpu, waits, false);
	if (waits && kbench_event_due(vcpu))
		kbench_events_publish(vcpu, false, true);
}

/*
 * After any vCPU ioctl, which may have changed mp_state or queued an event; `ran`: it was
 * KVM_RUN, and in_run is false now. Under vcpu->mutex, the vCPU is not loaded.
 *
 * Each way takes the lock after in_run has changed: an event that comes now either finds
 * that KVM_RUN is over, or is found here.
 */
void kbench_events_changed(struct kvm_vcpu *vcpu, bool ran)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	int srcu;

	if (kbench_mp_state(vcpu, false) == KVM_MP_STATE_RUNNABLE) {
		kbench_events_publish(vcpu, false, false);
	} else if (kb->settled) {
		raw_spin_lock_irq(&kb->lock);
		raw_spin_unlock_irq(&kb->lock);
	} else {
		vcpu_load(vcpu);
		srcu = srcu_read_lock(&vcpu->kvm->srcu);
		kbench_events_settle(vcpu);
		srcu_read_unlock(&vcpu->kvm->srcu, srcu);
		vcpu_put(vcpu);
	}
	kb->settled = false;
	if (ran && kbench_enabled(vcpu, KVM_KBENCH_VCPU_EVENTFD) && !READ_ONCE(kb->quiet) &&
	    kbench_event_posted(vcpu))
		kbench_poll_notify(vcpu, true);
	else if (kbench_has(KVM_KBENCH_VCPU_POLL))
		kbench_poll_notify(vcpu, false);
}

/* An event for the vCPU may have come. Any context, under any locks. */
void __kvm_kbench_wake(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	u32 enabled = smp_load_acquire(&kb->enabled);
	unsigned long flags;
	u8 state;

	if (!enabled)
		return;
	if (kbench_has(KVM_KBENCH_MWAIT_LOWPRIO) && enabled & KVM_KBENCH_MWAIT_LOWPRIO) {
		/* Pairs with kbench_lowprio_begin(). */
		smp_mb();
		kbench_lowprio_raise(kb);
	}
	if (!(enabled & KBENCH_EVENTS) || !kbench_event_posted(vcpu))
		return;
	raw_spin_lock_irqsave(&kb->lock, flags);
	WRITE_ONCE(kb->quiet, false);
	state = kbench_mp_state(vcpu, true);
	kbench_mp_state_publish(vcpu, state);
	raw_spin_unlock_irqrestore(&kb->lock, flags);
	if (kbench_has(KVM_KBENCH_VCPU_POLL) && state == KVM_MP_STATE_RUNNABLE)
		kbench_poll_notify(vcpu, enabled & KVM_KBENCH_VCPU_EVENTFD && !READ_ONCE(kb->in_run));
}
