/* SPDX-License-Identifier: MIT */
/* Spin and never exit: what a watchdog has to end. */
#include "guest.h"

	jmp .
