/* SPDX-License-Identifier: MIT */
#ifndef KBENCH_WORK_H
#define KBENCH_WORK_H

#include <stdint.h>
#include <time.h>

/* The VMM's work: items that arrive, are taken in order and cost `rounds` each. */
struct kb_queue {
	uint64_t arrived;
	uint64_t taken;
	uint64_t done;
	uint64_t rounds;
	unsigned long long *starts;	/* when item n was taken, in TSC ticks; an array('Q') */
	unsigned long long *waker_cpu;	/* the waker's CPU time in ns then, or NULL */
	uint64_t capacity;
	clockid_t waker_clock;
};

/* Take the next item: its number, or UINT64_MAX when there is none. */
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
