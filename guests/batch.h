/* SPDX-License-Identifier: MIT */
/*
 * A guest of family `inkernel`: its subject kb_params.batch times and an exit, then the
 * same loop without the subject and an exit (the control), for ever.  A guest defines
 *
 *   SUBJECT  what is measured
 *   PREPARE  what must precede each SUBJECT; the control executes it too
 *   CONTROL  what the control executes in SUBJECT's place
 *   BEGIN    once a batch: the registers that SUBJECT wants
 *   SETUP    once, before the first batch
 *   EVENTS   SUBJECT raises one interrupt, whose handler increments r14d: all must arrive
 *   OTHERS   a label where the vCPUs beside the first one go, after SETUP
 *
 * all but SUBJECT optional, before it includes this file; its handlers follow the include.
 * A loop costs dec + jnz beside what is in it.  r12, r13 are the loop's own, and rbx is
 * start-up's.  The stamps lie outside the loop, so they need no fence: they are apart by a
 * batch.
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
	lock incl KB_READY		/* an IPI to an APIC that is not on yet is lost */
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

	/* Both halves are entered by a jump, so that nothing but SUBJECT sets them apart. */
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
