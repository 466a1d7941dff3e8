/* SPDX-License-Identifier: MIT */
/* PIO write: OUT to a port without an in-kernel device, KVM_EXIT_IO. */
#include "guest.h"

1:	out %al, $KB_PORT
	jmp 1b
