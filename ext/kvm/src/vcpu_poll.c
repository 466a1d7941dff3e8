// SPDX-License-Identifier: GPL-2.0-only
/*
 * vcpu_poll: poll() on the vCPU's file descriptor, and the same as an eventfd.
 *
 * From the thread: "it would also be nice to get an *event* on an eventfd when the
 * vCPU becomes runnable [...] Or perhaps even to be able to poll() on the vCPU fd"
 * (David Woodhouse, 2023-09-23), "a patch that exposes 'interrupt on vCPU is
 * pending' as an ioeventfd" for VTLs as vCPUs (Alexander Graf, 09-23), "making
 * vCPUs poll()-able is sensible" (Paolo Bonzini, 09-26), and "if there's a
 * REQ_EVENT outstanding for something like a timer delivery, that won't get
 * handled [...] until the vCPU is actually *run*" (Woodhouse, 09-26): a pending
 * timer therefore counts as an event here.
 */
#include <linux/eventfd.h>
#include <linux/version.h>
#include "events.h"
#include "vcpu_poll.h"

static __poll_t kbench_poll_mask(struct kvm_vcpu *vcpu)
{
	bool event = kbench_event_posted(vcpu) && !READ_ONCE(kbench_of(vcpu)->quiet);

	if (kbench_mp_state(vcpu, event) != KVM_MP_STATE_RUNNABLE)
		return 0;
	return EPOLLIN | EPOLLRDNORM | (event ? EPOLLPRI : 0);
}

__poll_t kvm_kbench_poll(struct file *file, poll_table *wait)
{
	struct kvm_vcpu *vcpu = file->private_data;
	struct kvm_kbench *kb = kbench_of(vcpu);

	/* As for a file without the operation. */
	if (!(smp_load_acquire(&kb->enabled) & KVM_KBENCH_VCPU_POLL))
		return DEFAULT_POLLMASK;
	poll_wait(file, &kb->poll.wq, wait);
	/* Pairs with wq_has_sleeper(): it sees us or we see its event. */
	smp_mb();
	return kbench_poll_mask(vcpu);
}

static void kbench_eventfd_signal(struct kvm_kbench *kb)
{
	struct eventfd_ctx *context;

	rcu_read_lock();
	context = rcu_dereference(kb->poll.eventfd);
	if (context) {
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
		eventfd_signal(context, 1);
#else
		eventfd_signal(context);
#endif
	}
	rcu_read_unlock();
}

/* Only who waits for what is ready: most KVM_RUNs end without an event. */
static void kbench_poll_wake(struct kvm_kbench *kb)
{
	__poll_t mask;

	if (!wq_has_sleeper(&kb->poll.wq))
		return;
	mask = kbench_poll_mask(kbench_vcpu(kb));
	if (mask)
		wake_up_poll(&kb->poll.wq, mask);
}

static void kbench_poll_notify_now(struct kvm_kbench *kb)
{
	if (xchg(&kb->poll.signal, false))
		kbench_eventfd_signal(kb);
	kbench_poll_wake(kb);
}

static void kbench_poll_work(struct irq_work *work)
{
	kbench_poll_notify_now(container_of(work, struct kvm_kbench, poll.work));
}

/*
 * The wait queue may have a sleeper who is ready now; `signal`: the eventfd is due as well.
 * Any context, under any locks. Both take spinlocks, which is wrong under a raw one and in
 * the hard interrupts of PREEMPT_RT, and an irqfd injects inside the wake-up of its own
 * eventfd, where signalling another one counts as recursion: leave such contexts first.
 */
void kbench_poll_notify(struct kvm_vcpu *vcpu, bool signal)
{
	struct kvm_kbench *kb = kbench_of(vcpu);

	if (signal)
		WRITE_ONCE(kb->poll.signal, true);
	else if (!wq_has_sleeper(&kb->poll.wq))
		return;
	if (preemptible())
		kbench_poll_notify_now(kb);
	else
		irq_work_queue(&kb->poll.work);
}

void kbench_poll_init(struct kvm_kbench *kb)
{
	init_waitqueue_head(&kb->poll.wq);
	init_irq_work(&kb->poll.work, kbench_poll_work);
}

/* Under vcpu->mutex or at the vCPU's end. */
static void kbench_eventfd_replace(struct kvm_kbench *kb, struct eventfd_ctx *context)
{
	struct eventfd_ctx *old = rcu_replace_pointer(kb->poll.eventfd, context, true);

	if (!old)
		return;
	synchronize_rcu();
	eventfd_ctx_put(old);
}

/* Errors: EBADF, EINVAL. */
int kbench_eventfd_set(struct kvm_kbench *kb, bool on, int fd)
{
	struct eventfd_ctx *context = on ? eventfd_ctx_fdget(fd) : NULL;

	if (IS_ERR(context))
		return PTR_ERR(context);
	kbench_eventfd_replace(kb, context);
	return 0;
}

/* Nothing is enabled any more; a timer's interrupt may still be on its way through a wake-up. */
void kbench_poll_destroy(struct kvm_kbench *kb)
{
	if (!kb->poll.used)
		return;
	synchronize_rcu();
	irq_work_sync(&kb->poll.work);
	kbench_eventfd_replace(kb, NULL);
}
