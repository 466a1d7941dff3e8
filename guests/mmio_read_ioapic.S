/* SPDX-License-Identifier: MIT */
/* Read IOREGSEL of the in-kernel IOAPIC: MMIO that KVM's emulator decodes and answers. */
#define BEGIN mov $0xfec00000, %ecx
#define SUBJECT mov (%rcx), %eax
#include "batch.h"
