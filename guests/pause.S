/* SPDX-License-Identifier: MIT */
/* PAUSE: exits only where the pause filter (PLE) counts too many in a row. */
#define SUBJECT pause
#include "batch.h"
