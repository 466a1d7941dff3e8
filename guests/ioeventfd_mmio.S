/* SPDX-License-Identifier: MIT */
/* Store to the address of an ioeventfd: KVM signals it and re-enters. */
#define BEGIN mov $KB_DATAMATCH, %eax
#define SUBJECT movb %al, MMIO
#include "batch.h"
