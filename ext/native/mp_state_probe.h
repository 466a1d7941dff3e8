/* SPDX-License-Identifier: MIT */
/*
 * One look at whether a halted vCPU is runnable again, by any of the ways there are.  The
 * kind of look is a constant of each copy of the loops, so that no branch on it and no call
 * through a pointer lies between two stamps; Cython has no word for that, hence C.
 */
#ifndef KBENCH_LOOKS_H
#define KBENCH_LOOKS_H

#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum kb_look_kind {
	KB_LOOK_CALL,	/* one system call, which leaves the word */
	KB_LOOK_MEMORY,	/* none: the kernel writes the word by itself */
	KB_LOOK_KICK,	/* pthread_kill + KVM_RUN, which updates mp_state; then the call */
	KB_LOOK_OUT,	/* a signal that takes another thread out of KVM_RUN; then the call */
};

struct kb_look {
	enum kb_look_kind kind;
	long number, a, b, c, d;		/* the system call */
	const volatile uint32_t *word;
	uint32_t mask, halted;			/* what the word says of a halted vCPU */
	int vcpu;				/* of a kick: whose KVM_RUN */
	int signal;
	int tid;				/* of the other kick: whose thread */
	struct kvm_mp_state state;		/* where a call may leave its answer */
	struct pollfd polled;
	uint64_t number_read;
};

#define KB_LOOK_INLINE static inline __attribute__((always_inline))

/*
 * Whether the vCPU looks runnable.  A kick: the signal is blocked in this thread, and let
 * in by the mask of KVM_RUN (KVM_SET_SIGNAL_MASK) alone, so that it stays pending until
 * there; afterwards it has to be eaten.
 */
KB_LOOK_INLINE int kb_look_once(const struct kb_look *look, const enum kb_look_kind kind)
{
	if (kind == KB_LOOK_KICK) {
		const struct timespec now = { 0 };
		uint64_t set = 1ULL << (look->signal - 1);

		syscall(SYS_tgkill, syscall(SYS_getpid), syscall(SYS_gettid), look->signal);
		ioctl(look->vcpu, KVM_RUN, 0);
		syscall(SYS_rt_sigtimedwait, &set, NULL, &now, sizeof(set));
	}
	if (kind == KB_LOOK_OUT)
		syscall(SYS_tgkill, syscall(SYS_getpid), look->tid, look->signal);
	if (kind != KB_LOOK_MEMORY)
		syscall(look->number, look->a, look->b, look->c, look->d);
	return (*look->word & look->mask) != look->halted;
}

KB_LOOK_INLINE uint64_t kb_look_cost_of(const struct kb_look *look, const enum kb_look_kind kind,
					int *runnable)
{
	uint64_t begin = kb_stamp_begin();

	*runnable = kb_look_once(look, kind);
	return kb_stamp_end() - begin;
}

KB_LOOK_INLINE uint64_t kb_look_right_of(const struct kb_look *look, const enum kb_look_kind kind,
					 int vm, const struct kvm_msi *msi, uint64_t most,
					 uint64_t stamps[3])
{
	uint64_t looks = 0;
	int runnable;

	stamps[0] = kb_stamp_begin();
	ioctl(vm, KVM_SIGNAL_MSI, msi);
	stamps[1] = kb_stamp_end();
	do {
		runnable = kb_look_once(look, kind);
		looks++;
	} while (!runnable && looks < most);
	stamps[2] = kb_stamp_end();
	return runnable ? looks : 0;
}

/* TSC ticks of one look; what it said is in *runnable. */
static uint64_t kb_look_cost(const struct kb_look *look, int *runnable)
{
	switch (look->kind) {
	case KB_LOOK_CALL:
		return kb_look_cost_of(look, KB_LOOK_CALL, runnable);
	case KB_LOOK_MEMORY:
		return kb_look_cost_of(look, KB_LOOK_MEMORY, runnable);
	case KB_LOOK_KICK:
		return kb_look_cost_of(look, KB_LOOK_KICK, runnable);
	default:
		return kb_look_cost_of(look, KB_LOOK_OUT, runnable);
	}
}

/*
 * Send `msi` and look, up to `most` times, until the vCPU looks runnable: how many looks
 * that took, 0 when none was right.  Stamps: before the MSI, after it, after the last look.
 */
static uint64_t kb_look_right(const struct kb_look *look, int vm, const struct kvm_msi *msi,
			      uint64_t most, uint64_t stamps[3])
{
	switch (look->kind) {
	case KB_LOOK_CALL:
		return kb_look_right_of(look, KB_LOOK_CALL, vm, msi, most, stamps);
	case KB_LOOK_MEMORY:
		return kb_look_right_of(look, KB_LOOK_MEMORY, vm, msi, most, stamps);
	case KB_LOOK_KICK:
		return kb_look_right_of(look, KB_LOOK_KICK, vm, msi, most, stamps);
	default:
		return kb_look_right_of(look, KB_LOOK_OUT, vm, msi, most, stamps);
	}
}

#endif
