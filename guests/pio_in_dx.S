/* SPDX-License-Identifier: MIT */
/* A 32-bit IN from a port without an in-kernel device, KVM_EXIT_IO. */
#include "guest.h"

	mov $0x1234, %dx
1:	in %dx, %eax
	jmp 1b
