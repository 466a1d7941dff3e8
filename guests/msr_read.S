/* SPDX-License-Identifier: MIT */
/* RDMSR of an MSR that the filter denies: KVM_EXIT_X86_RDMSR. */
#include "guest.h"

	mov $KB_MSR, %ecx
1:	rdmsr
	jmp 1b
