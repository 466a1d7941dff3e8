/* SPDX-License-Identifier: MIT */
/* MMIO write: a store without a memslot, decoded by KVM's emulator, KVM_EXIT_MMIO. */
#include "guest.h"

1:	mov %al, MMIO
	jmp 1b
