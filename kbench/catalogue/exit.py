# SPDX-License-Identifier: MIT
"""Family `exit`: round trips from the guest to userspace and back.

One row an exit; `MODES` rows are measured in long mode under the plain name and in
real mode as `@real`, because backends differ there: what one emulates, another runs.
"""

from kbench.catalogue.benchmark import Benchmark

# event, title, guest, KVM_EXIT_*, features
MODES = (
    ("pio_out", "PIO write (OUT)", "pio_out", "IO", ()),
    ("pio_in", "PIO read (IN)", "pio_in", "IO", ()),
    ("pio_string", "string PIO (REP OUTSB), an element", "pio_string", "IO", ()),
    ("mmio_write", "MMIO write", "mmio_write", "MMIO", ()),
    ("mmio_read", "MMIO read", "mmio_read", "MMIO", ()),
    ("hlt", "HLT, no in-kernel irqchip", "hlt", "HLT", ()),
    ("msr_read", "RDMSR that the MSR filter denies", "msr_read", "X86_RDMSR", ("msr_filter",)),
    ("msr_write", "WRMSR that the MSR filter denies", "msr_write", "X86_WRMSR", ("msr_filter",)),
    ("debug_step", "single-step (KVM_GUESTDBG_SINGLESTEP)", "debug_step", "DEBUG", ("step",)),
)
LONG = (
    ("irq_window", "interrupt window open", "irq_window", "IRQ_WINDOW_OPEN", ("irq_window",)),
    (
        "coalesced_mmio_full",
        "MMIO write to a coalesced zone whose ring is full",
        "mmio_write",
        "MMIO",
        ("coalesced_mmio",),
    ),
)

# The same with the extension's M1 (ext/kvm); HLT and MWAIT with the RFC as posted, too.
USER = (
    ("hlt_user", "HLT that the VMM asks for, in-kernel LAPIC", "hlt", "HLT", ("exit_hlt",)),
    (
        "mwait_user",
        "MWAIT that the VMM asks for, in-kernel LAPIC",
        "mwait_user",
        "KBENCH_MWAIT",
        ("exit_mwait",),
    ),
    (
        "pause_user",
        "PAUSE that the VMM asks for, in-kernel LAPIC, each intercepted (M3)",
        "pause_user",
        "KBENCH_PAUSE",
        ("exit_pause",),
    ),
)


def _row(row: tuple[str, str, str, str, tuple[str, ...]], *, real: bool = False) -> Benchmark:
    event, title, guest, reason, features = row
    return Benchmark(
        name=f"exit.{event}@real" if real else f"exit.{event}",
        title=f"{title}, real mode" if real else title,
        loop="halt" if "exit_hlt" in features else "kvm_run",
        guest=guest,
        mode="real" if real else "long",
        expect=f"KVM_EXIT_{reason}",
        features=features,
    )


BENCHMARKS = (
    *(_row(row) for row in (*MODES, *LONG, *USER)),
    *(_row(row, real=True) for row in MODES),
)
