// SPDX-License-Identifier: GPL-2.0-only
// virt/kvm/async_pf.c

@include@
@@
 #include "async_pf.h"
+#include "kbench/hooks.h"

@done@
identifier vcpu;
@@
 async_pf_execute(struct work_struct *work)
 {
 	...
+	kvm_kbench_wake(vcpu);
 	__kvm_vcpu_wake_up(vcpu);
 	...
 }
