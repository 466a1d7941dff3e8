// SPDX-License-Identifier: GPL-2.0-only
// arch/x86/kvm/x86.c. No rule names more of the kernel than it has to find.

@include@
@@
 #include "x86.h"
+#include "kbench/hooks.h"

@mwait@
identifier vcpu, emulate;
expression insn;
@@
 kvm_emulate_mwait(struct kvm_vcpu *vcpu)
 {
-	return emulate(vcpu, insn);
+	return kvm_kbench_mwait(vcpu, emulate, insn);
 }

@monitor@
identifier vcpu, emulate;
expression insn;
@@
 kvm_emulate_monitor(struct kvm_vcpu *vcpu)
 {
-	return emulate(vcpu, insn);
+	return kvm_kbench_monitor(vcpu, emulate, insn);
 }

@halt@
identifier vcpu;
expression E;
@@
 kvm_emulate_halt_noskip(struct kvm_vcpu *vcpu)
 {
 	...
-	return E;
+	return kvm_kbench_halt(vcpu, E);
 }

@capability@
identifier kvm, ext;
local idexpression r;
@@
 kvm_vm_ioctl_check_extension(struct kvm *kvm, long ext)
 {
 	<...
-	return r;
+	return kvm_kbench_check_extension(ext, r);
 	...>
 }

@enable@
expression vcpu, cap;
@@
-	kvm_vcpu_ioctl_enable_cap(vcpu, cap)
+	kvm_kbench_vcpu_cap(vcpu, cap, kvm_vcpu_ioctl_enable_cap)

@block@
identifier vcpu;
@@
 vcpu_run(struct kvm_vcpu *vcpu)
 {
 	<...
-	vcpu_block(vcpu)
+	kvm_kbench_block(vcpu, vcpu_block)
 	...>
 }

@run@
identifier vcpu;
@@
 kvm_arch_vcpu_ioctl_run(struct kvm_vcpu *vcpu)
 {
 	<...
-	vcpu_run(vcpu)
+	kvm_kbench_run(vcpu, vcpu_run)
 	...>
 }

@destroy@
identifier vcpu;
@@
 kvm_arch_vcpu_destroy(struct kvm_vcpu *vcpu)
 {
 	...
+	kvm_kbench_vcpu_destroy(vcpu);
 	kvmclock_reset(vcpu);
 	...
 }

@memslot@
identifier kvm, slot;
@@
 kvm_arch_free_memslot(struct kvm *kvm, struct kvm_memory_slot *slot)
 {
 	...
+	kvm_kbench_free_memslot(kvm, slot);
 	memslot_rmap_free(slot);
 	...
 }

// Linux 7.3 has it as emulator_write_guest().
@emulated@
identifier emulator_write_phys = {emulator_write_phys, emulator_write_guest};
identifier vcpu, gpa;
@@
 emulator_write_phys(struct kvm_vcpu *vcpu, gpa_t gpa, ...)
 {
 	...
 	kvm_page_track_write(vcpu, gpa, ...);
+	kvm_kbench_emulated_write(vcpu, gpa);
 	...
 }

@exchanged@
expression vcpu, gpa;
@@
 emulator_cmpxchg_emulated(...)
 {
 	...
 	kvm_page_track_write(vcpu, gpa, ...);
+	kvm_kbench_emulated_write(vcpu, gpa);
 	...
 }

@events@
typedef bool;
identifier vcpu;
@@
+bool kvm_kbench_own_events(struct kvm_vcpu *vcpu)
+{
+	return kvm_vcpu_has_events(vcpu);
+}
+
 kvm_arch_vcpu_runnable(struct kvm_vcpu *vcpu)
 { ... }

@exit@
@@
+	kvm_kbench_exit();
 	kvm_lapic_exit();
