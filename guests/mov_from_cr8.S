/* SPDX-License-Identifier: MIT */
/* Read CR8: no exit where the CPU has a TPR shadow. */
#define SUBJECT mov %cr8, %rax
#include "batch.h"
