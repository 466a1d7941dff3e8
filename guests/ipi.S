/* SPDX-License-Identifier: MIT */
/* Fixed IPI to all other vCPUs, which run, until the handler of each has counted it. */
#include "apic.h"

#define SETUP APIC_ON
#define OTHERS others
#define BEGIN mov $0x830, %ecx; mov $ICR_OTHERS | KB_VECTOR, %eax; xor %edx, %edx
#define PREPARE mov KB_EVENTS, %r11d; add KB_VCPUS, %r11d; dec %r11d
#define SUBJECT wrmsr; 7: pause; cmp %r11d, KB_EVENTS; jne 7b
#include "batch.h"

others:	sti
1:	pause
	jmp 1b

irq:	lock incl KB_EVENTS
	EOI
	iretq
