/* SPDX-License-Identifier: MIT */
/* WRMSR of an MSR that the filter denies: KVM_EXIT_X86_WRMSR. */
#include "guest.h"

	mov $KB_MSR, %ecx
1:	wrmsr
	jmp 1b
