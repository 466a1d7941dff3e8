// SPDX-License-Identifier: GPL-2.0-only
// arch/x86/kvm/lapic.c

@include@
@@
 #include "x86.h"
+#include "kbench/hooks.h"

@timer@
identifier vcpu;
expression E;
@@
 kvm_can_use_hv_timer(struct kvm_vcpu *vcpu)
 {
+	if (!kvm_kbench_hv_timer(vcpu))
+		return false;
 	return E;
 }
