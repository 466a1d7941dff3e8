/* SPDX-License-Identifier: MIT */
/* Read CR8: the hardware's TPR shadow answers where it has one. */
#define SUBJECT mov %cr8, %rax
#include "batch.h"
