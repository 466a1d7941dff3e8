# SPDX-License-Identifier: MIT
"""Idle guests: VMs under a policy, the threads around them, and what they cost.

`vm` makes the VM and `vcpu` its vCPUs, `crew` runs their threads, `account` reads the
kernel's counters and `spent` judges their difference; `stage` puts these together and plays
one open-loop `window` after another. `wake`, `idle`, `work`, `hunt`, `vtl` and `mpstate` are
the families' measurements, and `measurement` what they share.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from kbench.catalogue import Benchmark
from kbench.catalogue.derive import require_pcpus
from kbench.worker.idle import hunt, idle, mpstate, thread_wake, vtl, wake, work
from kbench.worker.idle.windowed import WindowedMeasurement

__all__ = ["WindowedMeasurement", "prepare"]

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
def prepare(benchmark: Benchmark) -> Iterator[WindowedMeasurement]:
    """The measurement of a benchmark of idle guests, after a first window that worked.

    Raises Unavailable where this KVM lacks what the policy takes, or does something else
    than the policy says, and KbenchError for more pinned vCPUs than pCPUs.
    """
    require_pcpus([benchmark], len(os.sched_getaffinity(0)))
    with LOOPS[benchmark.loop](benchmark) as measurement:
        yield measurement
