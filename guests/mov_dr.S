/* SPDX-License-Identifier: MIT */
/* Write DR7: intercepted until KVM has given the guest its debug registers. */
#define BEGIN mov $0x400, %eax
#define SUBJECT mov %rax, %dr7
#include "batch.h"
