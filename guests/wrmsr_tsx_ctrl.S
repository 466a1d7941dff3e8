/* SPDX-License-Identifier: MIT */
/* Write IA32_TSX_CTRL: no TSX feature disabled. */
#define BEGIN mov $0x122, %ecx; xor %eax, %eax; xor %edx, %edx
#define SUBJECT wrmsr
#include "batch.h"
