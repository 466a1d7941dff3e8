/* SPDX-License-Identifier: MIT */
/* OUT to the port of an ioeventfd: KVM signals it and re-enters. */
#define BEGIN mov $KB_DATAMATCH, %eax
#define SUBJECT out %al, $KB_PORT_EVENTFD
#include "batch.h"
