// SPDX-License-Identifier: GPL-2.0-only
// arch/x86/kvm/mmu/page_track.c

@include@
@@
 #include "mmu_internal.h"
+#include "kbench/hooks.h"

@enabled@
identifier kvm;
expression E;
@@
 kvm_page_track_write_tracking_enabled(struct kvm *kvm)
 {
+	if (kvm_kbench_write_tracking())
+		return true;
 	return E;
 }
