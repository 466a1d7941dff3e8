/* SPDX-License-Identifier: MIT */
/* Something to single-step: KVM_GUESTDBG_SINGLESTEP makes each instruction KVM_EXIT_DEBUG. */
#include "guest.h"

1:	nop
	jmp 1b
