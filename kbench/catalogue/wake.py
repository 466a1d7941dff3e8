# SPDX-License-Identifier: MIT
"""Family `wake`: how late an idle vCPU wakes, by source and by policy."""

from kbench.catalogue.benchmark import Benchmark
from kbench.catalogue.policies import POLICIES, Policy

WAKES = 200  # in a value: 0.2 s, of which the guest idles nearly all

IRQ_SOURCES = {
    "irqfd": "eventfd write -> irqfd -> MSI",
    "irqfd_ioapic": "eventfd write -> irqfd -> IOAPIC pin",
    "signal_msi": "KVM_SIGNAL_MSI",
    "ipi": "IPI from a sibling vCPU",
    "nmi": "NMI (KVM_SIGNAL_MSI)",
    "timer": "the guest's TSC-deadline timer, against its deadline",
}
KICK = {"signal": "a signal to the vCPU's thread (kick to userspace)"}
STORE = {"store": "a store to the monitored line"}
EVENTFD = {"eventfd": "eventfd write -> the VMM reads it -> KVM_INTERRUPT"}


def sources(policy: Policy) -> dict[str, str]:
    """What can wake a guest under `policy`, by name, with a title."""
    if not policy.irqchip:
        return EVENTFD | KICK
    # M7 sees what the guest's vCPUs write, and not this store of the VMM's.
    watches = (
        policy.guest in ("mwait", "pause", "spin") and policy.needs != "KVM_KBENCH_MWAIT_MONITOR"
    )
    return IRQ_SOURCES | KICK | (STORE if watches else {})


def row(source: str, policy: Policy) -> Benchmark:
    """The benchmark `wake.SOURCE@POLICY`."""
    return Benchmark(
        name=f"wake.{source}@{policy.name}",
        title=f"{sources(policy)[source]}; {policy.title}",
        loop="wake",
        policy=policy.name,
        source=source,
        loops=WAKES,
    )


BENCHMARKS = tuple(row(source, policy) for policy in POLICIES for source in sources(policy))
