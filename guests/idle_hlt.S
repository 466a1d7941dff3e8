/* SPDX-License-Identifier: MIT */
/* Idle by HLT. */
#include "idle.h"

1:	ROUND
	hlt
	jmp 1b
