// SPDX-License-Identifier: GPL-2.0-only
// arch/x86/kvm/svm/svm.c

@include@
@@
 #include "svm.h"
+#include "kbench/entry_svm.h"

@entry@
identifier vcpu, svm;
@@
 svm_prepare_switch_to_guest(struct kvm_vcpu *vcpu)
 {
 	...
+	svm_kbench_entry(svm);
 	if (svm->guest_state_loaded)
 		return;
 	...
 }

@pause@
identifier vcpu;
expression E, F;
@@
 pause_interception(struct kvm_vcpu *vcpu)
 {
 	...
+	kvm_kbench_pause_begin(vcpu);
 	kvm_vcpu_on_spin(vcpu, F);
-	return E;
+	return kvm_kbench_pause_end(vcpu, E);
 }

@window@
identifier vcpu;
@@
 pause_interception(struct kvm_vcpu *vcpu)
 {
 	...
+	if (svm_kbench_has_window(vcpu))
 	grow_ple_window(vcpu);
 	...
 }

@create@
identifier vcpu, svm;
@@
 svm_vcpu_create(struct kvm_vcpu *vcpu)
 {
 	...
 	svm = to_svm(vcpu);
+	svm_kbench_created(svm);
 	...
 }
