/* SPDX-License-Identifier: MIT */
/*
 * The tables that kbench/worker/vm/boot.py points the vCPU's registers at, so that a guest
 * needs no start-up code.  Every vector reports itself: an exception in a guest becomes an
 * error that names it, not a hang.  Vector KB_VECTOR goes to `irq`, which a guest may
 * define; in long mode it may also define `nmi`, `ud` and `gp`.
 */
#include "abi.h"

	.weak irq, nmi, ud, gp

#ifdef KB_REAL
	.section .ivt, "a"
	.set vector, 0
	.rept 256
	.if vector == KB_VECTOR
	.word irq, 0
	.else
	.word stubs + 16 * vector, 0
	.endif
	.set vector, vector + 1
	.endr

	.text
	.code16
	.balign 16
stubs:
	.set vector, 0
	.rept 256
	.if vector == KB_VECTOR
irq:
	.endif
	pushw $vector
	jmp fault
	.balign 16
	.set vector, vector + 1
	.endr
fault:
	pop %ax
	mov %ax, KB_FAULT_VECTOR
	pop %ax
	mov %ax, KB_FAULT_RIP
	out %al, $KB_PORT_FAULT
	jmp .

#else
	/* PML4 -> PDPT -> 2 MiB pages of the first and the fourth GiB (RAM and APICs). */
	.section .tables, "a"			/* KB_PML4 */
	.quad pdpt + 3
	.balign 4096
pdpt:	.quad low + 3, 0, 0, high + 3
	.balign 4096
low:
	.set page, 0
	.rept 512
	.quad page + 0x83			/* present, writable, 2 MiB */
	.set page, page + 0x200000
	.endr
high:
	.set page, 0xc0000000
	.rept 512
	.quad page + 0x9b			/* the same, uncached: APIC registers */
	.set page, page + 0x200000
	.endr

	.balign 4096				/* KB_GDT */
	.quad 0
	.quad 0x00af9b000000ffff		/* KB_CODE_SELECTOR: 64-bit code */
	.quad 0x00cf93000000ffff		/* KB_DATA_SELECTOR: data */

	.balign 4096				/* KB_IDT */
	.set vector, 0
	.rept 256
	.if vector == KB_VECTOR
	.word irq
	.elseif vector == 2
	.word nmi
	.elseif vector == 6
	.word ud
	.elseif vector == 13
	.word gp
	.else
	.word stubs + 16 * vector
	.endif
	.word KB_CODE_SELECTOR, 0x8e00, 0	/* present interrupt gate, IST 0 */
	.quad 0
	.set vector, vector + 1
	.endr

	.text
	.code64
	.balign 16
stubs:
	.set vector, 0
	.rept 256
	.if vector == KB_VECTOR
irq:
	.elseif vector == 2
nmi:
	.elseif vector == 6
ud:
	.elseif vector == 13
gp:
	.endif
	.if vector > 31
	push $0
	.elseif !((0x227d00 >> vector) & 1)	/* vectors without an error code */
	push $0
	.endif
	push $vector
	jmp fault
	.balign 16
	.set vector, vector + 1
	.endr
fault:
	popq KB_FAULT_VECTOR
	popq KB_FAULT_ERROR
	popq KB_FAULT_RIP
	out %al, $KB_PORT_FAULT
	jmp .
#endif
