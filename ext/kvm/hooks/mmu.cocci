// SPDX-License-Identifier: GPL-2.0-only
// arch/x86/kvm/mmu/mmu.c

@include@
@@
 #include "x86.h"
+#include "kbench/hooks.h"

@write@
identifier vcpu, fault;
statement S;
@@
 page_fault_handle_page_track(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
 {
+	kvm_kbench_write_fault(vcpu, fault->write, fault->slot, fault->gfn);
 	if (unlikely(fault->rsvd)) S
 	...
 }
