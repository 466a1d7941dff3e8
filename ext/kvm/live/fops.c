// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vCPU's file with operations of its own: poll() (M8), and a KVM_RUN that idles
 * for MWAIT on the way out and enters again (M2).
 */
#include <linux/hash.h>
#include <linux/poll.h>
#include <linux/rcuwait.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include "kvm_kbench_live.h"

/* Hashed, as KVM's structs cannot grow here: wake-ups may be spurious. */
#define WAIT_BITS 6
/* kvm_run.immediate_exit, which newer kernels rename for their own use. */
#define IMMEDIATE_EXIT 1
static wait_queue_head_t waits[1 << WAIT_BITS];
static struct file_operations operations;
typedef long (*ioctl_t)(struct file *, unsigned int, unsigned long);
static ioctl_t stock_ioctl, stock_compat_ioctl;
static DEFINE_RAW_SPINLOCK(lock);

static wait_queue_head_t *wait_of(struct kvm_vcpu *vcpu)
{
	return &waits[hash_ptr(vcpu, WAIT_BITS)];
}

static bool event_pending(struct kvm_vcpu *vcpu)
{
	return kvm_test_request(KVM_REQ_EVENT, vcpu) || kvm_test_request(KVM_REQ_NMI, vcpu) ||
	       kvm_test_request(KVM_REQ_UNBLOCK, vcpu);
}

static __poll_t live_poll(struct file *file, poll_table *table)
{
	struct kvm_vcpu *vcpu = file->private_data;
	__poll_t ready = 0;

	poll_wait(file, wait_of(vcpu), table);
	/* Pairs with wq_has_sleeper(): it sees us or we see its event. */
	smp_mb();
	if (event_pending(vcpu))
		ready = EPOLLPRI | EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(vcpu->arch.mp_state) == KVM_MP_STATE_RUNNABLE)
		ready |= EPOLLIN | EPOLLRDNORM;
	return ready;
}

/*
 * Outside KVM_RUN requests stay, so they tell of every event; none is forgotten. The
 * mutex is KVM_RUN's: its wait queue has room for one thread.
 */
static void sleep_for(struct kvm_vcpu *vcpu, u64 ns)
{
	struct rcuwait *wait = kvm_arch_vcpu_get_wait(vcpu);
	ktime_t left = ns_to_ktime(ns);

	if (mutex_lock_killable(&vcpu->mutex))
		return;
	prepare_to_rcuwait(wait);
	set_current_state(TASK_INTERRUPTIBLE);
	if (!event_pending(vcpu) && !signal_pending(current))
		schedule_hrtimeout_range(&left, 0, HRTIMER_MODE_REL);
	finish_rcuwait(wait);
	mutex_unlock(&vcpu->mutex);
}

static void idle(struct kvm_vcpu *vcpu, u8 mode)
{
	switch (mode) {
	case KVM_KBENCH_MWAIT_AS_YIELD:
		yield();
		break;
	case KVM_KBENCH_MWAIT_AS_TIMEOUT:
		sleep_for(vcpu, kbench_time_ns(vcpu, 64 * NSEC_PER_USEC));
		break;
	default:
		cond_resched();
	}
}

/* A vCPU that enters halted would block, its exit bit set or not. */
static bool stays_halted(struct kvm_vcpu *vcpu)
{
	return kbench_byte(vcpu, KVM_RUN_KBENCH_EXITS) & KVM_KBENCH_EXIT_HLT &&
	       READ_ONCE(vcpu->arch.mp_state) == KVM_MP_STATE_HALTED && !event_pending(vcpu) &&
	       !kbench_byte(vcpu, IMMEDIATE_EXIT) &&
	       !signal_pending(current);
}

static long through(struct file *file, unsigned int request, unsigned long argument, ioctl_t stock)
{
	struct kvm_vcpu *vcpu = file->private_data;
	struct kvm_enable_cap cap;
	long r;

	/* Everything is on from the beginning: what the module has is accepted. */
	if (request == KVM_ENABLE_CAP) {
		if (copy_from_user(&cap, (void __user *)argument, sizeof(cap)))
			return -EFAULT;
		if (cap.cap == KVM_CAP_KBENCH)
			return cap.flags || cap.args[0] & ~(u64)live_mechanisms() ? -EINVAL : 0;
	}
	if (request == KVM_RUN && stays_halted(vcpu)) {
		vcpu->run->exit_reason = KVM_EXIT_HLT;
		return 0;
	}
	for (;;) {
		r = stock(file, request, argument);
		if (request != KVM_RUN || r ||
		    READ_ONCE(vcpu->run->exit_reason) != KVM_EXIT_KBENCH_MWAIT ||
		    kbench_byte(vcpu, KVM_RUN_KBENCH_EXITS) & KVM_KBENCH_EXIT_MWAIT)
			return r;
		idle(vcpu, kbench_byte(vcpu, KVM_RUN_KBENCH_MWAIT));
		if (!signal_pending(current))
			continue;
		vcpu->run->exit_reason = KVM_EXIT_INTR;
		return -EINTR;
	}
}

static long live_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	return through(file, request, argument, stock_ioctl);
}

/* Of a 32-bit VMM. Its pointers are zero-extended, and kvm_enable_cap has the same layout. */
static long live_compat_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	return through(file, request, argument, stock_compat_ioctl);
}

/* anon_inode_getfd(name, fops, ...): a vCPU's file gets our operations, which own the module. */
int live_getfd(struct kprobe *probe, struct pt_regs *regs)
{
	unsigned long flags;

	if (strncmp((const char *)regs->di, "kvm-vcpu:", 9))
		return 0;
	raw_spin_lock_irqsave(&lock, flags);
	if (!stock_ioctl) {
		operations = *(struct file_operations *)regs->si;
		stock_ioctl = operations.unlocked_ioctl;
		operations.unlocked_ioctl = live_ioctl;
		stock_compat_ioctl = operations.compat_ioctl;
		if (stock_compat_ioctl)
			operations.compat_ioctl = live_compat_ioctl;
		operations.poll = live_poll;
		operations.owner = THIS_MODULE;
	}
	raw_spin_unlock_irqrestore(&lock, flags);
	regs->si = (unsigned long)&operations;
	return 0;
}

int live_wake(struct kprobe *probe, struct pt_regs *regs)
{
	wait_queue_head_t *wait = wait_of((struct kvm_vcpu *)regs->di);

	if (wq_has_sleeper(wait))
		wake_up_poll(wait, EPOLLIN | EPOLLRDNORM | EPOLLPRI);
	return 0;
}

void live_fops_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(waits); i++)
		init_waitqueue_head(&waits[i]);
}
