/* SPDX-License-Identifier: MIT */
/*
 * Constants of the KVM API that are newer than the oldest <linux/kvm.h> kbench
 * builds against (6.1).  Each is used only after KVM_CHECK_EXTENSION says so.
 */
#ifndef KBENCH_NEWER_H
#define KBENCH_NEWER_H

#include <linux/kvm.h>

/* Linux 6.15 */
#ifndef KVM_X86_DISABLE_EXITS_APERFMPERF
#define KVM_X86_DISABLE_EXITS_APERFMPERF (1 << 4)
#endif

#endif
