/* SPDX-License-Identifier: MIT */
/* Set and clear CR4.PGE: two writes, each flushes the TLB. */
#define BEGIN mov %cr4, %rax; mov %rax, %rcx; or $0x80, %ecx
#define SUBJECT mov %rcx, %cr4; mov %rax, %cr4
#include "batch.h"
