// SPDX-License-Identifier: GPL-2.0-only
/*
 * M8 vcpu_poll: poll() on the vCPU's file descriptor, and the same as an eventfd.
 *
 * From the thread: "it would also be nice to get an *event* on an eventfd when the
 * vCPU becomes runnable [...] Or perhaps even to be able to poll() on the vCPU fd"
 * (David Woodhouse, 2023-09-23), "a patch that exposes 'interrupt on vCPU is
 * pending' as an ioeventfd" for VTLs as vCPUs (Alexander Graf, 09-24), "making
 * vCPUs poll()-able is sensible" (Paolo Bonzini, 09-26), and "if there's a
 * REQ_EVENT outstanding for something like a timer delivery, that won't get
 * handled [...] until the vCPU is actually *run*" (Woodhouse, 09-26): a pending
 * timer therefore counts as an event here.
 */
#include <linux/eventfd.h>
#include <linux/version.h>
#include "lapic.h"
#include "x86.h"
#include "kbench.h"

/*
 * Whether an event waits for the vCPU. From any context: reads memory and no
 * vendor state that belongs to the vCPU's thread. An interrupt counts however
 * it is masked; "quiet" is what makes a halt of that.
 */
bool kbench_event_pending(struct kvm_vcpu *vcpu)
{
	if (kvm_arch_dy_runnable(vcpu) || kvm_test_request(KVM_REQ_UNBLOCK, vcpu) ||
	    atomic_read(&vcpu->arch.nmi_queued) || READ_ONCE(vcpu->arch.nmi_pending))
		return true;
	if (!lapic_in_kernel(vcpu))
		return false;
	return kvm_cpu_has_pending_timer(vcpu) || kvm_lapic_find_highest_irr(vcpu) >= 0 ||
	       kvm_apic_has_pending_init_or_sipi(vcpu);
}

/* An interrupt or NMI, exactly; the vCPU is loaded. */
bool kbench_interrupt_pending(struct kvm_vcpu *vcpu)
{
	return atomic_read(&vcpu->arch.nmi_queued) || vcpu->arch.nmi_pending ||
	       kvm_cpu_has_interrupt(vcpu) || kvm_cpu_has_pending_timer(vcpu);
}

static __poll_t ready(struct kvm_vcpu *vcpu)
{
	__poll_t mask = 0;

	if (kbench_event_pending(vcpu) && !READ_ONCE(kbench_of(vcpu)->quiet))
		mask = EPOLLPRI | EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(vcpu->arch.mp_state) == KVM_MP_STATE_RUNNABLE)
		mask |= EPOLLIN | EPOLLRDNORM;
	return mask;
}

__poll_t kvm_kbench_poll(struct file *file, poll_table *wait)
{
	struct kvm_vcpu *vcpu = file->private_data;
	struct kvm_kbench *kb = kbench_of(vcpu);

	/* As for a file without the operation. */
	if (!(smp_load_acquire(&kb->enabled) & KVM_KBENCH_VCPU_POLL))
		return DEFAULT_POLLMASK;
	poll_wait(file, &kb->wq, wait);
	/* Pairs with kbench_poll_wake(): it sees us or we see its event. */
	smp_mb();
	return ready(vcpu);
}

/* Only who waits for what is ready: most KVM_RUNs end without an event. */
void kbench_poll_wake(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	__poll_t mask;

	if (!wq_has_sleeper(&kb->wq))
		return;
	mask = ready(vcpu);
	if (mask)
		wake_up_poll(&kb->wq, mask);
}

static void signal_now(struct eventfd_ctx *context)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
	eventfd_signal(context, 1);
#else
	eventfd_signal(context);
#endif
}

static void signal_later(struct irq_work *work)
{
	struct kvm_kbench *kb = container_of(work, struct kvm_kbench, signal);
	struct eventfd_ctx *context;

	rcu_read_lock();
	context = rcu_dereference(kb->eventfd);
	if (context)
		signal_now(context);
	rcu_read_unlock();
}

/*
 * An irqfd injects inside the wake-up of its own eventfd, where another one must
 * not be signalled (eventfd counts nesting as recursion): leave that context
 * first. Its lock is held with interrupts off, so the work runs right after it.
 */
void kbench_eventfd_signal(struct kvm_kbench *kb)
{
	struct eventfd_ctx *context;

	rcu_read_lock();
	context = rcu_dereference(kb->eventfd);
	if (!context)
		;
	else if (eventfd_signal_allowed())
		signal_now(context);
	else
		irq_work_queue(&kb->signal);
	rcu_read_unlock();
}

void kbench_poll_init(struct kvm_kbench *kb)
{
	init_waitqueue_head(&kb->wq);
	init_irq_work(&kb->signal, signal_later);
}

/* Replace the eventfd; under vcpu->mutex or at the vCPU's end. */
static void replace(struct kvm_kbench *kb, struct eventfd_ctx *context)
{
	struct eventfd_ctx *old = rcu_replace_pointer(kb->eventfd, context, true);

	if (!old)
		return;
	synchronize_rcu();
	irq_work_sync(&kb->signal);
	eventfd_ctx_put(old);
}

int kbench_eventfd_set(struct kvm_vcpu *vcpu, int fd)
{
	struct eventfd_ctx *context = eventfd_ctx_fdget(fd);

	if (IS_ERR(context))
		return PTR_ERR(context);
	replace(kbench_of(vcpu), context);
	return 0;
}

void kbench_eventfd_drop(struct kvm_kbench *kb)
{
	replace(kb, NULL);
}
