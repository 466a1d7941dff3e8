/* SPDX-License-Identifier: MIT */
/* Write CR8: no exit where a TPR shadow takes it and no interrupt becomes deliverable. */
#define BEGIN xor %eax, %eax
#define SUBJECT mov %rax, %cr8
#include "batch.h"
