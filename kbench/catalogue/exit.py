# SPDX-License-Identifier: MIT
"""Family `exit`: round trips from the guest to userspace and back.

The rows of `MODES` are measured in long mode under the plain name and in real mode as
`@real`: a backend may emulate the one and run the other.
"""

from kbench.catalogue.benchmark import RoundTrip

# event, title, guest, KVM_EXIT_*, features
MODES = (
    ("pio_out", "PIO write (OUT)", "pio_out", "IO", ()),
    ("pio_in", "PIO read (IN)", "pio_in", "IO", ()),
    ("pio_string", "string PIO (REP OUTSB), an element", "pio_string", "IO", ()),
    ("mmio_write", "MMIO write", "mmio_write", "MMIO", ()),
    ("mmio_read", "MMIO read", "mmio_read", "MMIO", ()),
    ("hlt", "HLT, no in-kernel irqchip", "hlt", "HLT", ()),
    ("msr_read", "RDMSR denied by the MSR filter", "msr_read", "X86_RDMSR", ("msr_filter",)),
    ("msr_write", "WRMSR denied by the MSR filter", "msr_write", "X86_WRMSR", ("msr_filter",)),
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

# With the extension's userspace_exits (ext/kvm); HLT and MWAIT with the RFC as posted, too.
USER = (
    (
        "hlt_user",
        "HLT exit requested through kvm_run, in-kernel LAPIC",
        "hlt",
        "HLT",
        ("exit_hlt",),
    ),
    (
        "mwait_user",
        "MWAIT exit requested through kvm_run, in-kernel LAPIC",
        "mwait_user",
        "KBENCH_MWAIT",
        ("exit_mwait",),
    ),
    (
        "pause_user",
        "PAUSE exit requested through kvm_run, every PAUSE intercepted (entry_intercepts)",
        "pause_user",
        "KBENCH_PAUSE",
        ("exit_pause",),
    ),
)


def _row(row: tuple[str, str, str, str, tuple[str, ...]], *, real: bool = False) -> RoundTrip:
    event, title, guest, reason, features = row
    return RoundTrip(
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
