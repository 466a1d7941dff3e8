/* SPDX-License-Identifier: MIT */
/*
 * The ABI between guest and host: the guest-physical map, the ports, the MSR and the
 * parameter page.  Guests include it, and it is compiled into kbench._abi.
 */
#ifndef KBENCH_ABI_H
#define KBENCH_ABI_H

/* Guest-physical map.  256 KiB of RAM keep a VM cheap to create, which matters in the lab. */
#define KB_PARAMS	0x1000	/* struct kb_params */
#define KB_PML4		0x2000	/* start.S lays out the page tables, */
#define KB_GDT		0x6000	/* ... the GDT */
#define KB_IDT		0x7000	/* ... and the IDT */
#define KB_ENTRY	0x8000	/* the guest's first instruction */
#define KB_BUFFER	0x10000	/* a page for string instructions to read */
#define KB_STACK	0x20000	/* grows down; KB_STACK_SIZE for each vCPU */
#define KB_STACK_SIZE	0x1000
#define KB_MEMORY	0x40000	/* bytes of RAM */
#define KB_MMIO		0xd0000	/* no memslot; below 1 MiB so that real mode reaches it */
#define KB_PAGES	0x200000 /* a memslot of KB_PAGES_SIZE whose pages a benchmark touches */
#define KB_PAGES_SIZE	0x64000	/* 100 pages: one batch */

#define KB_PORT		0x10	/* the exit that a benchmark counts */
#define KB_PORT_FAULT	0x11	/* an exception, described in struct kb_params */
#define KB_PORT_CONTROL	0x12	/* the end of a control batch */
#define KB_PORT_MISSED	0x13	/* a batch had fewer interrupts (`events`) than subjects */
#define KB_PORT_EVENTFD	0x14	/* the port of an ioeventfd; KB_MMIO has one too */
#define KB_DATAMATCH	0x5a	/* the value that it matches, if any */

#define KB_MSR		0x4b420000	/* does not exist; the MSR filter sends it to userspace */
#define KB_VECTOR	0x40		/* the guest's interrupt handler `irq` */

/* Idle guests (idle.h): a memslot with a struct kb_idle of KB_IDLE_SIZE for each vCPU. */
#define KB_IDLE			0x400000
#define KB_IDLE_SIZE		0x10000
#define KB_IDLE_PLAN_MAX	3072
#define KB_IDLE_STAMPS_MAX	4096	/* a power of two */

/* Offsets into struct kb_idle. */
#define KB_IDLE_LINE		0x0000	/* the monitored line, alone on its page */
#define KB_IDLE_FLAGS		0x1000
#define KB_IDLE_PEER		0x1004
#define KB_IDLE_SPIN		0x1008
#define KB_IDLE_TIMER_MSR	0x100c
#define KB_IDLE_EVENTS		0x1010
#define KB_IDLE_ROUNDS		0x1018
#define KB_IDLE_PLAN		0x2000
#define KB_IDLE_STAMPS		0x8000

/* kb_idle.flags: what an event does after its stamp. */
#define KB_IDLE_TIMER		1	/* write the plan's next to `timer_msr` */
#define KB_IDLE_EOI		2
#define KB_IDLE_REPORT		4	/* OUT to KB_PORT */
#define KB_IDLE_ANSWER		8	/* send an IPI to the peer */
#define KB_IDLE_SENDER		16	/* does not idle: sends an IPI to the peer at each entry */
#define KB_IDLE_VTL1		32	/* does not idle: VTL1 of a virtual processor */
#define KB_IDLE_STORER		64	/* does not idle: stores to the line in r13 at each entry */
#define KB_IDLE_BUSY		128	/* idles for a moment after every `spin` ticks of work */
#define KB_IDLE_CALLER		256	/* does not idle: VTL0 that calls VTL1 again and again */

#define KB_CODE_SELECTOR	0x08
#define KB_DATA_SELECTOR	0x10

/* Offsets into struct kb_params, for assembly. */
#define KB_BATCH	(KB_PARAMS + 0)
#define KB_FAULT_VECTOR	(KB_PARAMS + 8)
#define KB_FAULT_ERROR	(KB_PARAMS + 16)
#define KB_FAULT_RIP	(KB_PARAMS + 24)
#define KB_TICKS	(KB_PARAMS + 32)
#define KB_TSC_PAIR	(KB_PARAMS + 40)
#define KB_EVENTS	(KB_PARAMS + 48)
#define KB_VCPUS	(KB_PARAMS + 56)
#define KB_READY	(KB_PARAMS + 64)
#define KB_TURN		(KB_PARAMS + 128)

#ifndef __ASSEMBLER__
#include <stdint.h>

struct kb_params {
	uint64_t batch;		/* in: repetitions of the subject between two exits */
	uint64_t fault_vector;	/* out: the unexpected exception */
	uint64_t fault_error;	/* out: its error code, 0 if it has none */
	uint64_t fault_rip;	/* out */
	uint64_t ticks;		/* out: TSC ticks of the last batch, by the guest */
	uint64_t tsc_pair;	/* out: TSC ticks between two adjacent RDTSC */
	uint64_t events;	/* out: interrupts handled in the batch */
	uint64_t vcpus;		/* in: how many vCPUs run this guest */
	uint64_t ready;		/* vCPUs that have finished start-up */
	uint64_t unused[7];
	uint64_t turn;		/* the vCPU whose turn it is, alone on a cache line */
};

struct kb_idle {
	uint32_t line;			/* in: a store != 0 wakes the guest, which clears it */
	uint32_t unused1[1023];
	uint32_t flags;			/* in: KB_IDLE_* */
	uint32_t peer;			/* in: APIC id */
	uint32_t spin;			/* in: TSC ticks that haltpoll spins, or a busy guest works */
	uint32_t timer_msr;		/* in: of its timer, armed with absolute times */
	uint64_t events;		/* out: events handled */
	uint64_t rounds;		/* out: times that the guest began to idle */
	uint64_t unused3[508];
	uint64_t plan[3072];		/* in: deadlines, [0] armed by the host; 0 ends it;
					   out, of a VTL: TSC of its VTL_RETURNs or VTL_CALLs */
	uint64_t stamps[4096];		/* out: TSC at which each event's handler began */
};
#endif

#endif
