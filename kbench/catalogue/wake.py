# SPDX-License-Identifier: MIT
"""Family `wake`: how late an idle vCPU wakes, by wake source and policy."""

import re

from kbench.catalogue.benchmark import IdleWindow, one_of
from kbench.catalogue.policies import POLICIES, Policy
from kbench.catalogue.policies import policy as policy_called
from kbench.errors import KbenchError

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
# KVM finds out by a fault of the guest's page tables: only a vCPU's store ends the wait.
VCPU_STORE = {"store": "a sibling vCPU's store to the monitored line"}
LIKE_STORE = {"store_vcpu": VCPU_STORE["store"]}  # the same for those that watch the line
BESIDE = {
    "store_beside": "a sibling vCPU's store to another line of the monitored page, "
    "until the sibling has left the guest"
}
HUGE = "_2m"
IDLE_US = (20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
MAX_IDLE_US, SECONDS_NS = 100_000, 2_000_000_000
EVENTFD = {"eventfd": "eventfd write -> the VMM reads it -> KVM_INTERRUPT"}


def wake_sources(policy: Policy) -> dict[str, str]:
    """What can wake a guest under `policy`: name -> title."""
    if not policy.irqchip:
        return EVENTFD | KICK
    found = IRQ_SOURCES | KICK
    if monitors(policy):
        return found | VCPU_STORE | BESIDE
    if policy.guest in ("mwait", "pause", "spin"):
        found |= STORE | LIKE_STORE
    # What the same store takes where nothing watches the page.
    return found | (BESIDE if policy.name == "mwait-nop" else {})


def monitors(policy: Policy) -> bool:
    """Whether MWAIT waits for a write to the page (mwait_monitor)."""
    return policy.needs == "KVM_KBENCH_MWAIT_MONITOR"


def row(wake_source: str, policy: Policy, *, idle_us: int = 0, huge: bool = False) -> IdleWindow:
    """The benchmark `wake.SOURCE[_2m][_Nus]@POLICY`."""
    stores = wake_source.startswith("store")
    suffix = (HUGE if huge else "") + (f"_{idle_us}us" if idle_us else "")
    also = "; 2-MiB pages" if huge else f"; idle for {idle_us:,} us before" if idle_us else ""
    return IdleWindow(
        name=f"wake.{wake_source}{suffix}@{policy.name}",
        title=f"{wake_sources(policy)[wake_source]}{also}; {policy.title}",
        policy=policy.name,
        wake_source=wake_source,
        idle_us=idle_us,
        huge=huge,
        # Their monitored lines share a page.
        any_vcpus=stores and policy.guest == "mwait",
        loops=min(WAKES, max(WAKES // 2, SECONDS_NS // max(1, idle_us * 1_000))),
    )


def parse(event: str, variant: str) -> IdleWindow:
    """The row of a policy or an idle period that need not be in the table.

    Raises as one_of() and policy() do, and KbenchError for an idle period out of range.
    """
    policy = policy_called(variant)
    found = re.fullmatch(rf"(\w+?)({HUGE})?(?:_(\d+)us)?", event)
    source, huge, us = found.groups() if found else (event, None, None)
    if us and not IDLE_US[0] <= int(us) <= MAX_IDLE_US:
        raise KbenchError(
            f"wake.{event}: an idle period is {IDLE_US[0]} to {MAX_IDLE_US:,} us, not {us}"
        )
    source = one_of(source, wake_sources(policy), "wake")
    return row(source, policy, idle_us=int(us or 0), huge=bool(huge))


BENCHMARKS = (
    *(row(source, policy) for policy in POLICIES for source in wake_sources(policy)),
    *(row(source, policy, huge=True) for policy in POLICIES if monitors(policy)
      for source in VCPU_STORE | BESIDE),
)  # fmt: skip
