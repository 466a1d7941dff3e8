/* SPDX-License-Identifier: MIT */
/* #UD that nothing expects: start-up's stub must name it to the host. */
#include "guest.h"

	ud2
