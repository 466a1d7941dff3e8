/* SPDX-License-Identifier: MIT */
/* HLT: without an in-kernel irqchip KVM leaves it to the VMM, KVM_EXIT_HLT. */
#include "guest.h"

1:	hlt
	jmp 1b
