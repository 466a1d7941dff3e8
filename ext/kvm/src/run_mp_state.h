/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * run_mp_state: a byte of kvm_run that says whether KVM_RUN would run the guest,
 * right without a KVM_RUN.
 *
 * From the thread: "If it was HLT only, moving the mp_state in kvm_run would seem
 * like a good idea" (Paolo Bonzini, 2023-09-22), and his objection of 09-23, "not
 * so easy because the mpstate is changed in the vCPU thread by vcpu_block()
 * itself". So the byte leads and mp_state follows: whoever makes an event pending
 * writes what KVM_RUN will make of mp_state, and the vCPU's thread makes it true.
 */
#ifndef __KVM_X86_KBENCH_RUN_MP_STATE_H
#define __KVM_X86_KBENCH_RUN_MP_STATE_H

#include "state.h"

/* Under kvm_kbench.lock. */
static inline void kbench_mp_state_publish(struct kvm_vcpu *vcpu, u8 state)
{
	if (kbench_enabled(vcpu, KVM_KBENCH_RUN_MP_STATE))
		kbench_set_byte(vcpu, KVM_RUN_KBENCH_MP_STATE, KVM_KBENCH_MP_STATE_VALID | state);
}

#endif
