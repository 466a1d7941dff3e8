/* SPDX-License-Identifier: MIT */
/* PIO write: OUT to a port that no device in the kernel claims, KVM_EXIT_IO. */
#include "guest.h"

1:	out %al, $KB_PORT
	jmp 1b
