/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the mechanisms share: which of them a variant has, and their state in a vCPU.
 *
 * A variant is the constant KBENCH_MECHANISMS: a mechanism that is not in it leaves no
 * code on KVM's paths. One that is, and is switched off, costs a NOP (static key) on the
 * entry, exit and wake-up paths.
 */
#ifndef __KVM_X86_KBENCH_STATE_H
#define __KVM_X86_KBENCH_STATE_H

#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/jump_label_ratelimit.h>
#include <linux/kvm_host.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include "run_bytes.h"
#include "kbench_variant.h"

/*
 * KVM exports to its own modules alone since it has this macro, and its Makefile refuses
 * sources that hold the name of any other one: for older kernels that is put together here.
 */
#ifndef EXPORT_SYMBOL_FOR_KVM_INTERNAL
#define EXPORT_SYMBOL_FOR_KVM_INTERNAL(symbol) __PASTE(EXPORT_, SYMBOL_GPL)(symbol)
#endif

#define kbench_has(bits) (!!(KBENCH_MECHANISMS & (bits)))

/* The mechanisms that tell user space of events. */
#define KBENCH_EVENTS (KVM_KBENCH_VCPU_POLL | KVM_KBENCH_VCPU_EVENTFD | KVM_KBENCH_RUN_MP_STATE)
/* Those that act where the vCPU blocks, at its entry, and on an intercepted MWAIT. */
#define KBENCH_BLOCK (KBENCH_EVENTS | KVM_KBENCH_IDLE_FLAG | KVM_KBENCH_USERSPACE_EXITS)
#define KBENCH_ENTRY (KVM_KBENCH_ENTRY_INTERCEPTS | KVM_KBENCH_MWAIT_STEP)
#define KBENCH_MWAIT (KVM_KBENCH_MWAIT_YIELD | KVM_KBENCH_MWAIT_STEP | \
		      KVM_KBENCH_MWAIT_LOWPRIO | KVM_KBENCH_MWAIT_MONITOR)
/* All that KVM_ENABLE_CAP switches: the RFC's own behaviour is what it is. */
#define KBENCH_SWITCHED (KBENCH_BLOCK | KBENCH_ENTRY | KBENCH_MWAIT)

enum kbench_step { KBENCH_STEP_NONE, KBENCH_STEP_WANTED, KBENCH_STEP_ARMED };

/*
 * Lives behind the vendor's struct in the same allocation (kvm_kbench_reserve), so that
 * no kernel struct changes. Zeroed with the vCPU.
 */
struct kvm_kbench {
	u32 enabled;		/* KVM_KBENCH_*; written under vcpu->mutex */
	bool ready;		/* what needs initialisation has it */
	bool entry;		/* KBENCH_ENTRY: has been on; the hook acts till the vCPU's end */
	bool no_step;		/* mwait_step: the CPU has no way to step here */
	u8 allowed;		/* entry_intercepts, mwait_step: KVM_KBENCH_NATIVE_* that KVM offers here */
	u8 step;		/* mwait_step: enum kbench_step, the vCPU's thread only */
	bool ipiv;		/* from the vendor: siblings post interrupts without an exit */
	bool vtd;		/* from the vendor: so do assigned devices */
	bool encrypted;		/* from the vendor: KVM cannot read the guest's memory */

	/* vcpu_poll, run_mp_state */
	raw_spinlock_t lock;	/* quiet, and kvm_run's mp_state */
	bool quiet;		/* waits, and what is pending does not end that */
	bool in_run;		/* the vCPU takes its events itself */
	bool settled;		/* the HLT exit left them right */

	struct {				/* vcpu_poll */
		wait_queue_head_t wq;
		struct eventfd_ctx __rcu *eventfd;
		struct irq_work work;
		bool signal;			/* the eventfd is due */
		bool used;			/* events have been told of */
	} poll;

	struct {				/* mwait_lowprio */
		raw_spinlock_t lock;
		struct task_struct *task;	/* lowered now, or NULL */
		int nice;
		bool started;			/* the vCPU's thread only */
		struct hrtimer limit;
	} low;

	struct {				/* mwait_monitor, under kvm->mmu_lock */
		struct hlist_node node;		/* by page, while armed */
		gfn_t gfn;
		void *track;	/* the slot's array while armed, or NULL */
		u16 as_id;
		bool written;
		bool waiting;
	} monitor;
};

extern unsigned int kvm_kbench_offset;
/* Deferred: a vCPU that switches off and on again patches no kernel text. */
extern struct static_key_false_deferred kvm_kbench_run_key;	/* any mechanism */
extern struct static_key_false_deferred kvm_kbench_entry_key;	/* KBENCH_ENTRY */
extern struct static_key_false_deferred kvm_kbench_monitor_key;	/* mwait_monitor */

static __always_inline struct kvm_kbench *kbench_of(struct kvm_vcpu *vcpu)
{
	return (void *)vcpu + kvm_kbench_offset;
}

static __always_inline struct kvm_vcpu *kbench_vcpu(struct kvm_kbench *kb)
{
	return (void *)kb - kvm_kbench_offset;
}

static __always_inline bool kbench_enabled(struct kvm_vcpu *vcpu, u32 bit)
{
	return kbench_has(bit) && READ_ONCE(kbench_of(vcpu)->enabled) & bit;
}

/* Whether any vCPU uses one of `bits`, which the variant may not even have. */
#define kbench_in_use(bits) \
	(kbench_has(bits) && static_branch_unlikely(&kvm_kbench_run_key.key))

#endif
