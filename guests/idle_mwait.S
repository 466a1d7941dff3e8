/* SPDX-License-Identifier: MIT */
/* Idle by MONITOR and MWAIT (hint 0, C1); a store to the line is an event too. */
#include "idle.h"

1:	ROUND
	mov %r13, %rax
	xor %ecx, %ecx
	xor %edx, %edx
	monitor
	cmpl $0, (%r13)
	jne 2f
	xor %eax, %eax
	mwait
	jmp 1b
2:	movl $0, (%r13)
	EVENT
	jmp 1b
