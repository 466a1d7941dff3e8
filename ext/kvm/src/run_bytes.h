/* SPDX-License-Identifier: GPL-2.0-only */
/* The bytes of kvm_run that user space writes; shared with the live module. */
#ifndef __KVM_X86_KBENCH_RUN_BYTES_H
#define __KVM_X86_KBENCH_RUN_BYTES_H

#include <linux/kvm_host.h>
#include <linux/minmax.h>
#include "kvm_kbench.h"

/* They change at any time: read each once for one decision. */
static __always_inline u8 kbench_byte(struct kvm_vcpu *vcpu, int offset)
{
	return READ_ONCE(((u8 *)vcpu->run)[offset]);
}

/* Byte 5 in nanoseconds, `none` where it is 0. */
static inline u64 kbench_time_ns(struct kvm_vcpu *vcpu, u64 none)
{
	u8 code = kbench_byte(vcpu, KVM_RUN_KBENCH_TIME);

	/* 2^30 us are 18 minutes. */
	return code ? (u64)NSEC_PER_USEC << min(code - 1, 30) : none;
}

#endif
