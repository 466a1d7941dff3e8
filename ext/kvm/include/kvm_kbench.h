/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * User ABI of the kbench extension to KVM on x86.
 *
 * Nothing here is upstream. The numbers are the extension's own ("KB"), because
 * those of the RFC (capability 230, exit 38) have other meanings upstream today.
 * KVM_CHECK_EXTENSION(KVM_CAP_KBENCH) answers with the KVM_KBENCH_* bits of the
 * mechanisms that the loaded modules contain, 0 where there is no extension.
 *
 * Two mechanisms need no switching on: M1 and M2 act on what their byte of
 * struct kvm_run says. The others cost something per entry, exit or wake-up and
 * are off until KVM_ENABLE_CAP(KVM_CAP_KBENCH) on the vCPU's fd switches them on:
 * args[0] is the set of KVM_KBENCH_* bits that are on from now (0: all off), and
 * args[1] the eventfd for KVM_KBENCH_VCPU_EVENTFD. Errors: EINVAL for a bit that
 * the modules lack or cannot honour here, EBADF for the eventfd.
 */
#ifndef _UAPI_KVM_KBENCH_H
#define _UAPI_KVM_KBENCH_H

#define KVM_CAP_KBENCH			0x4b420001

/* What KVM_CAP_KBENCH answers. */
#define KVM_KBENCH_USERSPACE_EXITS	0x0001	/* M1 */
#define KVM_KBENCH_MWAIT_YIELD		0x0002	/* M2 */
#define KVM_KBENCH_ENTRY_INTERCEPTS	0x0004	/* M3, to be switched on */
#define KVM_KBENCH_IDLE_FLAG		0x0008	/* M4, to be switched on */
#define KVM_KBENCH_MWAIT_STEP		0x0010	/* M5, to be switched on */
#define KVM_KBENCH_MWAIT_LOWPRIO	0x0020	/* M6, to be switched on */
#define KVM_KBENCH_MWAIT_MONITOR	0x0040	/* M7, to be switched on */
#define KVM_KBENCH_VCPU_POLL		0x0080	/* M8, to be switched on */
#define KVM_KBENCH_RUN_MP_STATE		0x0100	/* M9, to be switched on */
#define KVM_KBENCH_RFC_V1		0x0200	/* M1 + M2 as the RFC posted them */
#define KVM_KBENCH_VCPU_EVENTFD		0x0400	/* M8 through an eventfd, to be switched on */

/* exit_reason of M1; a HLT is the old KVM_EXIT_HLT (5). */
#define KVM_EXIT_KBENCH_MWAIT		0x4b420001
#define KVM_EXIT_KBENCH_PAUSE		0x4b420002

/*
 * Offsets in struct kvm_run. Bytes 2 to 7 are its padding1[0] to padding1[5],
 * which stock KVM neither reads nor writes; renaming them would change the CRC
 * of every export that knows the struct.
 */
#define KVM_RUN_KBENCH_EXITS		2	/* in, M1: KVM_KBENCH_EXIT_* */
#define KVM_RUN_KBENCH_NATIVE		3	/* in, M3: KVM_KBENCH_NATIVE_* */
#define KVM_RUN_KBENCH_MWAIT		4	/* in, M2 M5 M6 M7: KVM_KBENCH_MWAIT_AS_* */
#define KVM_RUN_KBENCH_TIME		5	/* in, M2 M6 M7: n > 0 means 2^(n-1) us */
#define KVM_RUN_KBENCH_MP_STATE		6	/* out, M9 */

/* Byte 2: leave KVM_RUN when the guest executes the instruction. The RFC's bits. */
#define KVM_KBENCH_EXIT_MWAIT		0x01
#define KVM_KBENCH_EXIT_HLT		0x02
#define KVM_KBENCH_EXIT_PAUSE		0x04

/*
 * Byte 3: do not intercept the instruction. The bits of KVM_CAP_X86_DISABLE_EXITS,
 * whose choice they replace for this vCPU; bits that it does not offer are ignored.
 */
#define KVM_KBENCH_NATIVE_MWAIT		0x01
#define KVM_KBENCH_NATIVE_HLT		0x02
#define KVM_KBENCH_NATIVE_PAUSE		0x04

/*
 * Byte 4: what KVM does for an intercepted MWAIT that does not leave KVM_RUN.
 * Byte 5 bounds it; 0 means 64 us for TIMEOUT and LOWPRIO, no bound for MONITOR.
 */
#define KVM_KBENCH_MWAIT_AS_NOP		0	/* as stock */
#define KVM_KBENCH_MWAIT_AS_YIELD	1	/* M2: yield() */
#define KVM_KBENCH_MWAIT_AS_RESCHED	2	/* M2: cond_resched() */
#define KVM_KBENCH_MWAIT_AS_TIMEOUT	3	/* M2: sleep until an event or the bound */
#define KVM_KBENCH_MWAIT_AS_STEP	4	/* M5: executed by the CPU, single-stepped */
#define KVM_KBENCH_MWAIT_AS_MONITOR	5	/* M7: sleep until the monitored page is written */
#define KVM_KBENCH_MWAIT_LOWPRIO_BIT	0x80	/* M6: with NOP, YIELD or STEP */

/*
 * M4: bits 8 to 10 of kvm_run.flags, written by the vCPU's thread. To stop an
 * idle vCPU without a lost wake-up: set the exit bit, full barrier, read the
 * state; signal the thread if it is idle, otherwise the next HLT or MWAIT exits.
 */
#define KVM_RUN_KBENCH_IDLE_SHIFT	8
#define KVM_RUN_KBENCH_IDLE_MASK	0x0700
#define KVM_KBENCH_IDLE_OUTSIDE		0	/* not in KVM_RUN */
#define KVM_KBENCH_IDLE_RUNNING		1
#define KVM_KBENCH_IDLE_HLT		2
#define KVM_KBENCH_IDLE_MWAIT		3
#define KVM_KBENCH_IDLE_PAUSE		4

/*
 * M9: byte 6 is 0 while M9 is off, else VALID | mp_state. HALTED turns into
 * RUNNABLE when an event for the vCPU arrives, whether or not it is in KVM_RUN;
 * KVM_GET_MP_STATE follows with the next KVM_RUN.
 */
#define KVM_KBENCH_MP_STATE_VALID	0x80

/*
 * M8: poll() on the vCPU's fd. POLLIN: not halted, or an event would end the
 * halt. POLLPRI: an interrupt, NMI, SMI or INIT is pending. Switch it on before the
 * fd is given to epoll: until then poll() answers at once, as for stock KVM, and
 * queues nobody. The eventfd form is signalled when an event becomes pending while
 * the vCPU is not in KVM_RUN, and by KVM_ENABLE_CAP when an interrupt already is.
 */

#endif
