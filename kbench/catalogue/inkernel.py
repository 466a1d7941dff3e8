# SPDX-License-Identifier: MIT
"""Family `inkernel`: what the kernel handles without returning to userspace, in batches.

All 36 rows of kvm-unit-tests' x86/vmexit.c, whose names docs/benchmarks.md maps
to these, and more. The rows of vmexit that do end in userspace are here too: the ioeventfd rows
are read beside them.
"""

from kbench.catalogue.benchmark import Benchmark

BATCH = 100
# Where a backend may handle the subject without an exit: enough of it to be seen.
CHEAP = 1000
# Where a subject lasts: an interrupt's way, another vCPU's.
LONG = 10


def row(
    event: str,
    title: str,
    *features: str,
    guest: str = "",
    mode: str = "long",
    batch: int = BATCH,
    exits: int = 0,
    vcpus: int = 1,
    backends: tuple[str, ...] = (),
) -> Benchmark:
    """`event` may have a variant: "mwait@ud". The guest is named after the event."""
    return Benchmark(
        name=f"inkernel.{event}",
        title=title,
        loop="batch",
        guest=guest or event.partition("@")[0],
        mode="x2apic" if mode == "x2apic" else "long",
        expect="KVM_EXIT_IO",
        features=features,
        batch=batch,
        exits=exits,
        vcpus=vcpus,
        probed=True,
        backends=backends,
    )


def userspace(event: str, title: str, guest: str, reason: str) -> Benchmark:
    """A single round trip to userspace, for the rows beside it."""
    return Benchmark(
        name=f"inkernel.{event}", title=title, guest=guest, expect=f"KVM_EXIT_{reason}"
    )


INSTRUCTIONS = (
    row("cpuid", "CPUID", exits=1),
    row("vmcall", "VMCALL (Intel's hypercall)", "own_hypercall", exits=1),
    row("vmmcall", "VMMCALL (AMD's hypercall)", "own_hypercall", exits=1),
    row("wbinvd", "WBINVD", exits=1),
    row("invd", "INVD", exits=1, backends=("svm-tcg",)),
    row("mov_from_cr8", "read CR8", "irqchip", batch=CHEAP),
    row("mov_to_cr8", "write CR8", "irqchip", batch=CHEAP),
    row("mov_dr", "write DR7", batch=CHEAP),
    row("toggle_cr0_wp", "clear and set CR0.WP", exits=1),
    row("toggle_cr4_pge", "set and clear CR4.PGE"),
    row("rdtsc", "RDTSC", batch=CHEAP),
    row("rdtscp", "RDTSCP", batch=CHEAP),
    row("xsetbv", "XSETBV"),
    row("pause", "PAUSE", batch=CHEAP),
    row("monitor", "MONITOR, which KVM skips", exits=1),
    row("mwait@nop", "MWAIT, which KVM skips", exits=1),
    row("mwait@ud", "MWAIT that KVM answers with #UD, and its handler", "mwait_ud", exits=1),
    row("mwait@intercepted", "MWAIT with its CPUID bit: KVM skips it", "mwait_cpuid", exits=1),
    row("mwait@native", "MWAIT that does not exit", "mwait_native", batch=LONG),
)
MSRS = (
    row("wrmsr_kernel_gs_base", "WRMSR KERNEL_GS_BASE", batch=CHEAP),
    row("wrmsr_tsx_ctrl", "WRMSR TSX_CTRL"),
    row("wrmsr_spec_ctrl", "WRMSR SPEC_CTRL (IBRS)"),
    row("wrmsr_pred_cmd", "WRMSR PRED_CMD (IBPB)"),
    row("wrmsr_tsc_adjust", "WRMSR TSC_ADJUST", exits=1),
    row("rdmsr_tsc_adjust", "RDMSR TSC_ADJUST", exits=1),
)
DEVICES = (
    userspace("pmtimer", "IN from the ACPI PM timer's port, to userspace", "pmtimer", "IO"),
    userspace("pio_in@userspace", "32-bit IN, to userspace", "pio_in_dx", "IO"),
    row("pio_in@elcr", "IN from the PIC's ELCR", "irqchip", guest="pio_in_elcr", exits=1),
    row("pio_out@elcr", "OUT to the PIC's ELCR", "irqchip", guest="pio_out_elcr", exits=1),
    row("pio_in@pit", "IN from PIT counter 0", "irqchip", "pit", guest="pio_in_pit", exits=1),
    row(
        "mmio_read@ioapic", "MMIO read of the IOAPIC", "irqchip", guest="mmio_read_ioapic", exits=1
    ),
    userspace("ioeventfd_mmio@none", "MMIO write, to userspace", "mmio_write", "MMIO"),
    row("ioeventfd_mmio@wildcard", "MMIO write to an ioeventfd", "mmio_wildcard", exits=1),
    row("ioeventfd_mmio@datamatch", "the same, by value", "mmio_datamatch", exits=1),
    userspace("ioeventfd_pio@none", "OUT, to userspace", "pio_out", "IO"),
    row("ioeventfd_pio@wildcard", "OUT to an ioeventfd", "pio_wildcard", exits=1),
    row("ioeventfd_pio@datamatch", "the same, by value", "pio_datamatch", exits=1),
)
MEMORY = (
    row("touch_page@fresh", "first write to a page the host has to allocate", "fresh_pages"),
    row("touch_page@logged", "first write to a page since the dirty log was read", "clean_pages"),
)
SELF_IPI = (
    ("self_ipi_sti_nop", "self-IPI, STI; NOP"),
    ("self_ipi_sti_hlt", "self-IPI, STI; HLT"),
    ("self_ipi_tpr", "self-IPI held back by CR8"),
    ("self_ipi_tpr_sti_nop", "self-IPI held back by CR8 and IF, STI; NOP"),
    ("self_ipi_tpr_sti_hlt", "self-IPI held back by CR8 and IF, STI; HLT"),
    ("hlt_pending", "HLT with an interrupt pending, against NOP"),
    ("eoi", "EOI, nothing in service"),
)
APIC = tuple(
    row(f"{event}@{name}", f"{title}, {label}", "irqchip", mode=mode)
    for name, label, mode in (("xapic", "xAPIC", "long"), ("x2apic", "x2APIC", "x2apic"))
    for event, title in SELF_IPI
)
INTERRUPTS = (
    row("nmi_self", "NMI to oneself, x2APIC", "irqchip", mode="x2apic"),
    row(
        "tsc_deadline_past", "TSC deadline in the past, until its handler ran",
        "irqchip", "tsc_deadline", mode="x2apic", batch=LONG,
    ),
    row(
        "tsc_deadline_armed", "TSC deadline 20,000 ticks ahead, until its handler ran",
        "irqchip", "tsc_deadline", mode="x2apic", batch=LONG,
    ),
    row("int_n", "INT n and IRET", batch=CHEAP),
    row("exception_ud", "UD2, intercepted and given back, and its handler"),
    row("exception_gp", "RDMSR that KVM answers with #GP, and its handler", exits=1),
)  # fmt: skip
OTHERS = tuple(
    row(f"{event}@{vcpus}", f"{title}, {vcpus} vCPUs", "irqchip", *features,
        mode=mode, batch=LONG, vcpus=vcpus)
    for vcpus in (2, 4)
    for event, title, mode, features in (
        ("ipi", "IPI to all others, running", "x2apic", ("cpu_each",)),
        ("ipi_halt", "IPI to all others, halted", "x2apic", ()),
        ("ple_round_robin", "a turn round all, spinning with PAUSE", "long", ("cpu_each",)),
    )
)  # fmt: skip

BENCHMARKS = (*INSTRUCTIONS, *MSRS, *DEVICES, *MEMORY, *APIC, *INTERRUPTS, *OTHERS)
