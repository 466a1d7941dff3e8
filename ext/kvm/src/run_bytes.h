/* SPDX-License-Identifier: GPL-2.0-only */
/* The extension's bytes of kvm_run; shared with the live module. */
#ifndef __KVM_X86_KBENCH_RUN_BYTES_H
#define __KVM_X86_KBENCH_RUN_BYTES_H

#include <linux/kvm_host.h>
#include <linux/minmax.h>
#include "kvm_kbench.h"

/* User space changes them at any time: read each once for one decision. */
static __always_inline u8 kbench_byte(struct kvm_vcpu *vcpu, int offset)
{
	return READ_ONCE(((u8 *)vcpu->run)[offset]);
}

static __always_inline void kbench_set_byte(struct kvm_vcpu *vcpu, int offset, u8 value)
{
	WRITE_ONCE(((u8 *)vcpu->run)[offset], value);
}

/* Byte 5 in nanoseconds, `none` where it is 0. */
static inline u64 kbench_time_ns(struct kvm_vcpu *vcpu, u64 none)
{
	u8 code = kbench_byte(vcpu, KVM_RUN_KBENCH_TIME);

	return code ? (u64)NSEC_PER_USEC << (min(code, KVM_KBENCH_TIME_MAX) - 1) : none;
}

#endif
