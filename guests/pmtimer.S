/* SPDX-License-Identifier: MIT */
/* The ACPI PM timer: no in-kernel device has its port, KVM_EXIT_IO. */
#include "guest.h"

	mov $0x608, %dx
1:	in %dx, %eax
	jmp 1b
