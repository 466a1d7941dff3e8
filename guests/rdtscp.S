/* SPDX-License-Identifier: MIT */
/* RDTSCP: as RDTSC; it also reads MSR_TSC_AUX. */
#define SUBJECT rdtscp
#include "batch.h"
