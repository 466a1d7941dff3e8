/* SPDX-License-Identifier: MIT */
/* PAUSE: intercepted (ext/kvm, entry_intercepts), exits on request (userspace_exits). */
#include "guest.h"

1:	pause
	jmp 1b
