// SPDX-License-Identifier: GPL-2.0-only
// virt/kvm/kvm_main.c

// Behind KVM's tracepoints, whose first inclusion must be the one that defines them: in Linux 7.3 a
// header of x86 includes them.
@include@
@@
 #include <trace/events/kvm.h>
+#include "kbench/hooks.h"

@reserve@
expression size;
@@
 kmem_cache_create_usercopy("kvm_vcpu",
-	size
+	kvm_kbench_reserve(size)
 	, ...)

@poll@
identifier vcpu_ioctl;
@@
 struct file_operations kvm_vcpu_fops = {
+	.poll = KVM_KBENCH_POLL,
 	.unlocked_ioctl = vcpu_ioctl,
 };

@wake@
identifier vcpu;
expression E;
@@
 kvm_vcpu_wake_up(struct kvm_vcpu *vcpu)
 {
+	kvm_kbench_wake(vcpu);
 	if (E) { ... }
 	...
 }

@done@
identifier vcpu, fpu;
@@
+	kvm_kbench_ioctl_done(vcpu);
 	mutex_unlock(&vcpu->mutex);
 	kfree(fpu);
