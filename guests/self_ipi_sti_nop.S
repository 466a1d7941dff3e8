/* SPDX-License-Identifier: MIT */
/* Self-IPI with interrupts off, delivered when STI opens the window. */
#include "apic.h"

#define SETUP APIC_ON
#define BEGIN SELF_IPI_BEGIN
#define SUBJECT SELF_IPI; sti; nop; cli
#define EVENTS
#include "batch.h"

COUNT_AND_EOI
