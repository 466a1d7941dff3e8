/* SPDX-License-Identifier: MIT */
/* MWAIT with no monitor armed: intercepted, and the VMM's business where it asks (ext/kvm, M1). */
#include "guest.h"

	xor %eax, %eax
	xor %ecx, %ecx
1:	mwait
	jmp 1b
