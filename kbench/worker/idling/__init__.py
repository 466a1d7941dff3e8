# SPDX-License-Identifier: MIT
"""Idle guests: VMs under a policy, the threads around them, and what they cost.

`vm` makes the VM, `crew` runs its threads, `account` reads the kernel's counters,
`window` puts the three together for one open-loop window; `wake`, `idle`, `work`, `hunt`,
`vtl` and `mpstate` are the families' measurements, and `scenario` what they share.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from kbench.benches import Benchmark
from kbench.worker.idling import hunt, idle, mpstate, thread_wake, vtl, wake, work
from kbench.worker.idling.scenario import Scenario

__all__ = ["Scenario", "prepare"]

LOOPS = {
    "hunt": hunt.prepare,
    "idle": idle.prepare,
    "mpstate": mpstate.prepare,
    "thread_wake": thread_wake.prepare,
    "vtl": vtl.prepare,
    "wake": wake.prepare,
    "work": work.prepare,
}


@contextmanager
def prepare(benchmark: Benchmark) -> Iterator[Scenario]:
    """The measurement of a benchmark of idle guests, after a first window that worked.

    Raises Unavailable where this KVM
    lacks what the policy takes, or does something else than the policy says.
    """
    with LOOPS[benchmark.loop](benchmark) as scenario:
        yield scenario
