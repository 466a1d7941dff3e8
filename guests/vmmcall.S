/* SPDX-License-Identifier: MIT */
/* AMD's hypercall instruction, with a number that KVM does not know: -KVM_ENOSYS. */
#define PREPARE mov $-1, %eax
#define SUBJECT vmmcall
#include "batch.h"
