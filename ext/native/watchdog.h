/* SPDX-License-Identifier: MIT */
/*
 * A time limit for KVM_RUN.  A POSIX timer signals the vCPU thread; the handler compares the
 * loop's progress with what it saw at the last tick and sets kvm_run->immediate_exit when
 * there was none.  A signal alone is not enough: it may arrive just before the ioctl, and
 * KVM_RUN would then enter the guest (Documentation/virt/kvm/api.rst, immediate_exit).
 */
#ifndef KBENCH_WATCHDOG_H
#define KBENCH_WATCHDOG_H

#include <linux/kvm.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "signals.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

struct kb_watchdog {
	volatile uint64_t progress;	/* the loop's: round trips so far */
	uint64_t seen;
	volatile int fired;
	struct kvm_run *run;
	timer_t timer;
};

static void kb_watchdog_tick(int signal, siginfo_t *info, void *context)
{
	struct kb_watchdog *watchdog = info->si_value.sival_ptr;

	(void)signal;
	(void)context;
	if (info->si_code != SI_TIMER)
		return;
	if (watchdog->progress != watchdog->seen) {
		watchdog->seen = watchdog->progress;
		return;
	}
	watchdog->fired = 1;
	watchdog->run->immediate_exit = 1;
}

/*
 * Arm for the calling thread; -1 and errno on failure.  A KVM_RUN without progress from one
 * tick to the next has run for limit / 2 to `limit` seconds.
 */
static inline int kb_watchdog_start(struct kb_watchdog *watchdog, struct kvm_run *run, double limit)
{
	struct sigaction action = { .sa_sigaction = kb_watchdog_tick, .sa_flags = SA_SIGINFO };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID };
	struct itimerspec period;
	double tick = limit / 2;

	watchdog->seen = watchdog->progress - 1;
	watchdog->fired = 0;
	watchdog->run = run;
	event.sigev_signo = KB_SIGNAL_WATCHDOG;
	event.sigev_value.sival_ptr = watchdog;
	event.sigev_notify_thread_id = syscall(SYS_gettid);
	period.it_value.tv_sec = tick;
	period.it_value.tv_nsec = (tick - period.it_value.tv_sec) * 1e9;
	period.it_interval = period.it_value;
	sigemptyset(&action.sa_mask);
	if (sigaction(event.sigev_signo, &action, NULL) ||
	    timer_create(CLOCK_MONOTONIC, &event, &watchdog->timer))
		return -1;
	if (timer_settime(watchdog->timer, 0, &period, NULL)) {
		timer_delete(watchdog->timer);
		return -1;
	}
	return 0;
}

static inline void kb_watchdog_stop(struct kb_watchdog *watchdog)
{
	timer_delete(watchdog->timer);
}

#endif
