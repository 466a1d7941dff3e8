/* SPDX-License-Identifier: MIT */
/* WBINVD: intercepted; KVM flushes nothing unless a device does DMA past the caches. */
#define SUBJECT wbinvd
#include "batch.h"
