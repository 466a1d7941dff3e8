# SPDX-License-Identifier: MIT
"""KVM modules that pretend to run on hardware the lab does not emulate.

What a mechanism does there is tested by changing, in a copy of the hooked sources, the
extension's question or the vendor's answer to it.
"""

from collections.abc import Mapping
from pathlib import Path

from kbench.kernels.kernel import KernelTree
from kbench.kmod import modules, recipes
from kbench.kmod.recipes import Recipe
from kbench.lab.image import payload
from kbench.lab.vm import machines

SVM = "arch/x86/kvm/svm/svm.c"
ENTRY = "arch/x86/kvm/kbench/entry_svm.h"
OPS = "static struct kvm_x86_ops svm_x86_ops __initdata = {\n"
CREATED = "encrypted = to_kvm_svm(svm->vcpu.kvm)->sev_info.active;"
# A hypervisor timer that counts in the guest alone, and not even there: on the CPU it is
# VMX's preemption timer.
TIMER = """\
static int pretend_set(struct kvm_vcpu *vcpu, u64 deadline, bool *expired)
{
	*expired = false;
	return 0;
}

static void pretend_cancel(struct kvm_vcpu *vcpu) {}

"""
Change = Mapping[tuple[str, str], str]  # (file, text that is there once) -> text
REFUSALS: Change = {
    (ENTRY, CREATED): f"{CREATED}\n\tkbench_of(&svm->vcpu)->encrypted = true;\n"
    "\tkbench_of(&svm->vcpu)->ipiv = true;"
}
TIMERS: Change = {
    (SVM, OPS): f"{TIMER}{OPS}\t.set_hv_timer = pretend_set,\n"
    "\t.cancel_hv_timer = pretend_cancel,\n"
}
MMU = "arch/x86/kvm/mmu/mmu.c"
FAULT = "kvm_kbench_write_fault(vcpu, fault->write, fault->slot, fault->gfn);"
# The page is always armed again before KVM handles the fault: its emulator writes.
EMULATED: Change = {(MMU, FAULT): ""}
DELIVERY: Change = {(ENTRY, "return kvm_vcpu_apicv_active(&svm->vcpu);"): "return true;"}
# The live module has missed so many probes when it is loaded.
MISSED = 7
PROBED = "\tsvm = !register_kprobe(&entry);\n"
MISSES: Change = {("kvm_kbench_live.c", PROBED): f"{PROBED}\treturns[0].nmissed = {MISSED};\n"}


def built(tree: KernelTree, label: str, change: Change) -> dict[str, bytes]:
    """The modules of the variant `all` with `change`, by name, in the order of loading."""
    base = recipes.variant(tree, "all", print)

    def prepare(work: Path) -> None:
        base.prepare(work)
        for (name, old), new in change.items():
            (work / name).write_text(replaced((work / name).read_text(), name, old, new))

    words = tuple(word for (name, old), new in change.items() for word in (name, old, new))
    made = modules.build(tree, Recipe(f"all-{label}", (*base.content, *words), prepare), print)
    return {name: payload.module(made.path(name).read_bytes()) for name in machines.SVM.modules}


def replaced(text: str, name: str, old: str, new: str) -> str:
    """The text of the file `name` with `new` in the place of `old`, which it has once."""
    assert text.count(old) == 1, f"{name} has {text.count(old)} times {old!r}"
    return text.replace(old, new)


def live(files: Mapping[str, bytes], change: Change) -> dict[str, bytes]:
    """The live module's files with `change`."""
    changed = dict(files)
    for (name, old), new in change.items():
        changed[name] = replaced(changed[name].decode(), name, old, new).encode()
    return changed
