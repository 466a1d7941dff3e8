/* SPDX-License-Identifier: MIT */
/* Write an address where an ioeventfd listens: KVM signals it and goes on. */
#define BEGIN mov $KB_DATAMATCH, %eax
#define SUBJECT movb %al, MMIO
#include "batch.h"
