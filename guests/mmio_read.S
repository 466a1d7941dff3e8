/* SPDX-License-Identifier: MIT */
/* MMIO read: a load from an address without a memslot; KVM completes it at the next entry. */
#include "guest.h"

1:	mov MMIO, %al
	jmp 1b
