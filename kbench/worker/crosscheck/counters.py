# SPDX-License-Identifier: MIT
"""What the kernel counts for the threads that run vCPUs, read at one instant."""

import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from kbench._native import floors
from kbench.kvm import IoctlError, Vcpu
from kbench.kvm.stats import Stats
from kbench.record import energy
from kbench.worker.crosscheck import pcpu as pcpus

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
    sched: int  # the sum of `cpu` from schedstat
    waited: int  # runnable, but not running
    switches: tuple[int, int]  # voluntary, involuntary
    kvm: dict[str, int]
    steal: tuple[int, ...]  # ticks, by CPU
    energy: tuple[int, ...]
    pcpu: int | None = None
    idle: int | None = None  # of the first vCPU's pCPU; None where nothing says it
    tallies: Mapping[str, int] = field(default_factory=dict)  # counted by this process, by name


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
    tally: Callable[[], Mapping[str, int]] = dict,
    idle_of: int | None = None,
    *,
    closing: bool,
) -> Counters:
    """The counters now.

    `tids` are the kernel's thread ids of the vCPU threads. `clocks` are their CPU clocks, then
    those of the helper threads. `tally` reads what this process counts itself. The pCPU `idle_of`
    is asked for its idle time. The clocks and the tallies are read last, or first when `closing`,
    so the time between two readings excludes the readings; KVM's counters are read next to them.
    """
    times = _times(clocks, tally) if closing else None
    kvm = _kvm(stats) if closing else {}
    idle = None if idle_of is None else pcpus.idle_ns(idle_of)
    sched, waited, switches = _scheduler(tids)
    steal, joules = steal_ticks(), energy.read()
    own = list(tids) == [threading.get_native_id()]
    pcpu = floors.current_cpu() if own else None
    kvm = kvm or _kvm(stats)
    cpu, tallies, wall, tsc = times or _times(clocks, tally)
    return Counters(
        wall=wall,
        tsc=tsc,
        cpu=cpu[: len(tids)],
        helpers=cpu[len(tids) :],
        sched=sched,
        waited=waited,
        switches=switches,
        kvm=kvm,
        steal=steal,
        energy=joules,
        pcpu=pcpu,
        idle=idle,
        tallies=tallies,
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


def _times(
    clocks: Sequence[int], tally: Callable[[], Mapping[str, int]]
) -> tuple[tuple[int, ...], Mapping[str, int], int, int]:
    cpu = tuple(time.clock_gettime_ns(clock) for clock in clocks)
    return cpu, tally(), time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW), floors.tsc()


def _kvm(stats: Sequence[Stats]) -> dict[str, int]:
    """The counters of all vCPUs together."""
    found: dict[str, int] = {}
    for each in stats:
        for name, value in each.scalars().items():
            found[name] = found.get(name, 0) + value
    return found


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
