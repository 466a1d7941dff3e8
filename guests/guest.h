/* SPDX-License-Identifier: MIT */
/*
 * The beginning of every guest.  KB_REAL selects 16-bit real mode; the default is
 * 64-bit long mode, identity-mapped, CPL 0, interrupts off.  `MMIO` is an operand
 * at KB_MMIO, whose base start-up has loaded.
 */
#ifndef KBENCH_GUEST_H
#define KBENCH_GUEST_H

#include "abi.h"

#ifdef KB_REAL
	.code16
#define MMIO %fs:0
#else
	.code64
#define MMIO (%rbx)
#endif

	.section .guest, "ax"
	.globl guest, irq, nmi, ud, gp	/* the handlers that it may define: see start.S */
guest:

#endif
