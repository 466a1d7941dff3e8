/* SPDX-License-Identifier: MIT */
/* Self-NMI through the ICR: KVM injects it; SVM also intercepts its IRET. */
#include "apic.h"

#define SETUP APIC_ON
#define BEGIN mov $0x830, %ecx; mov $ICR_NMI, %eax; xor %edx, %edx
#define SUBJECT wrmsr; nop
#define EVENTS
#include "batch.h"

nmi:	inc %r14d
	iretq
