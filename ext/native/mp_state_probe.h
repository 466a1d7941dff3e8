/* SPDX-License-Identifier: MIT */
/*
 * A probe asks once whether a halted vCPU is runnable again.  Each kind of probe has a copy of
 * the loops, in which the kind is a constant: no branch on it and no call through a pointer
 * lies between two stamps.  Cython cannot express that, hence C.
 */
#ifndef KBENCH_MP_STATE_PROBE_H
#define KBENCH_MP_STATE_PROBE_H

#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

enum kb_probe_kind {
	KB_PROBE_CALL,	/* one system call, which writes the word */
	KB_PROBE_MEMORY,	/* no system call: the kernel keeps the word up to date */
	KB_PROBE_KICK,	/* a signal and KVM_RUN, which updates mp_state; then the call */
	KB_PROBE_OUT,	/* a signal that takes the vCPU's thread out of KVM_RUN; then the call */
};

struct kb_probe {
	enum kb_probe_kind kind;
	long number, a, b, c, d;		/* the system call */
	const volatile uint32_t *word;
	uint32_t mask, halted;			/* the word & mask of a halted vCPU */
	int vcpu;				/* KB_PROBE_KICK: whose KVM_RUN */
	int signal;
	int tid;				/* KB_PROBE_OUT: the vCPU's thread */
	struct kvm_mp_state mp_state;		/* what a call may write to */
	struct pollfd polled;
	uint64_t number_read;
};

#define KB_PROBE_INLINE static inline __attribute__((always_inline))

/*
 * Whether the probe says "runnable".  KB_PROBE_KICK: the signal is blocked in this thread and
 * unblocked in KVM_RUN alone (KVM_SET_SIGNAL_MASK), so it is pending when KVM_RUN begins;
 * sigtimedwait then consumes it.
 */
KB_PROBE_INLINE int kb_probe_once(const struct kb_probe *probe, const enum kb_probe_kind kind)
{
	if (kind == KB_PROBE_KICK) {
		const struct timespec now = { 0 };
		uint64_t set = 1ULL << (probe->signal - 1);

		syscall(SYS_tgkill, syscall(SYS_getpid), syscall(SYS_gettid), probe->signal);
		ioctl(probe->vcpu, KVM_RUN, 0);
		syscall(SYS_rt_sigtimedwait, &set, NULL, &now, sizeof(set));
	}
	if (kind == KB_PROBE_OUT)
		syscall(SYS_tgkill, syscall(SYS_getpid), probe->tid, probe->signal);
	if (kind != KB_PROBE_MEMORY)
		syscall(probe->number, probe->a, probe->b, probe->c, probe->d);
	return (*probe->word & probe->mask) != probe->halted;
}

KB_PROBE_INLINE uint64_t kb_probe_cost_of(const struct kb_probe *probe,
					 const enum kb_probe_kind kind, int *runnable)
{
	uint64_t begin = kb_stamp_begin();

	*runnable = kb_probe_once(probe, kind);
	return kb_stamp_end() - begin;
}

KB_PROBE_INLINE uint64_t kb_probe_until_runnable_of(const struct kb_probe *probe,
						   const enum kb_probe_kind kind, int vm,
						   const struct kvm_msi *msi, uint64_t limit,
						   uint64_t stamps[3])
{
	uint64_t probes = 0;
	int runnable;

	stamps[0] = kb_stamp_begin();
	ioctl(vm, KVM_SIGNAL_MSI, msi);
	stamps[1] = kb_stamp_end();
	do {
		runnable = kb_probe_once(probe, kind);
		probes++;
	} while (!runnable && probes < limit);
	stamps[2] = kb_stamp_end();
	return runnable ? probes : 0;
}

/* TSC ticks of one probe, whose answer is in *runnable. */
static uint64_t kb_probe_cost(const struct kb_probe *probe, int *runnable)
{
	switch (probe->kind) {
	case KB_PROBE_CALL:
		return kb_probe_cost_of(probe, KB_PROBE_CALL, runnable);
	case KB_PROBE_MEMORY:
		return kb_probe_cost_of(probe, KB_PROBE_MEMORY, runnable);
	case KB_PROBE_KICK:
		return kb_probe_cost_of(probe, KB_PROBE_KICK, runnable);
	default:
		return kb_probe_cost_of(probe, KB_PROBE_OUT, runnable);
	}
}

/*
 * Send `msi`, then probe up to `limit` times until the answer is "runnable".  Returns the number
 * of probes, 0 when none said so.  Stamps: before the MSI, after it, after the last probe.
 */
static uint64_t kb_probe_until_runnable(const struct kb_probe *probe, int vm,
					const struct kvm_msi *msi, uint64_t limit,
					uint64_t stamps[3])
{
	switch (probe->kind) {
	case KB_PROBE_CALL:
		return kb_probe_until_runnable_of(probe, KB_PROBE_CALL, vm, msi, limit, stamps);
	case KB_PROBE_MEMORY:
		return kb_probe_until_runnable_of(probe, KB_PROBE_MEMORY, vm, msi, limit, stamps);
	case KB_PROBE_KICK:
		return kb_probe_until_runnable_of(probe, KB_PROBE_KICK, vm, msi, limit, stamps);
	default:
		return kb_probe_until_runnable_of(probe, KB_PROBE_OUT, vm, msi, limit, stamps);
	}
}

#endif
