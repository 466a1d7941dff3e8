/* SPDX-License-Identifier: MIT */
/* A 32-bit read of a port that no device in the kernel claims, KVM_EXIT_IO. */
#include "guest.h"

	mov $0x1234, %dx
1:	in %dx, %eax
	jmp 1b
