/* SPDX-License-Identifier: MIT */
/* An exception with an empty IDT is a triple fault: KVM_EXIT_SHUTDOWN. */
#include "guest.h"

	lidt 1f
	ud2
1:	.word 0
	.quad 0
