/* SPDX-License-Identifier: MIT */
/* Write DR7: intercepted until KVM has loaded the debug registers of the guest. */
#define BEGIN mov $0x400, %eax
#define SUBJECT mov %rax, %dr7
#include "batch.h"
