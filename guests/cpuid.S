/* SPDX-License-Identifier: MIT */
/* CPUID leaf 0: exits unconditionally on VMX; KVM intercepts it on SVM. */
#define PREPARE xor %eax, %eax; xor %ecx, %ecx
#define SUBJECT cpuid
#include "batch.h"
