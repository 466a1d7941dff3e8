/* SPDX-License-Identifier: MIT */
/* Write to a page of KB_PAGES, the next one each time; the control writes to them again. */
#define BEGIN mov $KB_PAGES, %ecx
#define SUBJECT movb $1, (%rcx); add $4096, %ecx
#define CONTROL SUBJECT
#include "batch.h"
