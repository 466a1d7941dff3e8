/* SPDX-License-Identifier: MIT */
/* One round over all vCPUs; each spins with PAUSE until it is its turn. */
#define NEXT incl %ecx; cmp KB_VCPUS, %ecx; cmove %eax, %ecx; mov %ecx, KB_TURN
#define TURN 7: pause; mov KB_TURN, %ecx; cmp %edi, %ecx; jne 7b; xor %eax, %eax; NEXT
#define SUBJECT TURN
#define OTHERS others
#include "batch.h"

others:
1:	TURN
	jmp 1b
