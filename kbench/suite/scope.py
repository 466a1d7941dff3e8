# SPDX-License-Identifier: MIT
"""What a figure covers, and what of a row is no figure at all.

The runs say it (kbench/worker/idle/accounted.py); of a suite that is older, the catalogue does.
"""

import re
from dataclasses import dataclass

from kbench.catalogue.patterns import pattern
from kbench.catalogue.policies import policy
from kbench.errors import KbenchError
from kbench.suite.suite import Benchmark

ONE = "one"
"""The cgroup of all threads, where they have one."""
IDLED = re.compile(r"_\d+us$")
TIMERS = ("timer", "lapic-timer", "vmm-timer")


@dataclass(frozen=True, slots=True)
class Scope:
    """Rows that differ in it are not compared.

    `wake_source` is what fires the events, `cpu` whose CPU time is counted, `cgroup` whether the
    threads share one; `variant` is the KVM extension of the lab.
    """

    wake_source: str
    cpu: str
    cgroup: str
    kernel: str
    variant: str
    backend: str


def scope_of(benchmark: Benchmark) -> Scope:
    def mark(name: str) -> str:
        return benchmark.provenance(f"kbench_{name}")

    return Scope(
        wake_source=mark("event_source") or _usual_wake_source(benchmark.name),
        cpu=mark("cpu_account") or "vcpu",
        cgroup=mark("cgroup") or ONE,
        kernel=mark("kernel"),
        variant=mark("extension") if mark("target") == "lab" else "",
        backend=f"{mark('target')} {mark('backend')} {mark('cpu_model')}",
    )


def no_latency(benchmark: Benchmark) -> str:
    """Why the wake-ups of this row say nothing, or ""."""
    if reason := benchmark.provenance("kbench_no_latency"):
        return reason
    shared = benchmark.provenance("kbench_waker_pcpu")
    # A suite that does not say it is of a lab of one pCPU. Beside work a wake-up is a turn to
    # wait for, and a sibling's store is not the waker's.
    if shared == "own" or (not shared and benchmark.unit != "integer"):
        return ""
    if not benchmark.name.startswith(("wake.", "idle.")) or ".store_" in benchmark.name:
        return ""
    source = _usual_wake_source(benchmark.name)
    if source and source not in TIMERS and _spins(benchmark.name.partition("@")[2]):
        return "the waker shares the vCPU's pCPU: its preemption takes the vCPU out of the guest"
    return ""


def _usual_wake_source(name: str) -> str:
    family, _, rest = name.partition(".")
    event, _, policy_name = rest.partition("@")
    if family not in ("idle", "work"):
        # A round trip has no events from elsewhere. How long it idled before is no other source.
        return IDLED.sub("", event) if family == "wake" else ""
    try:
        irqchip = policy(policy_name).irqchip
        timer = family == "idle" and pattern(event).timer
    except KbenchError:
        return "unknown"
    if timer:
        return "lapic-timer" if irqchip else "vmm-timer"
    return "waker-irqfd" if irqchip else "waker-eventfd"


def _spins(name: str) -> bool:
    try:
        return policy(name).busy
    except KbenchError:
        return False
