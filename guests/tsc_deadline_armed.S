/* SPDX-License-Identifier: MIT */
/* TSC deadline 20,000 ticks ahead, spun for until its handler ran. */
#include "apic.h"

#define SETUP APIC_ON; APIC_WRITE(LVT_TIMER, TSC_DEADLINE | KB_VECTOR); sti
#define BEGIN mov $0x6e0, %ecx
#define ARM rdtsc; add $20000, %eax; adc $0, %edx; wrmsr
#define SUBJECT mov %r14d, %r11d; ARM; 7: pause; cmp %r11d, %r14d; je 7b
#define EVENTS
#include "batch.h"

COUNT_AND_EOI
