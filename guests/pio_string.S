/* SPDX-License-Identifier: MIT */
/* String PIO: REP OUTSB goes through KVM's instruction emulator, one KVM_EXIT_IO an element. */
#include "guest.h"

	mov $KB_PORT, %dx
1:	xor %si, %si
	mov $64, %cx
	rep outsb
	jmp 1b
