/* SPDX-License-Identifier: MIT */
/* Self-IPI masked by CR8 and IF: lower CR8, then STI; HLT. */
#include "apic.h"

#define SETUP APIC_ON
#define BEGIN SELF_IPI_BEGIN
#define SUBJECT mov $0xf, %r11d; mov %r11, %cr8; SELF_IPI; xor %r11d, %r11d; mov %r11, %cr8; sti; hlt; cli
#define EVENTS
#include "batch.h"

COUNT_AND_EOI
