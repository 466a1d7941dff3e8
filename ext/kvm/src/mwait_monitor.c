// SPDX-License-Identifier: GPL-2.0-only
/*
 * mwait_monitor: MONITOR write-protects the page, MWAIT sleeps until a vCPU
 * writes to it.
 *
 * From David Woodhouse's RFC of 2023-09-18 ("marking the target page read-only in
 * MONITOR and triggering the wake when it takes a minor fault") and his answer of
 * 09-23 ("Unless we can tolerate 4KiB granularity and actually get the read-only
 * and minor fault trick working").
 *
 * The write fault ends the tracking before KVM handles it, so the write is done by
 * the CPU and not emulated: no instruction is excluded, and the page costs one
 * fault. Where the page is armed again meanwhile, KVM's emulator writes, and that ends
 * the wait as well. A page stays armed from one MONITOR to the next. Writes by the host (the
 * VMM, vhost, a device's DMA) cause no fault in the guest's page tables: the sleep is
 * bounded, for 1 ms unless byte 5 of kvm_run says otherwise.
 *
 * Arming and the written fault take kvm->mmu_lock for writing, as KVM's page tracking
 * demands, and a tracked page is mapped by 4-KiB entries from then on.
 */
#include <linux/hash.h>
#include <linux/version.h>
#include "mmu.h"
#include "mwait_monitor.h"
#include "mwait_yield.h"
#include "x86.h"
#include <asm/kvm_page_track.h>

/* The armed vCPUs of all VMs by page: a written fault costs the same however many there are. */
#define KBENCH_ARMED_BITS 6
static struct hlist_head kbench_armed[1 << KBENCH_ARMED_BITS];
/* Nests in kvm->mmu_lock. */
static DEFINE_SPINLOCK(kbench_armed_lock);

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define kbench_track_array(slot) ((void *)(slot)->arch.gfn_track[KVM_PAGE_TRACK_WRITE])
#define kbench_track_add(kvm, slot, gfn) \
	kvm_slot_page_track_add_page(kvm, slot, gfn, KVM_PAGE_TRACK_WRITE)
#define kbench_track_remove(kvm, slot, gfn) \
	kvm_slot_page_track_remove_page(kvm, slot, gfn, KVM_PAGE_TRACK_WRITE)
#define kbench_tracked(kvm, slot, gfn) \
	kvm_slot_page_track_is_active(kvm, slot, gfn, KVM_PAGE_TRACK_WRITE)
#else
#include "mmu/page_track.h"
#define kbench_track_array(slot) ((void *)(slot)->arch.gfn_write_track)
#define kbench_track_add __kvm_write_track_add_gfn
#define kbench_track_remove __kvm_write_track_remove_gfn
#define kbench_tracked kvm_gfn_is_write_tracked
#endif

static struct hlist_head *kbench_bucket(struct kvm *kvm, gfn_t gfn)
{
	return &kbench_armed[hash_64(gfn ^ (unsigned long)kvm, KBENCH_ARMED_BITS)];
}

static void kbench_unhash(struct kvm_kbench *kb)
{
	spin_lock(&kbench_armed_lock);
	hlist_del_init(&kb->monitor.node);
	spin_unlock(&kbench_armed_lock);
}

/*
 * Under kvm->mmu_lock and kvm->srcu. The slot may be another one than at the time
 * of arming; kvm_kbench_free_memslot() has disarmed the vCPU before the array of
 * the old one was freed, so an equal array is the same array.
 */
static void kbench_disarm(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	struct kvm_memory_slot *slot;

	if (!kb->monitor.track)
		return;
	kbench_unhash(kb);
	slot = __gfn_to_memslot(__kvm_memslots(vcpu->kvm, kb->monitor.as_id), kb->monitor.gfn);
	if (slot && kbench_track_array(slot) == kb->monitor.track)
		kbench_track_remove(vcpu->kvm, slot, kb->monitor.gfn);
	kb->monitor.track = NULL;
}

/* Switched off: under vcpu->mutex, no locks of the MMU. */
void kbench_monitor_disarm(struct kvm_vcpu *vcpu)
{
	int srcu;

	if (!READ_ONCE(kbench_of(vcpu)->monitor.track))
		return;
	srcu = srcu_read_lock(&vcpu->kvm->srcu);
	write_lock(&vcpu->kvm->mmu_lock);
	kbench_disarm(vcpu);
	write_unlock(&vcpu->kvm->mmu_lock);
	srcu_read_unlock(&vcpu->kvm->srcu, srcu);
}

/* The vCPU's end: its slots are gone, or go without it. */
void kbench_monitor_destroy(struct kvm_vcpu *vcpu)
{
	if (kbench_of(vcpu)->monitor.track)
		kbench_unhash(kbench_of(vcpu));
}

/* The page of MONITOR's operand, which is [RAX] without prefixes in 64-bit mode. */
static struct kvm_memory_slot *kbench_operand(struct kvm_vcpu *vcpu, gfn_t *gfn)
{
	struct kvm_memory_slot *slot;
	gpa_t gpa;

	if (is_guest_mode(vcpu) || vcpu->arch.guest_state_protected || !is_64_bit_mode(vcpu))
		return NULL;
	gpa = kvm_mmu_gva_to_gpa_read(vcpu, kvm_rax_read(vcpu), NULL);
	if (gpa == INVALID_GPA)
		return NULL;
	*gfn = gpa_to_gfn(gpa);
	slot = kvm_vcpu_gfn_to_memslot(vcpu, *gfn);
	if (!slot || slot->flags & (KVM_MEMSLOT_INVALID | KVM_MEM_READONLY) || !kbench_track_array(slot))
		return NULL;
	return slot;
}

static void kbench_arm(struct kvm_vcpu *vcpu, bool plain)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	struct kvm *kvm = vcpu->kvm;
	struct kvm_memory_slot *slot;
	gfn_t gfn = 0;

	if (!kbench_enabled(vcpu, KVM_KBENCH_MWAIT_MONITOR) ||
	    (kbench_byte(vcpu, KVM_RUN_KBENCH_MWAIT) & ~KVM_KBENCH_MWAIT_LOWPRIO_BIT) !=
		    KVM_KBENCH_MWAIT_AS_MONITOR)
		return;
	slot = plain ? kbench_operand(vcpu, &gfn) : NULL;
	write_lock(&kvm->mmu_lock);
	if (!slot || kb->monitor.track != kbench_track_array(slot) || kb->monitor.gfn != gfn) {
		kbench_disarm(vcpu);
		if (slot) {
			kbench_track_add(kvm, slot, gfn);
			kb->monitor.track = kbench_track_array(slot);
			kb->monitor.gfn = gfn;
			kb->monitor.as_id = slot->as_id;
			spin_lock(&kbench_armed_lock);
			hlist_add_head(&kb->monitor.node, kbench_bucket(kvm, gfn));
			spin_unlock(&kbench_armed_lock);
		}
	}
	/* Still armed from the last time: no write has come since. */
	WRITE_ONCE(kb->monitor.written, false);
	write_unlock(&kvm->mmu_lock);
}

/* 0F 01 C8; anything longer has prefixes, which name another segment or address size. */
#define KBENCH_MONITOR_BYTES 3

/* In the exit handler of MONITOR: vCPU loaded, kvm->srcu held. */
int __kvm_kbench_monitor(struct kvm_vcpu *vcpu, kbench_emulate_t emulate, const char *insn)
{
	unsigned long rip = kvm_rip_read(vcpu);
	int r = emulate(vcpu, insn);

	if (r > 0 && !kvm_is_exception_pending(vcpu))
		kbench_arm(vcpu, kvm_rip_read(vcpu) - rip == KBENCH_MONITOR_BYTES);
	return r;
}

/* MWAIT. Without an armed page it is a NOP, or a sleep where a bound is given. */
void kbench_monitor_wait(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	u64 ns = kbench_time_ns(vcpu, READ_ONCE(kb->monitor.track) ? NSEC_PER_MSEC : 0);

	if (READ_ONCE(kb->monitor.written) || !ns)
		return;
	WRITE_ONCE(kb->monitor.waiting, true);
	/* Has a full barrier before it reads written: pairs with kbench_written(). */
	kbench_sleep(vcpu, ns, &kb->monitor.written);
	WRITE_ONCE(kb->monitor.waiting, false);
}

/* The page is written or gone: whoever sleeps for it is done, and nobody else is woken. */
static void kbench_written(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);

	WRITE_ONCE(kb->monitor.written, true);
	smp_mb();
	if (READ_ONCE(kb->monitor.waiting))
		kvm_vcpu_wake_up(vcpu);
}

/* A vCPU that waits for this page, or NULL. Under kvm->mmu_lock, which keeps it armed. */
static struct kvm_vcpu *kbench_waiter(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn)
{
	struct kvm_vcpu *found = NULL;
	struct kvm_kbench *kb;

	spin_lock(&kbench_armed_lock);
	hlist_for_each_entry(kb, kbench_bucket(kvm, gfn), monitor.node) {
		/* Other VMs' pages may be in the bucket, never in the slot's array. */
		if (kb->monitor.track == kbench_track_array(slot) && kb->monitor.gfn == gfn) {
			found = kbench_vcpu(kb);
			break;
		}
	}
	spin_unlock(&kbench_armed_lock);
	return found;
}

/* A vCPU writes to the page: every waiter for it is done waiting. */
void __kvm_kbench_write_fault(struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot, gfn_t gfn)
{
	struct kvm *kvm = vcpu->kvm;
	struct kvm_vcpu *waiter;

	if (!kbench_track_array(slot) || !kbench_tracked(kvm, slot, gfn))
		return;
	write_lock(&kvm->mmu_lock);
	while ((waiter = kbench_waiter(kvm, slot, gfn))) {
		kbench_disarm(waiter);
		kbench_written(waiter);
	}
	write_unlock(&kvm->mmu_lock);
}

/*
 * A write fault that finds the page armed again after it has ended the tracking is emulated:
 * the waiter has read the page before the write.
 */
void __kvm_kbench_emulated_write(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	struct kvm_memory_slot *slot = kvm_vcpu_gfn_to_memslot(vcpu, gfn);

	/* Pairs with the VM entry after kbench_arm(): it reads what is written, or we see it armed. */
	smp_mb();
	if (slot)
		__kvm_kbench_write_fault(vcpu, slot, gfn);
}

/* A waiter for a page that is gone would sleep to its bound: wake it. */
void __kvm_kbench_free_memslot(struct kvm *kvm, struct kvm_memory_slot *slot)
{
	struct kvm_vcpu *waiter;
	unsigned long i;

	if (!kbench_track_array(slot))
		return;
	write_lock(&kvm->mmu_lock);
	kvm_for_each_vcpu(i, waiter, kvm) {
		struct kvm_kbench *kb = kbench_of(waiter);

		if (kb->monitor.track != kbench_track_array(slot))
			continue;
		kbench_unhash(kb);
		kb->monitor.track = NULL;
		kbench_written(waiter);
	}
	write_unlock(&kvm->mmu_lock);
}
