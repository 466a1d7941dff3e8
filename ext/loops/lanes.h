/* SPDX-License-Identifier: MIT */
/*
 * A lane is a vCPU and the thread that runs it.  A kick takes the thread out of KVM_RUN
 * wherever it is: its handler, in that thread, sets kvm_run->immediate_exit, so that a
 * signal just before the ioctl is not lost (Documentation/virt/kvm/api.rst).
 */
#ifndef KBENCH_LANES_H
#define KBENCH_LANES_H

#include <linux/kvm.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The VMM's work: items that arrive, are taken in turn and cost `rounds` each. */
struct kb_queue {
	uint64_t arrived;
	uint64_t taken;
	uint64_t done;
	uint64_t rounds;
	uint64_t *starts;		/* when item n was taken, in TSC ticks */
	uint64_t most;
};

struct kb_lane {
	int fd;
	int thread;			/* kernel thread id, 0 before it runs */
	int wait_fd;			/* eventfd of the VMM's interrupts, or -1 */
	uint8_t *exits;			/* the byte of kvm_run that asks for HLT exits, or NULL */
	uint8_t exits_on;
	int poll;			/* a halted vCPU is waited for in poll(2) of fd */
	int work_fd;			/* and there, eventfd of the queue's arrivals, or -1 */
	struct kvm_run *run;
	volatile int stop;
	volatile int ended;
	volatile int idle;		/* idle when the VMM last looked */
	int error;			/* errno of a KVM_RUN that failed */
	uint32_t reason;		/* exit that nothing expected, where `unexpected` */
	int unexpected;
	uint64_t idle_exits;
	uint64_t acks;			/* reports of the guest, and kicks: when KVM_RUN came back */
	uint64_t *stamps;
	uint64_t most;
	struct kb_queue *queue;		/* work for this thread, or NULL */
};

static __thread struct kvm_run *kb_lane_run;

static inline int kb_lane_signal(void)
{
	return SIGRTMIN + 4;
}

static void kb_lane_kicked(int signal)
{
	(void)signal;
	if (kb_lane_run)
		kb_lane_run->immediate_exit = 1;
}

/* Make the calling thread the lane's. */
static inline int kb_lane_begin(struct kb_lane *lane)
{
	struct sigaction action = { .sa_handler = kb_lane_kicked };

	sigemptyset(&action.sa_mask);
	if (sigaction(kb_lane_signal(), &action, NULL))
		return -1;
	kb_lane_run = lane->run;
	lane->thread = syscall(SYS_gettid);
	return 0;
}

static inline void kb_lane_end(struct kb_lane *lane)
{
	kb_lane_run = NULL;
	lane->ended = 1;
}

static inline int kb_lane_kick(const struct kb_lane *lane)
{
	return syscall(SYS_tgkill, getpid(), lane->thread, kb_lane_signal());
}

/* The number of the next item, or UINT64_MAX: nothing to do. */
static inline uint64_t kb_queue_take(struct kb_queue *queue)
{
	uint64_t next = __atomic_load_n(&queue->taken, __ATOMIC_RELAXED);

	do {
		if (next >= __atomic_load_n(&queue->arrived, __ATOMIC_ACQUIRE))
			return UINT64_MAX;
	} while (!__atomic_compare_exchange_n(&queue->taken, &next, next + 1, 0,
					      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return next;
}

static inline int kb_queue_empty(const struct kb_queue *queue)
{
	return __atomic_load_n(&queue->taken, __ATOMIC_RELAXED) >=
	       __atomic_load_n(&queue->arrived, __ATOMIC_ACQUIRE);
}

static inline void kb_queue_arrive(struct kb_queue *queue)
{
	__atomic_add_fetch(&queue->arrived, 1, __ATOMIC_RELEASE);
}

/* The work of an item: a chain of dependent operations that no compiler can shorten. */
static inline void kb_queue_work(struct kb_queue *queue)
{
	uint64_t value = queue->rounds;

	for (uint64_t round = queue->rounds; round; round--) {
		value ^= value << 13;
		__asm__ volatile("" : "+r"(value));
	}
	__atomic_add_fetch(&queue->done, 1, __ATOMIC_RELAXED);
}

#endif
