/* SPDX-License-Identifier: MIT */
/* Write MSR_KERNEL_GS_BASE: KVM passes it through. */
#define BEGIN mov $0xc0000102, %ecx; xor %eax, %eax; xor %edx, %edx
#define SUBJECT wrmsr
#include "batch.h"
