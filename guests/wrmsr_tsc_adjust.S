/* SPDX-License-Identifier: MIT */
/* Write IA32_TSC_ADJUST: always KVM's business, it moves the TSC offset. */
#define BEGIN mov $0x3b, %ecx; xor %eax, %eax; xor %edx, %edx
#define SUBJECT wrmsr
#include "batch.h"
