// SPDX-License-Identifier: GPL-2.0-only
/*
 * M7 mwait_monitor: MONITOR write-protects the page, MWAIT sleeps until a vCPU
 * writes to it.
 *
 * From David Woodhouse's RFC of 2023-09-18 ("marking the target page read-only in
 * MONITOR and triggering the wake when it takes a minor fault") and his answer of
 * 09-23 ("Unless we can tolerate 4KiB granularity and actually get the read-only
 * and minor fault trick working").
 *
 * The write fault ends the tracking before KVM handles it, so the write is done by
 * the CPU and not emulated: no instruction is excluded, and the page costs one
 * fault. A page stays armed from one MONITOR to the next. Writes by the host (the
 * VMM, vhost, a device's DMA) cause no fault in the guest's page tables: byte 5 of
 * kvm_run bounds the sleep for guests that wait for those.
 */
#include <linux/version.h>
#include "x86.h"
#include "mmu.h"
#include "kbench.h"
#include <asm/kvm_page_track.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define track_array(slot) ((void *)(slot)->arch.gfn_track[KVM_PAGE_TRACK_WRITE])
#define track_add(kvm, slot, gfn) \
	kvm_slot_page_track_add_page(kvm, slot, gfn, KVM_PAGE_TRACK_WRITE)
#define track_remove(kvm, slot, gfn) \
	kvm_slot_page_track_remove_page(kvm, slot, gfn, KVM_PAGE_TRACK_WRITE)
#define tracked(kvm, slot, gfn) \
	kvm_slot_page_track_is_active(kvm, slot, gfn, KVM_PAGE_TRACK_WRITE)
#else
#include "mmu/page_track.h"
#define track_array(slot) ((void *)(slot)->arch.gfn_write_track)
#define track_add __kvm_write_track_add_gfn
#define track_remove __kvm_write_track_remove_gfn
#define tracked kvm_gfn_is_write_tracked
#endif

/*
 * Under kvm->mmu_lock and kvm->srcu. The slot may be another one than at the time
 * of arming; kvm_kbench_free_memslot() has disarmed the vCPU before the array of
 * the old one was freed, so an equal array is the same array.
 */
static void disarm(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	struct kvm_memory_slot *slot;

	if (!kb->monitor.track)
		return;
	slot = __gfn_to_memslot(__kvm_memslots(vcpu->kvm, kb->monitor.as_id), kb->monitor.gfn);
	if (slot && track_array(slot) == kb->monitor.track)
		track_remove(vcpu->kvm, slot, kb->monitor.gfn);
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
	disarm(vcpu);
	write_unlock(&vcpu->kvm->mmu_lock);
	srcu_read_unlock(&vcpu->kvm->srcu, srcu);
}

/* The page of MONITOR's operand, which is [RAX] without prefixes in 64-bit mode. */
static struct kvm_memory_slot *operand(struct kvm_vcpu *vcpu, gfn_t *gfn)
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
	if (!slot || slot->flags & (KVM_MEMSLOT_INVALID | KVM_MEM_READONLY) || !track_array(slot))
		return NULL;
	return slot;
}

static void arm(struct kvm_vcpu *vcpu, bool plain)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	struct kvm *kvm = vcpu->kvm;
	struct kvm_memory_slot *slot;
	gfn_t gfn = 0;

	if (!kbench_enabled(vcpu, KVM_KBENCH_MWAIT_MONITOR) ||
	    (kbench_byte(vcpu, KVM_RUN_KBENCH_MWAIT) & ~KVM_KBENCH_MWAIT_LOWPRIO_BIT) !=
		    KVM_KBENCH_MWAIT_AS_MONITOR)
		return;
	slot = plain ? operand(vcpu, &gfn) : NULL;
	write_lock(&kvm->mmu_lock);
	if (!slot || kb->monitor.track != track_array(slot) || kb->monitor.gfn != gfn) {
		disarm(vcpu);
		if (slot) {
			track_add(kvm, slot, gfn);
			kb->monitor.track = track_array(slot);
			kb->monitor.gfn = gfn;
			kb->monitor.as_id = slot->as_id;
		}
	}
	/* Still armed from the last time: no write has come since. */
	WRITE_ONCE(kb->monitor.written, false);
	write_unlock(&kvm->mmu_lock);
}

/* 0F 01 C8; anything longer has prefixes, which name another segment or address size. */
#define MONITOR_BYTES 3

/* In the exit handler of MONITOR: vCPU loaded, kvm->srcu held. */
int __kvm_kbench_monitor(struct kvm_vcpu *vcpu, kbench_emulate_t emulate, const char *insn)
{
	unsigned long rip = kvm_rip_read(vcpu);
	int r = emulate(vcpu, insn);

	if (r > 0 && !kvm_is_exception_pending(vcpu))
		arm(vcpu, kvm_rip_read(vcpu) - rip == MONITOR_BYTES);
	return r;
}

/* MWAIT. Without an armed page it is a NOP, or a sleep where a bound is given. */
void kbench_monitor_wait(struct kvm_vcpu *vcpu)
{
	struct kvm_kbench *kb = kbench_of(vcpu);
	u64 ns = kbench_time_ns(vcpu, 0);

	if (READ_ONCE(kb->monitor.written) || (!READ_ONCE(kb->monitor.track) && !ns))
		return;
	kbench_sleep(vcpu, ns, &kb->monitor.written);
}

/* A vCPU is about to write to the page: every waiter for it is done waiting. */
void __kvm_kbench_write_fault(struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot, gfn_t gfn)
{
	struct kvm *kvm = vcpu->kvm;
	struct kvm_vcpu *waiter;
	unsigned long i;
	bool found = false;

	if (!track_array(slot) || !tracked(kvm, slot, gfn))
		return;
	write_lock(&kvm->mmu_lock);
	kvm_for_each_vcpu(i, waiter, kvm) {
		struct kvm_kbench *kb = kbench_of(waiter);

		if (kb->monitor.track != track_array(slot) || kb->monitor.gfn != gfn)
			continue;
		disarm(waiter);
		WRITE_ONCE(kb->monitor.written, true);
		found = true;
	}
	write_unlock(&kvm->mmu_lock);
	if (!found)
		return;
	kvm_for_each_vcpu(i, waiter, kvm) {
		if (READ_ONCE(kbench_of(waiter)->monitor.written))
			kvm_vcpu_wake_up(waiter);
	}
}

/* A waiter for a page that is gone would sleep for ever: wake it. */
void __kvm_kbench_free_memslot(struct kvm *kvm, struct kvm_memory_slot *slot)
{
	struct kvm_vcpu *waiter;
	unsigned long i;

	if (!track_array(slot))
		return;
	write_lock(&kvm->mmu_lock);
	kvm_for_each_vcpu(i, waiter, kvm) {
		struct kvm_kbench *kb = kbench_of(waiter);

		if (kb->monitor.track != track_array(slot))
			continue;
		kb->monitor.track = NULL;
		WRITE_ONCE(kb->monitor.written, true);
		kvm_vcpu_wake_up(waiter);
	}
	write_unlock(&kvm->mmu_lock);
}
