/* SPDX-License-Identifier: MIT */
/* MMIO write: a store where no memslot is, decoded by KVM's emulator, KVM_EXIT_MMIO. */
#include "guest.h"

1:	mov %al, MMIO
	jmp 1b
