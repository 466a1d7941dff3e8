/* SPDX-License-Identifier: MIT */
/* TSC deadline that has passed: KVM fires the timer at once; until its handler ran. */
#include "apic.h"

#define SETUP APIC_ON; APIC_WRITE(LVT_TIMER, TSC_DEADLINE | KB_VECTOR); sti
#define BEGIN mov $0x6e0, %ecx; mov $1, %eax; xor %edx, %edx
#define SUBJECT mov %r14d, %r11d; wrmsr; 7: pause; cmp %r11d, %r14d; je 7b
#define EVENTS
#include "batch.h"

COUNT_AND_EOI
