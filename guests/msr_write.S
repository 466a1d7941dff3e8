/* SPDX-License-Identifier: MIT */
/* WRMSR denied by the MSR filter: KVM_EXIT_X86_WRMSR. */
#include "guest.h"

	mov $KB_MSR, %ecx
1:	wrmsr
	jmp 1b
