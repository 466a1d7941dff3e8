/* SPDX-License-Identifier: MIT */
/*
 * The signals that end a KVM_RUN, one for each purpose: real-time signals have no other use
 * here, and two purposes with one number would replace each other's handler.
 */
#ifndef KBENCH_SIGNALS_H
#define KBENCH_SIGNALS_H

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KB_SIGNAL_WATCHDOG	(SIGRTMIN + 2)
#define KB_SIGNAL_SIBLING	(SIGRTMIN + 3)
#define KB_SIGNAL_VCPU_THREAD	(SIGRTMIN + 4)
#define KB_SIGNAL_PROBE		(SIGRTMIN + 5)

/* Signal the thread `tid` of this process; -1 and errno as tgkill(2). */
static inline int kb_signal_thread(int tid, int signal)
{
	return syscall(SYS_tgkill, getpid(), tid, signal);
}

#endif
