/* SPDX-License-Identifier: GPL-2.0-only */
/* vcpu_poll; see vcpu_poll.c. */
#ifndef __KVM_X86_KBENCH_VCPU_POLL_H
#define __KVM_X86_KBENCH_VCPU_POLL_H

#include <linux/poll.h>
#include "state.h"

__poll_t kvm_kbench_poll(struct file *file, poll_table *wait);
void kbench_poll_init(struct kvm_kbench *kb);
void kbench_poll_notify(struct kvm_vcpu *vcpu, bool signal);
int kbench_eventfd_set(struct kvm_kbench *kb, bool on, int fd);
void kbench_poll_destroy(struct kvm_kbench *kb);

#endif
