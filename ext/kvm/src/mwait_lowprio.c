// SPDX-License-Identifier: GPL-2.0-only
/*
 * mwait_lowprio: the lowest priority while the vCPU is on MWAIT.
 *
 * From David Woodhouse's answer of 2023-09-23: "setting the scheduling priority as
 * low as possible while it's actually on the MWAIT, and putting it back again
 * afterwards. Something along the lines of 'do not schedule me unless you have
 * literally nothing else to do on this pCPU, for the next N us'."
 *
 * An experiment, in a form that no scheduler maintainer would take: a path of KVM sets
 * the nice value of a thread that user space owns. The thread gets nice 18 and it is
 * restored by whatever comes first: the end of the MWAIT, an event for the vCPU, N us,
 * or the end of KVM_RUN; a value that somebody else has set meanwhile stays. Real-time,
 * deadline and idle threads are left alone; nice counts within the thread's
 * cgroup. set_user_nice() takes the locks of a wake-up, so it is as safe as
 * kvm_vcpu_wake_up() from the contexts that call that.
 */
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/version.h>
#include "lapic.h"
#include "events.h"
#include "mwait_lowprio.h"
#include "x86.h"

/*
 * One better than the lowest, so that an administrator's nice 19 meanwhile is told from
 * ours. The same value, set by somebody else within the bound, is not.
 */
#define KBENCH_LOW_NICE (MAX_NICE - 1)

/* Any context. The task is in KVM_RUN, which it leaves through kbench_lowprio_end(). */
void kbench_lowprio_raise(struct kvm_kbench *kb)
{
	unsigned long flags;

	if (!READ_ONCE(kb->low.task))
		return;
	raw_spin_lock_irqsave(&kb->low.lock, flags);
	if (kb->low.task && task_nice(kb->low.task) == KBENCH_LOW_NICE)
		set_user_nice(kb->low.task, kb->low.nice);
	WRITE_ONCE(kb->low.task, NULL);
	raw_spin_unlock_irqrestore(&kb->low.lock, flags);
}

static enum hrtimer_restart kbench_lowprio_limit(struct hrtimer *timer)
{
	kbench_lowprio_raise(container_of(timer, struct kvm_kbench, low.limit));
	return HRTIMER_NORESTART;
}

void kbench_lowprio_init(struct kvm_kbench *kb)
{
	raw_spin_lock_init(&kb->low.lock);
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
	hrtimer_init(&kb->low.limit, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	kb->low.limit.function = kbench_lowprio_limit;
#else
	hrtimer_setup(&kb->low.limit, kbench_lowprio_limit, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_HARD);
#endif
}

void kbench_lowprio_begin(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	unsigned int policy = current->policy;

	if ((policy != SCHED_NORMAL && policy != SCHED_BATCH) || task_nice(current) >= KBENCH_LOW_NICE ||
	    kb->low.task)
		return;
	kb->low.started = true;
	kb->low.nice = task_nice(current);
	set_user_nice(current, KBENCH_LOW_NICE);
	/* Pairs with the lock in kbench_lowprio_raise(). */
	smp_store_release(&kb->low.task, current);
	hrtimer_start(&kb->low.limit, ns_to_ktime(kbench_time_ns(vcpu, 64 * NSEC_PER_USEC)),
		      HRTIMER_MODE_REL_HARD);
	/* Pairs with __kvm_kbench_wake(): it sees the task or we see its event. */
	smp_mb();
	if (kbench_event_posted(vcpu))
		kbench_lowprio_raise(kb);
}

/* In the vCPU's thread, at the latest when it leaves KVM_RUN. */
void kbench_lowprio_end(struct kvm_kbench *kb)
{
	unsigned long flags;

	if (!kb->low.started)
		return;
	kb->low.started = false;
	kbench_lowprio_raise(kb);
	/* Whoever raises the priority right now is done with the task after this. */
	raw_spin_lock_irqsave(&kb->low.lock, flags);
	raw_spin_unlock_irqrestore(&kb->low.lock, flags);
	hrtimer_cancel(&kb->low.limit);
}

void kbench_lowprio_yield(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);

	kvm_vcpu_srcu_read_unlock(vcpu);
	kbench_lowprio_begin(vcpu);
	while (READ_ONCE(kb->low.task) && !signal_pending(current) && !single_task_running())
		yield();
	kbench_lowprio_end(kb);
	kvm_vcpu_srcu_read_lock(vcpu);
}
