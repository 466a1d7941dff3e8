/* SPDX-License-Identifier: MIT */
/* RDMSR of an MSR that does not exist: KVM injects #GP. */
#define BEGIN mov $KB_MSR, %ecx
#define SUBJECT rdmsr
#include "batch.h"

gp:	add $8, %rsp
	addq $2, (%rsp)
	iretq
