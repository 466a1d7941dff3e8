/* SPDX-License-Identifier: MIT */
/* RDTSCP: as RDTSC, and it reads MSR_TSC_AUX. */
#define SUBJECT rdtscp
#include "batch.h"
