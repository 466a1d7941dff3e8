/* SPDX-License-Identifier: MIT */
/*
 * The guest of the extension's selftests: idles once a round, as it is told.
 *
 * A round begins with an exit on KB_PORT. The VMM then sets TIMER (ticks of the
 * LAPIC timer, 1 ns each; 0: none) and OP, and enters again. Each vCPU has its own
 * words, at %rbp.
 */
#include "guest.h"

#define COUNT	0(%rbp)		/* interrupts taken */
#define TIMER	8(%rbp)
#define OP	16(%rbp)	/* in the order of the labels from hlt to prefixed */
#define SEEN	24(%rbp)	/* the LINE that MWAIT waits to change */
#define TWICE	32(%rbp)	/* interrupts that the emulator made up */
#define UNSHADOWED 40(%rbp)	/* interrupts that it took between STI and the next instruction */
#define LINE	KB_PAGES	/* what MONITOR watches: a page with a memslot of its own */

#define X2APIC_EOI	0x80b
#define X2APIC_SVR	0x80f
#define X2APIC_TIMER	0x832
#define X2APIC_INITIAL	0x838
#define X2APIC_DIVIDE	0x83e

	.macro set_msr index, value
	mov $\index, %ecx
	mov \value, %eax
	xor %edx, %edx
	wrmsr
	.endm

	set_msr X2APIC_SVR, $0x1ff
	set_msr X2APIC_TIMER, $KB_VECTOR
	set_msr X2APIC_DIVIDE, $0xb		/* by 1 */
round:
	cli
	out %al, $KB_PORT
	cmpl $0, TIMER
	je 1f
	set_msr X2APIC_INITIAL, TIMER
1:	mov OP, %eax
	cmp $1, %eax
	je mwait
	cmp $2, %eax
	je pause
	cmp $3, %eax
	je write
	cmp $4, %eax
	je round
	cmp $5, %eax
	je prefixed
hlt:
	sti
shadowed_hlt:
	hlt
	jmp round
mwait:
	mov $LINE, %eax
	xor %ecx, %ecx
	xor %edx, %edx
	monitor
	mov SEEN, %rax
	cmp LINE, %rax
	jne round
	xor %eax, %eax
	sti
shadowed_mwait:
	mwait
	jmp round
pause:
	sti
	pause
	nop
	jmp round
write:
	incq LINE
	sti
	nop
	jmp round
prefixed:
	mov $LINE, %eax
	xor %ecx, %ecx
	xor %edx, %edx
	.byte 0x64				/* in %fs */
	monitor
	xor %eax, %eax
	sti
	mwait
	jmp round

	.globl irq
irq:
	/*
	 * QEMU's VMRUN leaves the vector that it injected in exception_index, and an exit
	 * request before the next VMEXIT delivers it again (7.2, svm_helper.c and
	 * cpu-exec.c). Interrupts are off then, so it can be told from an interrupt.
	 */
	testl $0x200, 16(%rsp)			/* IF of the interrupted code */
	jnz 1f
	incq TWICE
	iretq
1:	push %rax
	push %rcx
	push %rdx
	/*
	 * A VMEXIT between STI and the next instruction saves the interrupt shadow in the VMCB,
	 * and QEMU's VMRUN does not load it (7.2, svm_helper.c): the interrupt comes before the
	 * guest idles, as on no CPU, and the wake-up would be lost. So the instruction is over.
	 */
	mov 24(%rsp), %rax
	lea shadowed_hlt(%rip), %rcx
	lea 1(%rcx), %rdx			/* past HLT */
	cmp %rax, %rcx
	je 2f
	lea shadowed_mwait(%rip), %rcx
	lea 3(%rcx), %rdx			/* past MWAIT */
	cmp %rax, %rcx
	jne 3f
2:	mov %rdx, 24(%rsp)
	incq UNSHADOWED
3:	incq COUNT
	set_msr X2APIC_EOI, $0
	pop %rdx
	pop %rcx
	pop %rax
	iretq
