# SPDX-License-Identifier: MIT
"""The names of KVM's capabilities and exits, from the kernel headers of the build."""

from kbench._abi import lib

CAPABILITIES: dict[str, int] = {
    name: getattr(lib, name) for name in sorted(dir(lib)) if name.startswith("KVM_CAP_")
}
_EXITS = {name for name in dir(lib) if name.startswith("KVM_EXIT_")}
EXIT_REASONS: dict[int, str] = {
    getattr(lib, name): name
    for name in _EXITS
    # KVM_EXIT_IO_OUT is not a reason: it is a value of a field of KVM_EXIT_IO.
    if not any(name.startswith(f"{other}_") for other in _EXITS)
}
# The capabilities that kbench asks for, and what each is for (`kbench doctor` shows them).
USES = {
    "KVM_CAP_USER_MEMORY": "guest RAM",
    "KVM_CAP_SET_TSS_ADDR": "real-mode guests on VMX without unrestricted guest",
    "KVM_CAP_SYNC_MMU": "guest pages that the host reclaims: inkernel.touch_page@fresh",
    "KVM_CAP_EXT_CPUID": "the guest's CPUID",
    "KVM_CAP_GET_TSC_KHZ": "ticks to nanoseconds",
    "KVM_CAP_IMMEDIATE_EXIT": "floor.immediate_exit, and the watchdog that ends a KVM_RUN",
    "KVM_CAP_MP_STATE": "floor.get_mp_state, and whether a vCPU is halted",
    "KVM_CAP_BINARY_STATS_FD": "KVM's counters, which a run is checked against",
    "KVM_CAP_X86_USER_SPACE_MSR": "exit.msr_read and exit.msr_write",
    "KVM_CAP_X86_MSR_FILTER": "exit.msr_read and exit.msr_write",
    "KVM_CAP_SET_GUEST_DEBUG": "exit.debug_step",
    "KVM_CAP_COALESCED_MMIO": "exit.coalesced_mmio_full",
    "KVM_CAP_VCPU_EVENTS": "pending interrupts and NMIs of a vCPU",
    "KVM_CAP_USER_NMI": "NMIs from userspace",
    "KVM_CAP_IRQCHIP": "an in-kernel irqchip: HLT that blocks in the kernel",
    "KVM_CAP_PIT2": "an in-kernel timer chip",
    "KVM_CAP_IRQ_ROUTING": "routing GSIs to MSIs and IOAPIC inputs",
    "KVM_CAP_IRQFD": "waking a vCPU with a write to an eventfd",
    "KVM_CAP_SIGNAL_MSI": "waking a vCPU with one ioctl",
    "KVM_CAP_IOEVENTFD": "guest writes that signal an eventfd instead of exiting to userspace",
    "KVM_CAP_IOEVENTFD_ANY_LENGTH": "the same for writes of any width",
    "KVM_CAP_HALT_POLL": "halt polling set per VM",
    "KVM_CAP_TSC_DEADLINE_TIMER": "the guest's TSC-deadline timer",
    "KVM_CAP_VCPU_ATTRIBUTES": "the guest's TSC offset",
    "KVM_CAP_NR_VCPUS": "several vCPUs",
    "KVM_CAP_X86_DISABLE_EXITS": "HLT, PAUSE and MWAIT without an exit",
    "KVM_CAP_DISABLE_QUIRKS2": "hypercalls that KVM does not patch, and MWAIT that raises #UD",
    "KVM_CAP_HYPERV_SYNIC2": "Hyper-V synthetic timers: mpstate.truth@stimer, vtl.enter_stimer",
    "KVM_CAP_X86_SMM": "system management interrupts: mpstate.truth@smi",
    "KVM_CAP_KBENCH": "the KVM extension (ext/kvm)",
}


def exit_name(reason: int) -> str:
    """`KVM_EXIT_IO (2)`; an unknown reason is its number."""
    name = EXIT_REASONS.get(reason)
    return f"{name} ({reason})" if name else f"exit reason {reason}"
