/* SPDX-License-Identifier: MIT */
/* Read the PIC's edge/level register, part of the in-kernel irqchip. */
#define BEGIN mov $0x4d0, %dx
#define SUBJECT in %dx, %al
#include "batch.h"
