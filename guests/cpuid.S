/* SPDX-License-Identifier: MIT */
/* CPUID leaf 0: VMX cannot but intercept it, SVM does. */
#define PREPARE xor %eax, %eax; xor %ecx, %ecx
#define SUBJECT cpuid
#include "batch.h"
