/* SPDX-License-Identifier: MIT */
/* HLT: without an in-kernel irqchip it is the VMM's business, KVM_EXIT_HLT. */
#include "guest.h"

1:	hlt
	jmp 1b
