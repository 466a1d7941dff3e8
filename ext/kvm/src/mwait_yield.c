// SPDX-License-Identifier: GPL-2.0-only
/*
 * mwait_yield: give the pCPU away on an emulated MWAIT.
 *
 * From David Woodhouse's RFC of 2023-09-18: "we can stick a yield() into that
 * busy-loop. The yield() has fairly poorly defined semantics, but it's better
 * than *nothing*". Beside it, cond_resched() (which the run loop does anyway: the
 * control) and a short sleep that an event ends.
 *
 * kvm->srcu is let go for as long as others run: a memslot update waits for it.
 */
#include <linux/rcuwait.h>
#include <linux/sched/signal.h>
#include "lapic.h"
#include "events.h"
#include "irq.h"
#include "mwait_yield.h"
#include "x86.h"

void kbench_mwait_yield(struct kvm_vcpu *vcpu)
{
	kvm_vcpu_srcu_read_unlock(vcpu);
	yield();
	kvm_vcpu_srcu_read_lock(vcpu);
}

void kbench_mwait_resched(struct kvm_vcpu *vcpu)
{
	if (!need_resched())
		return;
	kvm_vcpu_srcu_read_unlock(vcpu);
	cond_resched();
	kvm_vcpu_srcu_read_lock(vcpu);
}

/*
 * Requests include those that only the vCPU's own entry can serve. A masked interrupt may
 * end an MWAIT (ECX bit 0; SDM vol. 2, "MWAIT").
 */
static bool kbench_must_run(struct kvm_vcpu *vcpu)
{
	int srcu = srcu_read_lock(&vcpu->kvm->srcu);
	bool must = kvm_request_pending(vcpu) || signal_pending(current) ||
		    kbench_event_due(vcpu) || kvm_cpu_has_interrupt(vcpu);

	srcu_read_unlock(&vcpu->kvm->srcu, srcu);
	return must;
}

/*
 * Sleep for `ns` (0: no bound), until the vCPU has something to do or *end is
 * set. kvm_vcpu_wake_up() ends the sleep, as it would a halt, which is also why
 * the vendor must know that the vCPU blocks (posted interrupts, AVIC). On VMX the
 * hypervisor timer becomes a software timer meanwhile, as for a halt.
 */
void kbench_sleep(struct kvm_vcpu *vcpu, u64 ns, const bool *end)
{
	struct rcuwait *wait = kvm_arch_vcpu_get_wait(vcpu);
	ktime_t left = ns_to_ktime(ns);
	bool hv_timer = lapic_in_kernel(vcpu) && kvm_lapic_hv_timer_in_use(vcpu);

	if (hv_timer)
		kvm_lapic_switch_to_sw_timer(vcpu);
	kvm_vcpu_srcu_read_unlock(vcpu);

	preempt_disable();
	kvm_arch_vcpu_blocking(vcpu);
	prepare_to_rcuwait(wait);
	preempt_enable();

	set_current_state(TASK_INTERRUPTIBLE);
	if (!kbench_must_run(vcpu) && !(end && READ_ONCE(*end)))
		schedule_hrtimeout_range(ns ? &left : NULL, 0, HRTIMER_MODE_REL);

	preempt_disable();
	finish_rcuwait(wait);
	kvm_arch_vcpu_unblocking(vcpu);
	preempt_enable();

	kvm_vcpu_srcu_read_lock(vcpu);
	if (hv_timer)
		kvm_lapic_switch_to_hv_timer(vcpu);
}
