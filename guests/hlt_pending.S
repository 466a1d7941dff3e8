/* SPDX-License-Identifier: MIT */
/* HLT with an interrupt pending; the control takes the same interrupt after a NOP. */
#include "apic.h"

#define SETUP APIC_ON
#define BEGIN SELF_IPI_BEGIN
#define PREPARE SELF_IPI; sti
#define SUBJECT hlt; cli
#define CONTROL nop; cli
#define EVENTS
#include "batch.h"

COUNT_AND_EOI
