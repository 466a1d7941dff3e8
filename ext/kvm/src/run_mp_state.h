/* SPDX-License-Identifier: GPL-2.0-only */
/* M8 and M9 around a block in the kernel; see run_mp_state.c. */

void kbench_events_settle(struct kvm_vcpu *vcpu);

static __always_inline void kbench_block_events(struct kvm_vcpu *vcpu)
{
	if (kbench_has(KBENCH_EVENTS) && static_branch_unlikely(&kvm_kbench_run_key) &&
	    kbench_enabled(vcpu, KBENCH_EVENTS))
		kbench_events_settle(vcpu);
}
