/* SPDX-License-Identifier: MIT */
/* Write the PIC's edge/level register: all inputs stay edge-triggered. */
#define BEGIN mov $0x4d0, %dx; xor %eax, %eax
#define SUBJECT out %al, %dx
#include "batch.h"
