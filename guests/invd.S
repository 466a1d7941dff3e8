/* SPDX-License-Identifier: MIT */
/* INVD: intercepted, or the host's dirty lines would be lost; KVM makes it a NOP. */
#define SUBJECT invd
#include "batch.h"
