/* SPDX-License-Identifier: MIT */
/*
 * A vCPU and the thread that runs it.  A kick takes the thread out of KVM_RUN
 * wherever it is: its handler, in that thread, sets kvm_run->immediate_exit, so that a
 * signal just before the ioctl is not lost (Documentation/virt/kvm/api.rst).
 */
#ifndef KBENCH_VCPU_THREAD_H
#define KBENCH_VCPU_THREAD_H

#include <linux/kvm.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "work.h"

/* What the VMM does on an idle exit when its work is done (kbench/catalogue/policies.py, Waits). */
enum kb_waits { ENTER, BLOCK, POLL, EVENTFD, MP_STATE, INJECT };

struct kb_vcpu_thread {
	int fd;
	int tid;			/* kernel thread id, 0 before it runs */
	enum kb_waits waits;
	int event_fd;			/* what tells of an event while the vCPU is halted, or -1 */
	int work_fd;			/* and, with POLL, eventfd of the queue's arrivals, or -1 */
	uint64_t events;		/* what the last wait read from event_fd; 0: nothing */
	uint8_t *exits;			/* the byte of kvm_run that asks for HLT exits, or NULL */
	uint8_t exits_on;
	struct kvm_run *run;
	volatile int stop;
	volatile int ended;
	volatile int idle;		/* idle when the VMM last looked */
	int error;			/* errno of a KVM_RUN that failed */
	uint32_t reason;		/* exit that nothing expected, where `unexpected` */
	int unexpected;
	uint64_t idle_exits;
	uint64_t acks;			/* reports of the guest, and kicks: when KVM_RUN came back */
	unsigned long long *stamps;	/* the elements of an array('Q') */
	uint64_t capacity;
	struct kb_queue *queue;		/* work for this thread, or NULL */
};

static __thread struct kvm_run *kb_vcpu_thread_run;
static __thread sigjmp_buf kb_vcpu_thread_out;
static __thread volatile sig_atomic_t kb_vcpu_thread_waits;

static inline int kb_vcpu_thread_signal(void)
{
	return SIGRTMIN + 4;
}

static void kb_vcpu_thread_kicked(int signal)
{
	(void)signal;
	if (!kb_vcpu_thread_run)
		return;
	kb_vcpu_thread_run->immediate_exit = 1;
	if (kb_vcpu_thread_waits) {
		kb_vcpu_thread_waits = 0;
		siglongjmp(kb_vcpu_thread_out, 1);
	}
}

/*
 * Wait outside KVM_RUN: with POLL for `ready`, else for event_fd, which is read.  A kick
 * ends it, from just before the system call on, where a signal alone would be lost: its
 * handler jumps out.  ppoll(2) would take two system calls more.  `events` has what was
 * read before the jump.
 */
static void kb_vcpu_thread_wait(struct kb_vcpu_thread *thread, struct pollfd *ready)
{
	ready[0].revents = ready[1].revents = 0;
	thread->events = 0;
	if (!sigsetjmp(kb_vcpu_thread_out, 0)) {
		kb_vcpu_thread_waits = 1;
		if (!*(volatile __u8 *)&thread->run->immediate_exit) {
			if (thread->waits == POLL)
				poll(ready, 2, -1);
			else if (read(thread->event_fd, &thread->events, 8) < 0)
				thread->events = 0;
		}
	}
	kb_vcpu_thread_waits = 0;
}

/* Make the calling thread the one that runs the vCPU. */
static inline int kb_vcpu_thread_begin(struct kb_vcpu_thread *thread)
{
	/* SA_NODEFER: the jump leaves the signal unblocked. */
	struct sigaction action = { .sa_handler = kb_vcpu_thread_kicked, .sa_flags = SA_NODEFER };

	sigemptyset(&action.sa_mask);
	if (sigaction(kb_vcpu_thread_signal(), &action, NULL))
		return -1;
	kb_vcpu_thread_run = thread->run;
	thread->tid = syscall(SYS_gettid);
	return 0;
}

static inline void kb_vcpu_thread_end(struct kb_vcpu_thread *thread)
{
	kb_vcpu_thread_run = NULL;
	thread->ended = 1;
}

static inline int kb_vcpu_thread_kick(const struct kb_vcpu_thread *thread)
{
	return syscall(SYS_tgkill, getpid(), thread->tid, kb_vcpu_thread_signal());
}

#endif
