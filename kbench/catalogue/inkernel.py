# SPDX-License-Identifier: MIT
"""Family `inkernel`: exits that KVM handles without returning to userspace, in batches.

All 36 rows of kvm-unit-tests' x86/vmexit.c are here (docs/benchmarks.md maps their names), and
more. Those of vmexit.c that end in userspace are included: they are the reference of the
ioeventfd rows.
"""

from kbench.catalogue.benchmark import Batch, Mode, RoundTrip

SIZE = 100  # subjects of a batch
CHEAP_SIZE = 1000  # where the subject may not exit at all
SLOW_SIZE = 10  # where the subject waits for an interrupt or for another vCPU


def row(
    event: str,
    title: str,
    *features: str,
    guest: str = "",
    mode: Mode = "long",
    size: int = SIZE,
    exits_each: int = 0,
    vcpus: int = 1,
    backends: tuple[str, ...] = (),
) -> Batch:
    """`event` may have a variant: "mwait@ud". The guest is named after the event."""
    return Batch(
        name=f"inkernel.{event}",
        title=title,
        guest=guest or event.partition("@")[0],
        mode=mode,
        features=features,
        size=size,
        exits_each=exits_each,
        vcpus=vcpus,
        backends=backends,
    )


def userspace(event: str, title: str, guest: str, reason: str) -> RoundTrip:
    """A single round trip to userspace, as the reference of other rows."""
    return RoundTrip(
        name=f"inkernel.{event}", title=title, guest=guest, expect=f"KVM_EXIT_{reason}"
    )


INSTRUCTIONS = (
    row("cpuid", "CPUID", exits_each=1),
    row("vmcall", "VMCALL (Intel's hypercall)", "own_hypercall", exits_each=1),
    row("vmmcall", "VMMCALL (AMD's hypercall)", "own_hypercall", exits_each=1),
    row("wbinvd", "WBINVD", exits_each=1),
    row("invd", "INVD", exits_each=1, backends=("svm-tcg",)),
    row("mov_from_cr8", "read CR8", "irqchip", size=CHEAP_SIZE),
    row("mov_to_cr8", "write CR8", "irqchip", size=CHEAP_SIZE),
    row("mov_dr", "write DR7", size=CHEAP_SIZE),
    row("toggle_cr0_wp", "clear and set CR0.WP", exits_each=1),
    row("toggle_cr4_pge", "set and clear CR4.PGE"),
    row("rdtsc", "RDTSC", size=CHEAP_SIZE),
    row("rdtscp", "RDTSCP", size=CHEAP_SIZE),
    row("xsetbv", "XSETBV"),
    row("pause", "PAUSE", size=CHEAP_SIZE),
    row("monitor", "MONITOR, which KVM skips", exits_each=1),
    row("mwait@nop", "MWAIT, which KVM skips", exits_each=1),
    row("mwait@ud", "MWAIT that KVM answers with #UD, and its handler", "mwait_ud", exits_each=1),
    row("mwait@intercepted", "MWAIT with its CPUID bit: KVM skips it", "mwait_cpuid", exits_each=1),
    row("mwait@native", "MWAIT that does not exit", "mwait_native", size=SLOW_SIZE),
)
MSRS = (
    row("wrmsr_kernel_gs_base", "WRMSR KERNEL_GS_BASE", size=CHEAP_SIZE),
    row("wrmsr_tsx_ctrl", "WRMSR TSX_CTRL"),
    row("wrmsr_spec_ctrl", "WRMSR SPEC_CTRL (IBRS)"),
    row("wrmsr_pred_cmd", "WRMSR PRED_CMD (IBPB)"),
    row("wrmsr_tsc_adjust", "WRMSR TSC_ADJUST", exits_each=1),
    row("rdmsr_tsc_adjust", "RDMSR TSC_ADJUST", exits_each=1),
)
DEVICES = (
    userspace("pmtimer", "IN from the ACPI PM timer's port, to userspace", "pmtimer", "IO"),
    userspace("pio_in@userspace", "32-bit IN, to userspace", "pio_in_dx", "IO"),
    row("pio_in@elcr", "IN from the PIC's ELCR", "irqchip", guest="pio_in_elcr", exits_each=1),
    row("pio_out@elcr", "OUT to the PIC's ELCR", "irqchip", guest="pio_out_elcr", exits_each=1),
    row("pio_in@pit", "IN from PIT counter 0", "irqchip", "pit", guest="pio_in_pit", exits_each=1),
    row(
        "mmio_read@ioapic",
        "MMIO read of the IOAPIC",
        "irqchip",
        guest="mmio_read_ioapic",
        exits_each=1,
    ),
    userspace("ioeventfd_mmio@none", "MMIO write, to userspace", "mmio_write", "MMIO"),
    row("ioeventfd_mmio@wildcard", "MMIO write to an ioeventfd", "mmio_wildcard", exits_each=1),
    row(
        "ioeventfd_mmio@datamatch",
        "MMIO write to an ioeventfd, datamatch",
        "mmio_datamatch",
        exits_each=1,
    ),
    userspace("ioeventfd_pio@none", "OUT, to userspace", "pio_out", "IO"),
    row("ioeventfd_pio@wildcard", "OUT to an ioeventfd", "pio_wildcard", exits_each=1),
    row(
        "ioeventfd_pio@datamatch",
        "OUT to an ioeventfd with datamatch",
        "pio_datamatch",
        exits_each=1,
    ),
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
APIC_MODES: tuple[tuple[str, str, Mode], ...] = (
    ("xapic", "xAPIC", "long"),
    ("x2apic", "x2APIC", "x2apic"),
)
APIC = tuple(
    row(f"{event}@{name}", f"{title}, {label}", "irqchip", mode=mode)
    for name, label, mode in APIC_MODES
    for event, title in SELF_IPI
)
INTERRUPTS = (
    row("nmi_self", "self-NMI, x2APIC", "irqchip", mode="x2apic"),
    row(
        "tsc_deadline_past", "TSC deadline in the past, until its handler ran",
        "irqchip", "tsc_deadline", mode="x2apic", size=SLOW_SIZE,
    ),
    row(
        "tsc_deadline_armed", "TSC deadline 20,000 ticks ahead, until its handler ran",
        "irqchip", "tsc_deadline", mode="x2apic", size=SLOW_SIZE,
    ),
    row("int_n", "INT n and IRET", size=CHEAP_SIZE),
    row("exception_ud", "UD2, intercepted and reinjected, and its handler"),
    row("exception_gp", "RDMSR that KVM answers with #GP, and its handler", exits_each=1),
)  # fmt: skip
MANY_VCPUS: tuple[tuple[str, str, Mode, tuple[str, ...]], ...] = (
    ("ipi", "IPI to all others, running", "x2apic", ("pcpu_each",)),
    ("ipi_halt", "IPI to all others, halted", "x2apic", ()),
    ("ple_round_robin", "one round over all, spinning with PAUSE", "long", ("pcpu_each",)),
)
OTHERS = tuple(
    row(f"{event}@{vcpus}", f"{title}, {vcpus} vCPUs", "irqchip", *features,
        mode=mode, size=SLOW_SIZE, vcpus=vcpus)
    for vcpus in (2, 4)
    for event, title, mode, features in MANY_VCPUS
)  # fmt: skip

BENCHMARKS = (*INSTRUCTIONS, *MSRS, *DEVICES, *MEMORY, *APIC, *INTERRUPTS, *OTHERS)
