# SPDX-License-Identifier: MIT
"""`floor.waker` and `floor.pcpu`: what a pCPU is busy with when no vCPU is there.

The waker alone fires the events of `idle.poisson`, which nobody waits for, or sleeps. Of the
pCPU that a vCPU would have, that is the part of `pCPU per event` that is not the vCPU's.
"""

import os
from array import array
from collections.abc import Iterator
from contextlib import contextmanager

from kbench._abi import ffi
from kbench._native import wake_sources, waker
from kbench._native.vcpu_thread import VcpuThread
from kbench.catalogue import IdleWindow
from kbench.catalogue.patterns import pattern
from kbench.errors import Unavailable
from kbench.kvm import System
from kbench.worker import threads
from kbench.worker.crosscheck import pcpu
from kbench.worker.crosscheck.counters import read
from kbench.worker.crosscheck.delta import Delta
from kbench.worker.idle.accounted import busy, busy_figures
from kbench.worker.idle.window import Window
from kbench.worker.idle.windowed import LOOP_NS, WindowedMeasurement


class Control(WindowedMeasurement):
    """One window of about `loops` x 10 ms a run; the histogram has how late the waker was."""

    def __init__(self, benchmark: IdleWindow, eventfd: int, tsc_khz: int) -> None:
        super().__init__(benchmark, None, "none", tsc_khz)
        self._source = wake_sources.eventfd(eventfd)
        self._pattern = pattern(benchmark.pattern)
        self.events_per_loop = self._pattern.per_second * LOOP_NS / 1e9
        self._pcpu = min(self.where.vcpus[0].cpus)
        self._run = ffi.new("struct kvm_run *")
        self._nobody = VcpuThread(-1, int(ffi.cast("uintptr_t", self._run)), 1)

    def run(self, loops: int) -> float:
        """Let the waker alone for about `loops` x 10 ms; in ns, `loops` times the value."""
        self.seed_index += 1
        events = self._pattern.schedule(loops * LOOP_NS, self.seed_index)
        count = len(events.times)
        log = waker.WakerLog(count)
        with threads.running(self.where.waker, [], lambda: None) as team:
            begin = read([], [], [], idle_of=self._pcpu, closing=False)
            start = waker.monotonic_ns()
            waker.fire_at(
                array("q", [start + time for time in events.times]), bytes(count),
                (self._source,), self._nobody, self.histogram.tsc_khz, 0,
                events.length - events.times[-1], log,
            )  # fmt: skip
            end = read([], [], [], idle_of=self._pcpu, closing=True)
        delta = Delta(begin, end)
        self.record(at - due for at, due in zip(log.fired, log.planned, strict=True))
        nobody: array[int] = array("Q")
        window = Window(
            log.planned, log.fired, log.raised, None, [], nobody, delta, frozenset(team.notes)
        )
        self.count(window, due=count, handled=count, woken=0)
        return loops * max(1.0, delta.wall - (delta.idle or 0)) / delta.wall * 1e9

    def figures(self) -> dict[str, float]:
        return busy_figures(self.counters)

    def derived(self) -> dict[str, int | float]:
        return busy(self.counters)

    def marks(self) -> dict[str, str]:
        return super().marks() | {"event_source": "waker-eventfd", "pcpu_account": pcpu.source()}

    def value(self) -> float | None:
        counters = self.counters
        if not counters.get("wall_s"):
            return None
        return max(1.0, (1 - counters["pcpu_idle_s"] / counters["wall_s"]) * 1e9)


@contextmanager
def prepare(benchmark: IdleWindow) -> Iterator[Control]:
    """The measurement of a pCPU without a vCPU; KVM is only asked for the TSC's frequency.

    Raises Unavailable where nothing says how long a pCPU was idle.
    """
    if (source := pcpu.source()).startswith("none"):
        raise Unavailable(f"the idle time of a pCPU is unknown: {source.removeprefix('none: ')}")
    with System() as system, system.create_vm() as vm, vm.create_vcpu() as vcpu:
        tsc_khz = vcpu.get_tsc_khz()
    fd = os.eventfd(0, os.EFD_CLOEXEC)
    try:
        measurement = Control(benchmark, fd, tsc_khz)
        measurement.warm_up(1)
        yield measurement
    finally:
        os.close(fd)
