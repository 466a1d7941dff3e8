/* SPDX-License-Identifier: MIT */
/* Fixed IPI to all other vCPUs, which HLT; before each IPI they get 2,000 ticks to halt. */
#include "apic.h"

#define SETUP APIC_ON
#define OTHERS others
#define BEGIN mov $0x830, %ecx; xor %edx, %edx
#define REST rdtsc; mov %eax, %r8d; 6: pause; rdtsc; sub %r8d, %eax; cmp $2000, %eax; jb 6b
#define ICR mov $ICR_OTHERS | KB_VECTOR, %eax; xor %edx, %edx
#define PREPARE mov KB_EVENTS, %r11d; add KB_VCPUS, %r11d; dec %r11d; REST; ICR
#define SUBJECT wrmsr; 7: pause; cmp %r11d, KB_EVENTS; jne 7b
#include "batch.h"

others:	sti
1:	hlt
	jmp 1b

irq:	lock incl KB_EVENTS
	EOI
	iretq
