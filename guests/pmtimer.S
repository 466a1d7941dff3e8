/* SPDX-License-Identifier: MIT */
/* The ACPI PM timer: its port belongs to no device in the kernel, KVM_EXIT_IO. */
#include "guest.h"

	mov $0x608, %dx
1:	in %dx, %eax
	jmp 1b
