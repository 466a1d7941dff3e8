/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the hooks call, and what the mechanisms share.
 *
 * A variant is the constant KBENCH_MECHANISMS: a mechanism that is not in it
 * leaves no code on KVM's paths. One that is, and is switched off, costs a NOP (static key)
 * on the entry, exit and wake-up paths, or a load of its kvm_run byte on the
 * path of its own instruction.
 */
#ifndef __KVM_X86_KBENCH_H
#define __KVM_X86_KBENCH_H

#include <linux/kvm_host.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/jump_label.h>
#include <linux/poll.h>
#include <linux/wait.h>
#include "run_bytes.h"
#include "kbench_variant.h"

#define kbench_has(bits) (!!(KBENCH_MECHANISMS & (bits)))
/* The mechanisms whose per-vCPU state the run, wake-up and ioctl hooks keep. */
#define KBENCH_EVENTS (KVM_KBENCH_VCPU_POLL | KVM_KBENCH_VCPU_EVENTFD | KVM_KBENCH_RUN_MP_STATE)
#define KBENCH_ENTRY (KVM_KBENCH_ENTRY_INTERCEPTS | KVM_KBENCH_MWAIT_STEP)
#define KBENCH_BLOCK (KBENCH_EVENTS | KVM_KBENCH_IDLE_FLAG)
#define KBENCH_RUN (KBENCH_BLOCK | KVM_KBENCH_MWAIT_LOWPRIO)
/* The mechanisms that KVM_RUN_KBENCH_MWAIT chooses from. */
#define KBENCH_MWAIT (KVM_KBENCH_MWAIT_YIELD | KVM_KBENCH_MWAIT_STEP | \
		      KVM_KBENCH_MWAIT_LOWPRIO | KVM_KBENCH_MWAIT_MONITOR)
#define KBENCH_SWITCHED (KBENCH_RUN | KBENCH_ENTRY | KVM_KBENCH_MWAIT_MONITOR)

enum kbench_step { KBENCH_STEP_NONE, KBENCH_STEP_WANTED, KBENCH_STEP_ARMED };

/*
 * Lives behind the vendor's struct in the same allocation (kvm_kbench_reserve),
 * so that no kernel struct changes. Zeroed with the vCPU.
 */
struct kvm_kbench {
	u32 enabled;		/* KVM_KBENCH_*; written under vcpu->mutex */
	bool ready;		/* what needs initialisation has it */
	bool entry;		/* M3, M5: has been on; the entry hook acts till the vCPU's end */
	bool no_step;		/* M5: the vendor has no way to step */
	u8 allowed;		/* M3, M5: KVM_KBENCH_NATIVE_* that KVM offers here */
	u8 step;		/* M5: enum kbench_step, the vCPU's thread only */
	bool hv_timer;		/* M8, M9: the timer left the hypervisor timer in run_end */
	bool in_run;		/* M8: the vCPU takes its events itself */
	bool settled;		/* M8, M9: KVM_RUN left them right */
	bool quiet;		/* M8: HALTED, and what is pending does not end that */

	wait_queue_head_t wq;			/* M8 */
	struct eventfd_ctx __rcu *eventfd;	/* M8 */
	struct irq_work signal;			/* M8 */

	struct {				/* M6 */
		raw_spinlock_t lock;
		struct task_struct *task;	/* lowered now, or NULL */
		int nice;
		bool started;			/* the vCPU's thread only */
		struct hrtimer limit;
	} low;

	struct {				/* M7, under kvm->mmu_lock */
		gfn_t gfn;
		void *track;	/* the slot's array while armed, or NULL */
		u16 as_id;
		bool written;
	} monitor;
};

extern unsigned int kvm_kbench_offset;
DECLARE_STATIC_KEY_FALSE(kvm_kbench_run_key);
DECLARE_STATIC_KEY_FALSE(kvm_kbench_entry_key);
DECLARE_STATIC_KEY_FALSE(kvm_kbench_monitor_key);

static __always_inline struct kvm_kbench *kbench_of(struct kvm_vcpu *vcpu)
{
	return (void *)vcpu + kvm_kbench_offset;
}

static __always_inline bool kbench_enabled(struct kvm_vcpu *vcpu, u32 bit)
{
	return READ_ONCE(kbench_of(vcpu)->enabled) & bit;
}

/* Bytes 2 to 5 in one load: whether M1 or a mode other than NOP is asked of an MWAIT. */
static __always_inline bool kbench_asks_of_mwait(struct kvm_vcpu *vcpu)
{
	u32 mask = (kbench_has(KVM_KBENCH_USERSPACE_EXITS) ? KVM_KBENCH_EXIT_MWAIT : 0) |
		   (kbench_has(KBENCH_MWAIT) ? 0xff << 16 : 0);

	BUILD_BUG_ON(KVM_RUN_KBENCH_MWAIT != KVM_RUN_KBENCH_EXITS + 2);
	return mask && READ_ONCE(*(u32 *)((u8 *)vcpu->run + KVM_RUN_KBENCH_EXITS)) & mask;
}

static __always_inline bool kbench_wants_exit(struct kvm_vcpu *vcpu, u8 bit)
{
	return kbench_has(KVM_KBENCH_USERSPACE_EXITS | KVM_KBENCH_RFC_V1) &&
	       kbench_byte(vcpu, KVM_RUN_KBENCH_EXITS) & bit;
}

#include "idle_flag.h"
#include "userspace_exits.h"
#include "run_mp_state.h"

/* kbench.c */
unsigned int kvm_kbench_reserve(unsigned int vcpu_size);
int kvm_kbench_enable_cap(struct kvm_vcpu *vcpu, struct kvm_enable_cap *cap);
void __kvm_kbench_vcpu_destroy(struct kvm_vcpu *vcpu);
void __kvm_kbench_run_begin(struct kvm_vcpu *vcpu);
void __kvm_kbench_run_end(struct kvm_vcpu *vcpu);
bool __kvm_kbench_block_begin(struct kvm_vcpu *vcpu);
void __kvm_kbench_block_end(struct kvm_vcpu *vcpu);

/* mwait.c */
typedef int (*kbench_emulate_t)(struct kvm_vcpu *vcpu, const char *insn);
int __kvm_kbench_mwait(struct kvm_vcpu *vcpu, kbench_emulate_t emulate, const char *insn);

/* mwait_yield.c */
void kbench_mwait_yield(struct kvm_vcpu *vcpu);
void kbench_mwait_resched(struct kvm_vcpu *vcpu);
void kbench_sleep(struct kvm_vcpu *vcpu, u64 ns, const bool *end);

/* mwait_step.c */
bool kbench_step_request(struct kvm_vcpu *vcpu);
void kbench_step_done(struct kvm_vcpu *vcpu);

/* mwait_lowprio.c */
void kbench_lowprio_init(struct kvm_kbench *kb);
void kbench_lowprio_begin(struct kvm_vcpu *vcpu);
void kbench_lowprio_end(struct kvm_kbench *kb);
void kbench_lowprio_raise(struct kvm_kbench *kb);
void kbench_lowprio_yield(struct kvm_vcpu *vcpu);

/* mwait_monitor.c */
int __kvm_kbench_monitor(struct kvm_vcpu *vcpu, kbench_emulate_t emulate, const char *insn);
void kbench_monitor_disarm(struct kvm_vcpu *vcpu);
void kbench_monitor_wait(struct kvm_vcpu *vcpu);
void __kvm_kbench_write_fault(struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot, gfn_t gfn);
void __kvm_kbench_free_memslot(struct kvm *kvm, struct kvm_memory_slot *slot);

/* vcpu_poll.c */
bool kbench_event_pending(struct kvm_vcpu *vcpu);
bool kbench_interrupt_pending(struct kvm_vcpu *vcpu);
void kbench_poll_init(struct kvm_kbench *kb);
void kbench_poll_wake(struct kvm_vcpu *vcpu);
int kbench_eventfd_set(struct kvm_vcpu *vcpu, int fd);
void kbench_eventfd_drop(struct kvm_kbench *kb);
void kbench_eventfd_signal(struct kvm_kbench *kb);
__poll_t kvm_kbench_poll(struct file *file, poll_table *wait);

/* run_mp_state.c */
void kbench_events_changed(struct kvm_vcpu *vcpu);
void kbench_mp_state_publish(struct kvm_vcpu *vcpu);
void __kvm_kbench_wake(struct kvm_vcpu *vcpu);

#include "hooks.h"

#endif
