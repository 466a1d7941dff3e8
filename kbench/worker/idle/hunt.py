# SPDX-License-Identifier: MIT
"""Family `hunt`: work arrives at an empty queue, and the VMM hunts for an idle vCPU to do it.

"When work is added to an empty workqueue, the VMM will want to hunt for a vCPU which is
currently idle and then signal it to exit" (David Woodhouse, 2023-09-23). The histogram is
from the planned arrival to the start of the work in the vCPU's thread.

`kick`: the VMM knows what it saw at the last idle exit, else nothing, and signals; `flag`: it
reads the extension's idle_flag (M4) in kvm_run first, `byte` mp_state there (M9), and `poll`
asks poll(2) of all vCPUs (M8). `eventfd`: nobody hunts. The threads of halted vCPUs wait in
poll(2) for their vCPU and for the queue's eventfd, and who comes first has the work.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from kbench._abi import lib
from kbench._native import wake_sources
from kbench._native.work import WorkQueue
from kbench.catalogue import Benchmark
from kbench.catalogue.policies import policy
from kbench.kvm import extension
from kbench.worker.idle.idle import AFTER_NS
from kbench.worker.idle.player import Stage
from kbench.worker.idle.wake import FIRST, arrivals
from kbench.worker.idle.window import Plan
from kbench.worker.idle.windowed import WindowedMeasurement
from kbench.worker.vm import idle_vm
from kbench.worker.vm.idle_vm import IdleVm

ROUNDS = 1
NEEDS = {
    "flag": "KVM_KBENCH_IDLE_FLAG",
    "poll": "KVM_KBENCH_VCPU_POLL",
    "byte": "KVM_KBENCH_RUN_MP_STATE",
    "eventfd": "KVM_KBENCH_VCPU_POLL",
}


class Hunt(WindowedMeasurement):
    """Hunts `loops` times a run; all vCPUs idle, and none has an event of its own."""

    def __init__(self, benchmark: Benchmark, machine: IdleVm, eventfd: int) -> None:
        row = machine.policy
        super().__init__(benchmark, row, machine.image_sha256, machine.tsc_khz)
        self._queue = WorkQueue(4096, ROUNDS)
        flags = [lib.KB_IDLE_EOI if row.irqchip else 0] * benchmark.vcpus
        self._stage = Stage(machine, flags, self.where, queue=self._queue, in_lane=True)
        if benchmark.source == "eventfd":
            self._source = wake_sources.enqueue(self._queue, eventfd)
            for lane in self._stage.lanes:
                lane.listen(eventfd)
        else:
            self._source = wake_sources.hunt(self._queue, self._stage.lanes, benchmark.source)

    def run(self, loops: int) -> float:
        """Hunt `loops` times; the sum of the delays in ns."""
        self.turn += 1
        times = arrivals(self, loops)
        self._queue.reset()
        plan = Plan(times, (self._source,), times[-1] + AFTER_NS, margin=self.margin)
        before = self.histogram.total_ticks
        found = self._source.found
        window = self._stage.play(plan)
        self.add("hunts_found", self._source.found - found)
        begun = self._queue.starts
        self.record(max(0, at - due) for at, due in zip(begun, window.planned, strict=False))
        self.stage("late", (at - due for at, due in zip(window.fired, window.planned, strict=True)))
        self.count(window, due=loops, handled=len(begun), woken=0)
        total = self.histogram.nanoseconds(self.histogram.total_ticks - before)
        return self.took(total, len(begun))

    def close(self) -> None:
        self._stage.close()


@contextmanager
def prepare(benchmark: Benchmark) -> Iterator[Hunt]:
    """The VM and the measurement of a `hunt` row, after a few hunts that worked."""
    row = policy(benchmark.policy)
    with ExitStack() as stack:
        machine = stack.enter_context(idle_vm.build(row, benchmark.vcpus))
        if needs := NEEDS.get(benchmark.source):
            extension.require(machine.system, getattr(lib, needs), needs)
            switched = {needs, *([row.needs] if row.switched else [])}
            on = sum(getattr(lib, name) for name in switched)
            for each in machine.vcpus:
                extension.enable(each.vcpu, on)
        eventfd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        stack.callback(os.close, eventfd)
        measurement = Hunt(benchmark, machine, eventfd)
        stack.callback(measurement.close)
        measurement.probe(FIRST)
        yield measurement
