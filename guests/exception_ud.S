/* SPDX-License-Identifier: MIT */
/* UD2: KVM intercepts #UD and reinjects it. */
#define SUBJECT ud2
#include "batch.h"

ud:	addq $2, (%rsp)
	iretq
