/* SPDX-License-Identifier: MIT */
/* Read counter 0 of the in-kernel PIT. */
#define SUBJECT in $0x40, %al
#include "batch.h"
