/* SPDX-License-Identifier: MIT */
/* MWAIT with no monitor armed: without an exit it does not sleep. */
#define BEGIN xor %eax, %eax; xor %ecx, %ecx
#define SUBJECT mwait
#include "batch.h"

ud:	addq $3, (%rsp)
	iretq
