/* SPDX-License-Identifier: MIT */
/* XSETBV of the value that XCR0 has: hardware always intercepts it, QEMU's SVM never. */
#define SETUP mov %cr4, %rax; or $0x40000, %eax; mov %rax, %cr4
#define BEGIN xor %ecx, %ecx; mov $1, %eax; xor %edx, %edx
#define SUBJECT xsetbv
#include "batch.h"
