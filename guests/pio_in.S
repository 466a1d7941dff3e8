/* SPDX-License-Identifier: MIT */
/* PIO read: IN takes the VMM's value, so KVM completes it at the next entry. */
#include "guest.h"

1:	in $KB_PORT, %al
	jmp 1b
