/* SPDX-License-Identifier: MIT */
/* Read IA32_TSC_ADJUST: always intercepted. */
#define BEGIN mov $0x3b, %ecx
#define SUBJECT rdmsr
#include "batch.h"
