/* SPDX-License-Identifier: MIT */
/* Clear and set CR0.WP: two writes. */
#define BEGIN mov %cr0, %rax; mov %rax, %rcx; and $~0x10000, %ecx
#define SUBJECT mov %rcx, %cr0; mov %rax, %cr0
#include "batch.h"
