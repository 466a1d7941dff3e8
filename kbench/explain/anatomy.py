# SPDX-License-Identifier: MIT
"""What an exit is made of: the parts of a round trip, each instruction in one of them.

A function belongs to the part of the nearest caller, or itself, that PARTS names. The names are
those of Linux 6.1 and 6.12 (arch/x86/kvm/, arch/x86/entry/).
"""

from collections import Counter

from kbench.explain.explanation import Explanation
from kbench.explain.tree import GUEST, SYSCALL, Node

USER, ENTRY, LSM, IOCTL, LOAD, FPU, SWITCH, HANDLER, COMPLETE, LOOP, INSIDE = (
    "user side", "system call", "LSM hook", "ioctl", "vcpu load and put", "FPU swap",
    "world switch", "exit handler", "completion", "run loop", "guest",
)  # fmt: skip
PARTS = {
    USER: "the timed loop and the C library's `ioctl()`",
    ENTRY: "`entry_SYSCALL_64` and its way out, the work before userspace",
    LSM: "`security_file_ioctl()`",
    IOCTL: "from the file descriptor to `kvm_vcpu_ioctl()`, and the vCPU's mutex",
    LOAD: "`vcpu_load()`, `vcpu_put()`",
    FPU: "the guest's FPU state in and the host's out, and back",
    COMPLETE: "what the last exit left to do on re-entry (`complete_userspace_io`)",
    LOOP: "`vcpu_run()`: requests, interrupts, preemption, statistics",
    SWITCH: "into the guest and back, and what has to be done around it",
    INSIDE: "the guest's own",
    HANDLER: "what KVM does for the exit",
}
FUNCTIONS = {
    "security_file_ioctl": LSM,
    "kvm_vcpu_ioctl": IOCTL,
    "__x64_sys_ioctl": IOCTL,
    "vcpu_load": LOAD,
    "vcpu_put": LOAD,
    "fpu_swap_kvm_fpstate": FPU,
    "kvm_load_guest_fpu": FPU,
    "kvm_put_guest_fpu": FPU,
    "kvm_arch_vcpu_ioctl_run": LOOP,
    "svm_prepare_switch_to_guest": SWITCH,
    "svm_vcpu_run": SWITCH,
    "svm_handle_exit": HANDLER,
    "svm_handle_exit_irqoff": HANDLER,
    "complete_fast_pio_out": COMPLETE,
    "complete_fast_pio_in": COMPLETE,
    "complete_emulated_pio": COMPLETE,
    "complete_emulated_mmio": COMPLETE,
    "complete_emulated_rdmsr": COMPLETE,
    "complete_fast_rdmsr": COMPLETE,
    "complete_fast_msr_access": COMPLETE,
    "complete_emulated_io": COMPLETE,
}


def parts(explanation: Explanation) -> Counter[str]:
    """The instructions of each part; they add up to the event's count."""
    found: Counter[str] = Counter()

    def visit(node: Node, above: str) -> None:
        part = FUNCTIONS.get(node.function.name, above)
        if node.how == SYSCALL:
            part = ENTRY
        elif node.how == GUEST:
            part = INSIDE
        found[part] += node.own
        for child in node.children:
            visit(child, part)

    for root in explanation.roots:
        visit(root, USER)
    return found
