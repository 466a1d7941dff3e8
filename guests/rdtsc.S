/* SPDX-License-Identifier: MIT */
/* RDTSC: exits only where KVM has to emulate the TSC. */
#define SUBJECT rdtsc
#include "batch.h"
