/* SPDX-License-Identifier: MIT */
/* INVD: intercepted, because it would lose the host's dirty cache lines; KVM makes it a NOP. */
#define SUBJECT invd
#include "batch.h"
