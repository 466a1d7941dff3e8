/* SPDX-License-Identifier: MIT */
/* Idle by a loop without PAUSE; a store to the line is an event too. */
#include "idle.h"

1:	ROUND
	cmpl $0, KB_IDLE_LINE(%r15)
	je 1b
	movl $0, KB_IDLE_LINE(%r15)
	EVENT
	jmp 1b
