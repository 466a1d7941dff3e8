/* SPDX-License-Identifier: MIT */
/* Idle as Linux's haltpoll cpuidle driver does: poll for a bounded time, then HLT. */
#include "idle.h"

1:	ROUND				/* a poll, and the HLT that may follow it */
	mov %r14, %rbp			/* an event changes r14 */
	rdtsc
	mov %eax, %esi
2:	cmp %r14, %rbp
	jne 1b
	pause
	rdtsc
	sub %esi, %eax			/* 32 bits: polling ends long before they wrap */
	cmp KB_IDLE_SPIN(%r15), %eax
	jb 2b
	hlt
	jmp 1b
