/* SPDX-License-Identifier: MIT */
/* Code to single-step: under KVM_GUESTDBG_SINGLESTEP each instruction is KVM_EXIT_DEBUG. */
#include "guest.h"

1:	nop
	jmp 1b
