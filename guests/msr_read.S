/* SPDX-License-Identifier: MIT */
/* RDMSR denied by the MSR filter: KVM_EXIT_X86_RDMSR. */
#include "guest.h"

	mov $KB_MSR, %ecx
1:	rdmsr
	jmp 1b
