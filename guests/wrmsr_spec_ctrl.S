/* SPDX-License-Identifier: MIT */
/* Set IBRS: KVM intercepts IA32_SPEC_CTRL until the first value that is not 0. */
#define BEGIN mov $0x48, %ecx; mov $1, %eax; xor %edx, %edx
#define SUBJECT wrmsr
#include "batch.h"
