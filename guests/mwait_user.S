/* SPDX-License-Identifier: MIT */
/* MWAIT with no monitor armed: exits to userspace on request (ext/kvm, userspace_exits). */
#include "guest.h"

	xor %eax, %eax
	xor %ecx, %ecx
1:	mwait
	jmp 1b
