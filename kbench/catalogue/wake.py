# SPDX-License-Identifier: MIT
"""Family `wake`: how late an idle vCPU wakes, by wake source and policy."""

from kbench.catalogue.benchmark import IdleWindow, one_of
from kbench.catalogue.policies import POLICIES, Policy
from kbench.catalogue.policies import policy as policy_called

WAKES = 200  # in a value: 0.2 s, of which the guest idles nearly all
STAGES = {
    "late": "planned time to the waker's write",
    "raise": "the waker's system call, which raises the event",
    "leave": "the waker goes to sleep: from there until it has called the scheduler",
    "guest": "from there, or from the write, to the guest's handler",
    "ack": "handler to the acknowledgement in userspace",
}
PATH = "the wake path"

IRQ_SOURCES = {
    "irqfd": "eventfd write -> irqfd -> MSI",
    "irqfd_ioapic": "eventfd write -> irqfd -> IOAPIC pin",
    "signal_msi": "KVM_SIGNAL_MSI",
    "ipi": "IPI from a sibling vCPU",
    "nmi": "NMI (KVM_SIGNAL_MSI)",
    "timer": "the guest's TSC-deadline timer, against its deadline",
}
KICK = {"signal": "a signal to the vCPU thread (kick to userspace)"}
STORE = {"store": "a store to the monitored line"}
EVENTFD = {"eventfd": "eventfd write -> the VMM reads it -> KVM_INTERRUPT"}


def wake_sources(policy: Policy) -> dict[str, str]:
    """What can wake a guest under `policy`: name -> title."""
    if not policy.irqchip:
        return EVENTFD | KICK
    # mwait_monitor sees stores of the guest's vCPUs, not this store of the VMM's.
    watches = (
        policy.guest in ("mwait", "pause", "spin") and policy.needs != "KVM_KBENCH_MWAIT_MONITOR"
    )
    return IRQ_SOURCES | KICK | (STORE if watches else {})


def row(wake_source: str, policy: Policy) -> IdleWindow:
    """The benchmark `wake.SOURCE@POLICY`."""
    return IdleWindow(
        name=f"wake.{wake_source}@{policy.name}",
        title=f"{wake_sources(policy)[wake_source]}; {policy.title}",
        policy=policy.name,
        wake_source=wake_source,
        loops=WAKES,
    )


def parse(event: str, variant: str) -> IdleWindow:
    """The row of a policy that need not be in the table. Raises as one_of() and policy() do."""
    policy = policy_called(variant)
    return row(one_of(event, wake_sources(policy), "wake"), policy)


BENCHMARKS = tuple(row(source, policy) for policy in POLICIES for source in wake_sources(policy))
