/* SPDX-License-Identifier: MIT */
/* INT n and its IRET: no exit, unless the backend emulates the guest. */
#define SUBJECT int $KB_VECTOR
#include "batch.h"

irq:	iretq
