/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the live module; see kvm_kbench_live.c. */
#ifndef KVM_KBENCH_LIVE_H
#define KVM_KBENCH_LIVE_H

#include <linux/kprobes.h>
#include "run_bytes.h"

/* What KVM_CAP_KBENCH answers. */
u32 live_mechanisms(void);

/* fops.c: poll() and the way around KVM_RUN, on the vCPU's file. */
void live_fops_init(void);
int live_getfd(struct kprobe *probe, struct pt_regs *regs);
int live_wake(struct kprobe *probe, struct pt_regs *regs);

/* svm.c: intercepts at entry. */
int live_svm_entry(struct kprobe *probe, struct pt_regs *regs);

#endif
