/* SPDX-License-Identifier: MIT */
/*
 * The local APIC of the in-kernel irqchip, through MMIO (xAPIC) or, with KB_X2APIC, MSRs.
 * SETUP must begin with APIC_ON, BEGIN of a guest with self-IPIs with SELF_IPI_BEGIN.
 */
#ifndef KBENCH_APIC_H
#define KBENCH_APIC_H

#define LVT_TIMER	0x320
#define TSC_DEADLINE	0x40000		/* LVT timer mode */
#define ICR_SELF	0x40000		/* destination shorthand */
#define ICR_OTHERS	0xc0000
#define ICR_NMI		0x400
#define SPURIOUS_ON	0x1ff		/* software-enabled, vector 255 */

#ifdef KB_X2APIC
/* An APIC register is the MSR 0x800 + offset / 16. */
#define APIC_ON \
	mov $0x1b, %ecx; rdmsr; or $0xc00, %eax; wrmsr; \
	mov $0x80f, %ecx; mov $SPURIOUS_ON, %eax; xor %edx, %edx; wrmsr
#define APIC_WRITE(offset, value) \
	mov $(0x800 + (offset) / 16), %ecx; mov $(value), %eax; xor %edx, %edx; wrmsr
#define SELF_IPI_BEGIN mov $0x83f, %ecx; mov $KB_VECTOR, %eax; xor %edx, %edx
#define SELF_IPI wrmsr
/* ecx holds the register that SELF_IPI and an IPI write: the handler preserves it. */
#define EOI \
	mov %ecx, %r8d; mov %eax, %r9d; mov %edx, %r10d; \
	APIC_WRITE(0xb0, 0); \
	mov %r8d, %ecx; mov %r9d, %eax; mov %r10d, %edx
#else
/* r15 is the base of the registers. */
#define APIC_ON mov $0xfee00000, %r15d; APIC_WRITE(0xf0, SPURIOUS_ON)
#define APIC_WRITE(offset, value) movl $(value), (offset)(%r15)
#define SELF_IPI_BEGIN
#define SELF_IPI APIC_WRITE(0x300, ICR_SELF | KB_VECTOR)
#define EOI APIC_WRITE(0xb0, 0)
#endif

/* The interrupt handler of a guest with EVENTS. */
#define COUNT_AND_EOI irq: inc %r14d; EOI; iretq

#endif
