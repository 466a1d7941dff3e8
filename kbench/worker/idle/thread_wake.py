# SPDX-License-Identifier: MIT
"""`floor.thread_wake`: what waking any thread costs, the floor of every vCPU wake-up.

The same waker, places and priorities; the thread blocks in read(2) of an eventfd.
"""

import os
from array import array
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from kbench._abi import ffi
from kbench._native import helpers, wake_sources, waker
from kbench._native.vcpu_thread import VcpuThread
from kbench.catalogue import IdleWindow
from kbench.kvm import System
from kbench.worker import threads
from kbench.worker.idle.arrivals import arrivals
from kbench.worker.idle.window import STAMP_CAPACITY, check_events
from kbench.worker.idle.windowed import WARMUP_EVENTS, WindowedMeasurement

LEAD_NS = 12_000_000  # from the start of the thread to the first event


class ThreadWake(WindowedMeasurement):
    """Wakes a thread `loops` times a run."""

    def __init__(self, benchmark: IdleWindow, eventfd: int, tsc_khz: int) -> None:
        self._eventfd = eventfd
        self._run = ffi.new("struct kvm_run *")  # a kick sets its immediate_exit
        self._thread = VcpuThread(-1, int(ffi.cast("uintptr_t", self._run)), STAMP_CAPACITY)
        super().__init__(benchmark, None, "none", tsc_khz)

    def run(self, loops: int) -> float:
        """Wake it `loops` times; the sum of the latencies in ns."""
        check_events(loops)
        self.seed_index += 1
        times = arrivals(self, loops)
        planned, fired = array("Q", bytes(8 * loops)), array("Q", bytes(8 * loops))
        where, thread = self.where, self._thread
        thread.reset()
        jobs = [(where.vcpus[0], lambda: helpers.echo(thread, self._eventfd))]
        with threads.running(where.waker, jobs, thread.stop) as team:
            start = waker.monotonic_ns() + LEAD_NS
            waker.fire_at(
                array("q", [start + time for time in times]), bytes(loops),
                (wake_sources.eventfd(self._eventfd),), thread, self.histogram.tsc_khz, self.margin,
                planned, fired,
            )  # fmt: skip
            waker.sleep_until(start + times[-1] + LEAD_NS, thread)
        acks = thread.stamps
        found = waker.answers(fired, acks)
        before = self.histogram.total_ticks
        self.record(acks[at] - plan for at, plan in zip(found, planned, strict=True) if at >= 0)
        self.stage("late", (at - plan for at, plan in zip(fired, planned, strict=True)))
        for note in sorted(team.notes):
            self.warn(note)
        return self.histogram.nanoseconds(self.histogram.total_ticks - before)

    def derived(self) -> dict[str, int | float]:
        return {}


@contextmanager
def prepare(benchmark: IdleWindow) -> Iterator[ThreadWake]:
    """The thread and its eventfd; KVM is only asked for the TSC's frequency."""
    with ExitStack() as stack:
        system = stack.enter_context(System())
        with system.create_vm() as vm, vm.create_vcpu() as vcpu:
            tsc_khz = vcpu.get_tsc_khz()
        fd = os.eventfd(0, os.EFD_CLOEXEC)
        stack.callback(os.close, fd)
        measurement = ThreadWake(benchmark, fd, tsc_khz)
        measurement.run(WARMUP_EVENTS)
        measurement.reset()
        yield measurement
