/* SPDX-License-Identifier: MIT */
/*
 * A guest of family `inkernel`, endlessly: its subject kb_params.batch times and an exit,
 * then the same loop without the subject and an exit (the control).  A guest defines
 *
 *   SUBJECT  what is measured
 *   PREPARE  what must precede each SUBJECT; the control executes it too
 *   CONTROL  what the control executes instead of SUBJECT
 *   BEGIN    once a batch: loads the registers of SUBJECT
 *   SETUP    once, before the first batch
 *   EVENTS   SUBJECT raises one interrupt, whose handler increments r14d: all must arrive
 *   OTHERS   a label where all vCPUs but the first go after SETUP
 *
 * before it includes this file; all but SUBJECT are optional.  Its handlers follow the
 * include.  The loop adds dec + jnz to each subject.  It uses r12 and r13; rbx belongs to
 * start-up.  The stamps need no fence: a whole batch lies between them.
 */
#include "guest.h"

#ifndef PREPARE
#define PREPARE
#endif
#ifndef CONTROL
#define CONTROL
#endif
#ifndef BEGIN
#define BEGIN
#endif
#ifndef SETUP
#define SETUP
#endif

/* A stamp destroys rax and rdx; hence BEGIN comes after the first one. */
#define FIRST_STAMP rdtsc; mov %eax, %r13d
#define LAST_STAMP rdtsc; sub %r13d, %eax; mov %eax, KB_TICKS

#ifdef EVENTS
#define CHECK_EVENTS(expected) \
	mov %r14d, KB_EVENTS; cmp expected, %r14d; je 1f; out %al, $KB_PORT_MISSED; 1:
#else
#define CHECK_EVENTS(expected)
#endif

	SETUP
#ifdef OTHERS
	lock incl KB_READY		/* an IPI to a disabled APIC is lost */
	test %edi, %edi
	jnz OTHERS
1:	pause
	mov KB_READY, %eax
	cmp KB_VCPUS, %eax
	jne 1b
#endif
	.rept 3				/* the first ones are cold */
	FIRST_STAMP
	rdtsc
	sub %r13d, %eax
	mov %eax, KB_TSC_PAIR
	.endr

	/* A jump enters either half: they differ by SUBJECT alone. */
.Lbatch:
	mov KB_BATCH, %r12d
	xor %r14d, %r14d
	FIRST_STAMP
	BEGIN
.Lsubject:
	PREPARE
	SUBJECT
	dec %r12d
	jnz .Lsubject
	LAST_STAMP
	CHECK_EVENTS(KB_BATCH)
	out %al, $KB_PORT
	jmp .Lcontrol_batch

.Lcontrol_batch:
	mov KB_BATCH, %r12d
	xor %r14d, %r14d
	FIRST_STAMP
	BEGIN
.Lcontrol:
	PREPARE
	CONTROL
	dec %r12d
	jnz .Lcontrol
	LAST_STAMP
	CHECK_EVENTS(KB_EVENTS)
	out %al, $KB_PORT_CONTROL
	jmp .Lbatch
