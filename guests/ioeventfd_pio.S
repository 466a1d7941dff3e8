/* SPDX-License-Identifier: MIT */
/* Write a port where an ioeventfd listens: KVM signals it and goes on. */
#define BEGIN mov $KB_DATAMATCH, %eax
#define SUBJECT out %al, $KB_PORT_EVENTFD
#include "batch.h"
