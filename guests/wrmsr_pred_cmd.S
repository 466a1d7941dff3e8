/* SPDX-License-Identifier: MIT */
/* IBPB: an indirect branch prediction barrier. */
#define BEGIN mov $0x49, %ecx; mov $1, %eax; xor %edx, %edx
#define SUBJECT wrmsr
#include "batch.h"
