/* SPDX-License-Identifier: MIT */
/*
 * A vCPU and the thread that runs it.  A kick takes the thread out of KVM_RUN, or keeps it
 * from entering: the signal's handler sets kvm_run->immediate_exit, so that a signal just
 * before the ioctl is not lost (Documentation/virt/kvm/api.rst, immediate_exit).
 */
#ifndef KBENCH_VCPU_THREAD_H
#define KBENCH_VCPU_THREAD_H

#include <linux/kvm.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "signals.h"
#include "work.h"

/* What the VMM does after an idle exit, once no work is queued (catalogue/policies.py, Waits). */
enum kb_waits {
	KB_WAITS_ENTER, KB_WAITS_BLOCK, KB_WAITS_POLL, KB_WAITS_EVENTFD, KB_WAITS_MP_STATE,
	KB_WAITS_INJECT,
};

struct kb_vcpu_thread {
	int fd;
	int tid;			/* 0 before the thread runs */
	enum kb_waits waits;
	int event_fd;			/* signals an event of the halted vCPU, or -1 */
	int work_fd;			/* KB_WAITS_POLL: signals that work arrived, or -1 */
	uint64_t events;		/* what the last wait read from event_fd; 0: it read nothing */
	uint8_t *exits;			/* the byte of kvm_run that asks for HLT exits, or NULL */
	uint8_t exits_on;
	int asked;			/* another thread sets that byte (kb_ask), and this one clears it */
	struct kvm_run *run;
	volatile int stop;
	volatile int ended;
	volatile int idle;		/* as of the VMM's last idle exit */
	int error;			/* errno of the KVM_RUN that failed */
	uint32_t reason;		/* if `unexpected`: the exit that ended the run */
	int unexpected;
	uint64_t slice_items;		/* of work, before the vCPU is entered again */
	uint64_t slice_ticks;		/* the same in time, in TSC ticks; 0: no limit */
	uint64_t idle_exits;
	uint64_t acks;			/* times that KVM_RUN returned for a report or a kick */
	unsigned long long *stamps;	/* of `acks`, in TSC ticks; an array('Q') */
	unsigned long long *waker_cpu;	/* the waker's CPU time in ns at each of them, or NULL */
	uint64_t capacity;
	clockid_t waker_clock;
	struct kb_queue *queue;		/* work for this thread, or NULL */
};

/* Set a byte of kvm_run that the kernel reads, then a full barrier (kvm_kbench.h, idle_flag). */
static inline void kb_ask(uint8_t *byte, uint8_t value)
{
	*(volatile uint8_t *)byte = value;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static __thread struct kvm_run *kb_vcpu_thread_run;
static __thread sigjmp_buf kb_vcpu_thread_out;
static __thread volatile sig_atomic_t kb_vcpu_thread_waits;

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
 * Wait outside KVM_RUN: with KB_WAITS_POLL for `ready`, else for event_fd, which is read into
 * `events`.  A kick ends the wait.  Its handler jumps out, because a signal alone would be lost
 * between the check of immediate_exit and the system call; ppoll(2) would close that gap with
 * two more system calls.
 */
static inline void kb_vcpu_thread_wait(struct kb_vcpu_thread *thread, struct pollfd *ready)
{
	ready[0].revents = ready[1].revents = 0;
	thread->events = 0;
	if (!sigsetjmp(kb_vcpu_thread_out, 0)) {
		kb_vcpu_thread_waits = 1;
		if (!*(volatile uint8_t *)&thread->run->immediate_exit) {
			if (thread->waits == KB_WAITS_POLL)
				poll(ready, 2, -1);
			else if (read(thread->event_fd, &thread->events, 8) < 0)
				thread->events = 0;
		}
	}
	kb_vcpu_thread_waits = 0;
}

/* Make the calling thread the one that runs the vCPU; -1 and errno on failure. */
static inline int kb_vcpu_thread_begin(struct kb_vcpu_thread *thread)
{
	/* SA_NODEFER: the jump leaves the signal unblocked. */
	struct sigaction action = { .sa_handler = kb_vcpu_thread_kicked, .sa_flags = SA_NODEFER };

	sigemptyset(&action.sa_mask);
	if (sigaction(KB_SIGNAL_VCPU_THREAD, &action, NULL))
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
	return kb_signal_thread(thread->tid, KB_SIGNAL_VCPU_THREAD);
}

#endif
