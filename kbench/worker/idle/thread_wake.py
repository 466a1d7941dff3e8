# SPDX-License-Identifier: MIT
"""`floor.thread_wake`: what waking any thread costs, the floor of every vCPU wake-up.

The same waker, places and priorities; the thread blocks in read(2) of an eventfd.
"""

import os
import threading
import time
from array import array
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from kbench._abi import ffi
from kbench._native import helpers, wake_sources, waker
from kbench._native.vcpu_thread import VcpuThread
from kbench.catalogue import IdleWindow
from kbench.kvm import System
from kbench.worker import threads
from kbench.worker.idle.arrivals import UNCOUNTED, arrivals
from kbench.worker.idle.window import ANSWER_NS, STAMP_CAPACITY, check_events, leaving
from kbench.worker.idle.windowed import WARMUP_EVENTS, WindowedMeasurement

LEAD_NS = 12_000_000  # from the start of the thread to the first event


class ThreadWake(WindowedMeasurement):
    """Wakes a thread `loops` times a run."""

    events_per_loop = 1.0

    def __init__(self, benchmark: IdleWindow, eventfd: int, tsc_khz: int) -> None:
        self._eventfd = eventfd
        self._run = ffi.new("struct kvm_run *")  # a kick sets its immediate_exit
        self._thread = VcpuThread(-1, int(ffi.cast("uintptr_t", self._run)), STAMP_CAPACITY)
        super().__init__(benchmark, None, "none", tsc_khz)
        self._accounts = self.where.shares_waker
        if self._accounts:
            self._thread.note_waker(time.pthread_getcpuclockid(threading.get_ident()))

    def run(self, loops: int) -> float:
        """Wake it `loops` times; the sum of the latencies in ns."""
        check_events(UNCOUNTED + loops)
        self.seed_index += 1
        times = arrivals(self, loops)
        log = waker.WakerLog(len(times), self._accounts)
        where, thread = self.where, self._thread
        thread.reset()
        jobs = [(where.vcpus[0], lambda: helpers.echo(thread, self._eventfd))]
        with threads.running(where.waker, jobs, thread.stop) as team:
            start = waker.monotonic_ns() + LEAD_NS
            waker.fire_at(
                array("q", [start + time for time in times]), bytes(len(times)),
                (wake_sources.eventfd(self._eventfd),), thread, self.histogram.tsc_khz, self.margin,
                ANSWER_NS, log,
            )  # fmt: skip
        acks = thread.stamps
        found = waker.answers(log.fired, acks)
        events = [(n, at) for n, at in enumerate(found[UNCOUNTED:], UNCOUNTED) if at >= 0]
        before = self.histogram.total_ticks
        self.record(acks[at] - log.planned[n] for n, at in events)
        self.stage("late", (log.fired[n] - log.planned[n] for n, _ in events))
        if self._accounts:
            left = leaving(log, thread.waker_cpu, self.histogram.tsc_khz)
            self.left([(n, at, acks[at]) for n, at in events], log.fired, log.raised, left, "read")
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
