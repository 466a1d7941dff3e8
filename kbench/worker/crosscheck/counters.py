# SPDX-License-Identifier: MIT
"""What the kernel counts for the threads that run vCPUs, read at one instant."""

import os
import re
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from kbench._native import floors
from kbench._native.work import WorkQueue
from kbench.kvm import IoctlError, Vcpu
from kbench.kvm.stats import Stats
from kbench.record import energy

SWITCHES = re.compile(rb"voluntary_ctxt_switches:\t(\d+)")  # voluntary, then nonvoluntary
TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds: the unit of /proc/stat


@dataclass(frozen=True, slots=True)
class Counters:
    """Sums over all vCPU threads at one instant; times in ns.

    `pcpu` is the CPU that the measured thread was on when it read its own counters, None
    where another thread read them.
    """

    wall: int  # CLOCK_MONOTONIC_RAW
    tsc: int
    cpu: tuple[int, ...]  # by vCPU thread, from its CPU clock
    helpers: tuple[int, ...]  # the same of the helper threads
    work: int  # items of the VMM's work that are done
    sched: int  # the sum of `cpu` from schedstat
    waited: int  # runnable, but not running
    switches: tuple[int, int]  # voluntary, involuntary
    kvm: dict[str, int]
    steal: tuple[int, ...]  # ticks, by CPU
    energy: tuple[int, ...]
    pcpu: int | None = None


def open_stats(vcpus: Sequence[Vcpu], stack: ExitStack) -> list[Stats]:
    """The binary stats of these vCPUs, which `stack` closes; none before Linux 5.14."""
    try:
        return [stack.enter_context(vcpu.get_stats_fd()) for vcpu in vcpus]
    except IoctlError:
        return []


def read_own(stats: Sequence[Stats], *, closing: bool) -> Counters:
    """The counters of the calling thread, which runs the only measured vCPU."""
    return read([threading.get_native_id()], [time.CLOCK_THREAD_CPUTIME_ID], stats, closing=closing)


def read(
    tids: Sequence[int],
    clocks: Sequence[int],
    stats: Sequence[Stats],
    queue: WorkQueue | None = None,
    *,
    closing: bool,
) -> Counters:
    """The counters now.

    `tids` are the kernel's thread ids of the vCPU threads. `clocks` are their CPU clocks, then
    those of the helper threads. `queue` is the VMM's work. The clocks are read last, or
    first when `closing`, so the time between two readings excludes the readings.
    """
    times = _times(clocks, queue) if closing else None
    sched, waited, switches = _scheduler(tids)
    kvm: dict[str, int] = {}
    for each in stats:
        for name, value in each.scalars().items():
            kvm[name] = kvm.get(name, 0) + value
    steal, joules = steal_ticks(), energy.read()
    own = list(tids) == [threading.get_native_id()]
    pcpu = floors.current_cpu() if own else None
    cpu, work, wall, tsc = times or _times(clocks, queue)
    return Counters(
        wall=wall,
        tsc=tsc,
        cpu=cpu[: len(tids)],
        helpers=cpu[len(tids) :],
        work=work,
        sched=sched,
        waited=waited,
        switches=switches,
        kvm=kvm,
        steal=steal,
        energy=joules,
        pcpu=pcpu,
    )


def _scheduler(tids: Sequence[int]) -> tuple[int, int, tuple[int, int]]:
    """ns run, ns waited (schedstat), and (voluntary, involuntary) switches."""
    sched = waited = 0
    switches = [0, 0]
    for tid in tids:
        ran, queued, _ = map(int, _text(f"/proc/self/task/{tid}/schedstat").split())
        sched, waited = sched + ran, waited + queued
        found = SWITCHES.findall(_text(f"/proc/self/task/{tid}/status"))
        switches = [total + int(number) for total, number in zip(switches, found, strict=True)]
    return sched, waited, (switches[0], switches[1])


def _times(clocks: Sequence[int], queue: WorkQueue | None) -> tuple[tuple[int, ...], int, int, int]:
    cpu = tuple(time.clock_gettime_ns(clock) for clock in clocks)
    work = queue.done if queue else 0
    return cpu, work, time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW), floors.tsc()


def steal_ticks() -> tuple[int, ...]:
    """Ticks stolen from each CPU (field 8 of /proc/stat, proc_stat(5))."""
    cpus = _text("/proc/stat").partition(b"intr")[0].splitlines()[1:]  # [0] is their sum
    return tuple(int(line.split()[8]) for line in cpus if line.startswith(b"cpu"))


def _text(path: str) -> bytes:
    """A file of /proc, read at a small cost: in the lab this runs between two ticks."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return b"".join(iter(lambda: os.read(fd, 1 << 16), b""))
    finally:
        os.close(fd)
