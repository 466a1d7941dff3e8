// SPDX-License-Identifier: GPL-2.0-only
// arch/x86/kvm/vmx/vmx.c

@include@
@@
 #include "vmx.h"
+#include "kbench/entry_vmx.h"

@entry@
identifier vcpu;
expression E;
@@
 vmx_vcpu_run(struct kvm_vcpu *vcpu, ...)
 {
 	...
+	vmx_kbench_entry(to_vmx(vcpu));
 	trace_kvm_entry(vcpu, E);
 	...
 }

@pause@
identifier vcpu;
expression E, F;
@@
 handle_pause(struct kvm_vcpu *vcpu)
 {
 	...
+	kvm_kbench_pause_begin(vcpu);
 	kvm_vcpu_on_spin(vcpu, F);
-	return E;
+	return kvm_kbench_pause_end(vcpu, E);
 }

@create@
identifier vcpu;
statement S;
@@
 vmx_vcpu_create(struct kvm_vcpu *vcpu)
 {
 	...
+	vmx_kbench_created(vcpu);
 	if (vmx_can_use_ipiv(vcpu)) S
 	...
 }
