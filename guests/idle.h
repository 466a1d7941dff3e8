/* SPDX-License-Identifier: MIT */
/*
 * The beginning of every idle guest, which loops around its idle instruction with interrupts
 * on.  r15 is the vCPU's struct kb_idle, r14 the number of events handled, and r13 the line
 * that MWAIT monitors; the handlers preserve all other registers but r8 to r12.
 *
 * An event is an interrupt, an NMI or a store to the monitored line.  It first takes a
 * stamp; kb_idle.flags says what else it does.  ROUND counts a turn of the idle loop: one
 * HLT, one MONITOR with its MWAIT, one PAUSE, one look at the line.
 */
#ifndef KBENCH_IDLE_H
#define KBENCH_IDLE_H

#include "abi.h"

#define X2APIC_SELF_IPI		0x83f

	/* The preprocessor expands nothing in quotes. */
	.set X2APIC_EOI, 0x80b
	.set X2APIC_ICR, 0x830
	.set TIMER_MSR, KB_IDLE_TIMER_MSR
	.set PLAN, KB_IDLE_PLAN
	.set PEER, KB_IDLE_PEER
	.set VECTOR, KB_VECTOR

	.code64
	/* WRMSR, if the flag is set. */
	.macro WRMSR_IF flag, msr, low, high
	testb $\flag, KB_IDLE_FLAGS(%r15)
	jz .Lno\@
	mov \low, %eax
	mov \high, %edx
	mov \msr, %ecx
	wrmsr
.Lno\@:
	.endm

	.macro ROUND
	incq KB_IDLE_ROUNDS(%r15)
	.endm

	.macro EVENT
	mov %rax, %r8
	mov %rcx, %r9
	mov %rdx, %r10
	rdtsc
	mov %r14d, %r11d
	and $(KB_IDLE_STAMPS_MAX - 1), %r11d
	mov %eax, KB_IDLE_STAMPS(%r15, %r11, 8)
	mov %edx, KB_IDLE_STAMPS + 4(%r15, %r11, 8)
	inc %r14
	mov %r14, KB_IDLE_EVENTS(%r15)
	WRMSR_IF KB_IDLE_TIMER, "TIMER_MSR(%r15)", "PLAN(%r15,%r14,8)", "PLAN+4(%r15,%r14,8)"
	WRMSR_IF KB_IDLE_ANSWER, "$X2APIC_ICR", "$VECTOR", "PEER(%r15)"
	testb $KB_IDLE_REPORT, KB_IDLE_FLAGS(%r15)
	jz .Lno\@
	out %al, $KB_PORT
.Lno\@:
	.endm

	.macro EVENT_END
	mov %r8, %rax
	mov %r9, %rcx
	mov %r10, %rdx
	.endm

	.text
	.globl irq, nmi
irq:	EVENT
	WRMSR_IF KB_IDLE_EOI, "$X2APIC_EOI", "$0", "$0"
	EVENT_END
	iretq

nmi:	EVENT
	EVENT_END
	iretq

	/* A sibling that sends an IPI to its peer whenever it is entered. */
send:	mov $X2APIC_ICR, %ecx
	mov $KB_VECTOR, %eax
	mov KB_IDLE_PEER(%r15), %edx
	wrmsr
	out %al, $KB_PORT
	jmp send

	/*
	 * VTL1 of a virtual processor, whose VTL0 is the first vCPU: whenever it is entered it
	 * takes its interrupts, stores to VTL0's line, and returns by an exit.
	 */
vtl1:	xor %ebp, %ebp
	sti
1:	movl $1, KB_IDLE + KB_IDLE_LINE
	push %rax			/* VTL0's, where the VMM moves what both share */
	push %rdx
	rdtsc
	mov %eax, PLAN(%r15,%rbp,8)
	mov %edx, PLAN + 4(%r15,%rbp,8)
	inc %ebp
	pop %rdx
	pop %rax
	out %al, $KB_PORT
	jmp 1b

	/* VTL0 that calls VTL1: an exit, after which it goes on when VTL1 has returned. */
call:	xor %ebp, %ebp
1:	rdtsc
	mov %eax, PLAN(%r15,%rbp,8)
	mov %edx, PLAN + 4(%r15,%rbp,8)
	inc %ebp
	out %al, $KB_PORT
	jmp 1b

	/* A sibling that stores to a line of another one, which that one may monitor. */
store:	movl $1, (%r13)
	out %al, $KB_PORT
	jmp store

	/*
	 * A busy vCPU: it works, then executes HLT with an interrupt pending, as one does that
	 * finds its next work at the bottom of its idle loop.
	 */
busy:	ROUND
	rdtsc
	mov %eax, %esi
1:	rdtsc
	sub %esi, %eax
	cmp KB_IDLE_SPIN(%r15), %eax
	jb 1b
	cli
	mov $X2APIC_SELF_IPI, %ecx
	mov $KB_VECTOR, %eax
	xor %edx, %edx
	wrmsr
	sti
	hlt
	jmp busy

#include "guest.h"
	testb $KB_IDLE_STORER, KB_IDLE_FLAGS(%r15)
	jnz store
	testb $KB_IDLE_BUSY, KB_IDLE_FLAGS(%r15)
	jnz busy
	testl $KB_IDLE_CALLER, KB_IDLE_FLAGS(%r15)
	jnz call
	testb $KB_IDLE_VTL1, KB_IDLE_FLAGS(%r15)
	jnz vtl1
	testb $KB_IDLE_SENDER, KB_IDLE_FLAGS(%r15)
	jnz send
	sti

#endif
