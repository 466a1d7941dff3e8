/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * User ABI of the kbench extension to KVM on x86.
 *
 * Nothing here is upstream. The numbers are the extension's own ("KB"), because
 * those of the RFC (capability 230, exit 38) have other meanings upstream today.
 * KVM_CHECK_EXTENSION(KVM_CAP_KBENCH) answers with the KVM_KBENCH_* bits of the
 * mechanisms that the loaded modules contain, 0 where there is no extension.
 *
 * KVM_ENABLE_CAP(KVM_CAP_KBENCH) on the vCPU's fd switches mechanisms on: args[0] is
 * the set of KVM_KBENCH_* bits that are on from now (0: all off), and args[1] the
 * eventfd for KVM_KBENCH_VCPU_EVENTFD. Errors: EINVAL for a bit that the modules lack
 * or that needs KVM's local APIC, EOPNOTSUPP for one that cannot be right here (see the
 * table of ext/kvm/README.md), EBADF for the eventfd. RFC_V1 is on without it.
 *
 * KVM_RUN fails with EINVAL when a byte of a mechanism that is on holds a bit or a value
 * that is not defined here, or names a mechanism that is off. A byte that user space
 * changes during KVM_RUN is judged at the next entry; until then such a bit is ignored.
 * The bytes of a mechanism that is off are not looked at.
 */
#ifndef _UAPI_KVM_KBENCH_H
#define _UAPI_KVM_KBENCH_H

#define KVM_CAP_KBENCH			0x4b420001

/* What KVM_CAP_KBENCH answers. */
#define KVM_KBENCH_USERSPACE_EXITS	0x0001	/* userspace_exits */
#define KVM_KBENCH_MWAIT_YIELD		0x0002	/* mwait_yield */
#define KVM_KBENCH_ENTRY_INTERCEPTS	0x0004	/* entry_intercepts */
#define KVM_KBENCH_IDLE_FLAG		0x0008	/* idle_flag */
#define KVM_KBENCH_MWAIT_STEP		0x0010	/* mwait_step */
#define KVM_KBENCH_MWAIT_LOWPRIO	0x0020	/* mwait_lowprio */
#define KVM_KBENCH_MWAIT_MONITOR	0x0040	/* mwait_monitor */
#define KVM_KBENCH_VCPU_POLL		0x0080	/* vcpu_poll */
#define KVM_KBENCH_RUN_MP_STATE		0x0100	/* run_mp_state */
#define KVM_KBENCH_RFC_V1		0x0200	/* the RFC as posted, always on */
#define KVM_KBENCH_VCPU_EVENTFD		0x0400	/* vcpu_poll through an eventfd */

/* exit_reason of userspace_exits; a HLT is the old KVM_EXIT_HLT (5). */
#define KVM_EXIT_KBENCH_MWAIT		0x4b420001
#define KVM_EXIT_KBENCH_PAUSE		0x4b420002

/*
 * Offsets in struct kvm_run. Bytes 2 to 7 are its padding1[0] to padding1[5],
 * which stock KVM neither reads nor writes; renaming them would change the CRC
 * of every export that knows the struct.
 */
#define KVM_RUN_KBENCH_EXITS		2	/* in, userspace_exits: KVM_KBENCH_EXIT_* */
#define KVM_RUN_KBENCH_NATIVE		3	/* in, entry_intercepts: KVM_KBENCH_NATIVE_* */
#define KVM_RUN_KBENCH_MWAIT		4	/* in, mwait_*: KVM_KBENCH_MWAIT_AS_* */
#define KVM_RUN_KBENCH_TIME		5	/* in, mwait_*: n > 0 means 2^(n-1) us */
#define KVM_RUN_KBENCH_MP_STATE		6	/* out, run_mp_state */

/* Byte 2: leave KVM_RUN when the guest executes the instruction. The RFC's bits. */
#define KVM_KBENCH_EXIT_MWAIT		0x01
#define KVM_KBENCH_EXIT_HLT		0x02	/* wherever the vCPU would block */
#define KVM_KBENCH_EXIT_PAUSE		0x04
#define KVM_KBENCH_EXIT_VALID		0x07

/*
 * Byte 3: do not intercept the instruction. The bits of KVM_CAP_X86_DISABLE_EXITS,
 * whose choice they replace for this vCPU; bits that it does not offer are ignored.
 */
#define KVM_KBENCH_NATIVE_MWAIT		0x01
#define KVM_KBENCH_NATIVE_HLT		0x02
#define KVM_KBENCH_NATIVE_PAUSE		0x04
#define KVM_KBENCH_NATIVE_VALID		0x07

/*
 * Byte 4: what KVM does for an intercepted MWAIT that does not leave KVM_RUN.
 * Byte 5 bounds it; 0 means 64 us for TIMEOUT and LOWPRIO, 1 ms for MONITOR.
 */
#define KVM_KBENCH_TIME_MAX		31	/* 2^30 us are 18 minutes */
#define KVM_KBENCH_MWAIT_AS_NOP		0	/* as stock */
#define KVM_KBENCH_MWAIT_AS_YIELD	1	/* mwait_yield: yield() */
#define KVM_KBENCH_MWAIT_AS_RESCHED	2	/* mwait_yield: cond_resched() */
#define KVM_KBENCH_MWAIT_AS_TIMEOUT	3	/* mwait_yield: sleep until an event or the bound */
#define KVM_KBENCH_MWAIT_AS_STEP	4	/* mwait_step: executed by the CPU, single-stepped */
#define KVM_KBENCH_MWAIT_AS_MONITOR	5	/* mwait_monitor: sleep until the page is written */
#define KVM_KBENCH_MWAIT_LOWPRIO_BIT	0x80	/* mwait_lowprio: with NOP, YIELD or STEP */

/*
 * idle_flag: bits 8 to 10 of kvm_run.flags, written by the vCPU's thread. To stop an
 * idle vCPU without a lost wake-up: set the exit bit, full barrier, read the
 * state; signal the thread if it is idle, otherwise the next HLT or MWAIT exits.
 */
#define KVM_RUN_KBENCH_IDLE_SHIFT	8
#define KVM_RUN_KBENCH_IDLE_MASK	0x0700
#define KVM_KBENCH_IDLE_OUTSIDE		0	/* not in KVM_RUN */
#define KVM_KBENCH_IDLE_RUNNING		1
#define KVM_KBENCH_IDLE_HLT		2	/* or blocked for a SIPI or a page */
#define KVM_KBENCH_IDLE_MWAIT		3
#define KVM_KBENCH_IDLE_PAUSE		4

/*
 * run_mp_state: byte 6 is 0 while it is off, else VALID | the mp_state that KVM_RUN would
 * make of the vCPU. HALTED turns into RUNNABLE when an event arrives and, on an AP, into
 * INIT_RECEIVED by an INIT, that into RUNNABLE by the SIPI, whether or not the vCPU is in
 * KVM_RUN; KVM_GET_MP_STATE follows with the next KVM_RUN. HALTED is also a vCPU that
 * waits for a page of the guest (asynchronous page fault).
 */
#define KVM_KBENCH_MP_STATE_VALID	0x80

/*
 * vcpu_poll: poll() on the vCPU's fd. POLLIN: KVM_RUN would run the guest, as RUNNABLE of
 * run_mp_state. POLLPRI: that, and an event is pending. Switch it on before the fd is
 * given to epoll: until then poll() answers at once, as for stock KVM, and queues nobody. The eventfd form is signalled when an event becomes pending while
 * the vCPU is not in KVM_RUN, and by KVM_ENABLE_CAP when one already is.
 */

#endif
