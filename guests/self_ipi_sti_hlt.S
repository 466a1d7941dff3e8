/* SPDX-License-Identifier: MIT */
/* Self-IPI with interrupts off, then STI; HLT: it is pending, so HLT must not block. */
#include "apic.h"

#define SETUP APIC_ON
#define BEGIN SELF_IPI_BEGIN
#define SUBJECT SELF_IPI; sti; hlt; cli
#define EVENTS
#include "batch.h"

COUNT_AND_EOI
