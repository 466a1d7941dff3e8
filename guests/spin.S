/* SPDX-License-Identifier: MIT */
/* Spin and never exit, for the tests of the watchdog. */
#include "guest.h"

	jmp .
