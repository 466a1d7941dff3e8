/* SPDX-License-Identifier: MIT */
/* PAUSE: intercepted (ext/kvm, M3), and the VMM's business where it asks (M1). */
#include "guest.h"

1:	pause
	jmp 1b
