/* SPDX-License-Identifier: MIT */
/* An unexpected #UD: start-up's stub must name it to the host. */
#include "guest.h"

	ud2
