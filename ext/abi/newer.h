/* SPDX-License-Identifier: MIT */
/*
 * Constants of the KVM API that Linux 6.1, the oldest <linux/kvm.h> that kbench builds
 * with, does not have.  Each is used only if KVM_CHECK_EXTENSION reports it.
 */
#ifndef KBENCH_NEWER_H
#define KBENCH_NEWER_H

#include <linux/kvm.h>

/* Linux 6.15 */
#ifndef KVM_X86_DISABLE_EXITS_APERFMPERF
#define KVM_X86_DISABLE_EXITS_APERFMPERF (1 << 4)
#endif

#endif
