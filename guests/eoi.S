/* SPDX-License-Identifier: MIT */
/* EOI with no interrupt in service. */
#include "apic.h"

#ifdef KB_X2APIC
#define BEGIN mov $0x80b, %ecx; xor %eax, %eax; xor %edx, %edx
#define SUBJECT wrmsr
#else
#define SUBJECT EOI
#endif
#define SETUP APIC_ON
#include "batch.h"
