# SPDX-License-Identifier: MIT
"""What the kernel counts for the threads of an idle VM, read at one instant."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kbench._native.work import WorkQueue
from kbench.kvm.stats import Stats
from kbench.record import energy
from kbench.worker.crosscheck.witness import steal_ticks


@dataclass(frozen=True, slots=True)
class Account:
    """Counters of all vCPU threads together at one instant; times in ns."""

    wall: int
    cpu: tuple[int, ...]  # by thread, from its CPU clock
    beside: tuple[int, ...]  # the same of the threads beside the vCPUs'
    work: int  # items of the VMM's work that are done
    sched: int  # the sum of `cpu` from schedstat
    waited: int  # runnable, but not running
    switches: tuple[int, int]  # voluntary, involuntary
    kvm: dict[str, int]
    steal: tuple[int, ...]
    energy: tuple[int, ...]


def read(
    threads: Sequence[int],
    clocks: Sequence[int],
    stats: Sequence[Stats],
    queue: WorkQueue | None = None,
    *,
    closing: bool,
) -> Account:
    """The counters now. `threads` are the kernel ids of the vCPUs', which have the first of
    `clocks`, the CPU clocks; `queue` is the VMM's work.

    The clocks are read last, or first when `closing`: the time between two Accounts then
    has nothing of the reading, which takes the pCPU where there is only one.
    """
    times = _times(clocks, queue) if closing else None
    sched, waited, switches = _scheduler(threads)
    kvm: dict[str, int] = {}
    for each in stats:
        for name, value in each.scalars().items():
            kvm[name] = kvm.get(name, 0) + value
    steal, joules = steal_ticks(), energy.read()
    cpu, work, wall = times or _times(clocks, queue)
    return Account(
        wall=wall,
        cpu=cpu[: len(threads)],
        beside=cpu[len(threads) :],
        work=work,
        sched=sched,
        waited=waited,
        switches=switches,
        kvm=kvm,
        steal=steal,
        energy=joules,
    )


def _scheduler(threads: Sequence[int]) -> tuple[int, int, tuple[int, int]]:
    """ns run, ns waited (schedstat), and (voluntary, involuntary) switches."""
    sched = waited = voluntary = involuntary = 0
    for thread in threads:
        task = Path(f"/proc/self/task/{thread}")
        ran, queued, _ = map(int, (task / "schedstat").read_text().split())
        sched, waited = sched + ran, waited + queued
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                voluntary += int(line.split()[1])
            elif line.startswith("nonvoluntary_ctxt_switches"):
                involuntary += int(line.split()[1])
    return sched, waited, (voluntary, involuntary)


def _times(clocks: Sequence[int], queue: WorkQueue | None) -> tuple[tuple[int, ...], int, int]:
    cpu = tuple(time.clock_gettime_ns(clock) for clock in clocks)
    work = queue.done if queue else 0
    return cpu, work, time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
