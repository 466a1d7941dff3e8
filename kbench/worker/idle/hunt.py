# SPDX-License-Identifier: MIT
"""Family `hunt`: work arrives at an empty queue, and the VMM looks for an idle vCPU to do it.

"When work is added to an empty workqueue, the VMM will want to hunt for a vCPU which is
currently idle and then signal it to exit" (David Woodhouse, 2023-09-23). The histogram is
from the planned arrival to the start of the work in the vCPU thread.

How the VMM finds an idle vCPU to signal: `kick` by what it saw at the last idle exit, `flag` by
kvm_run.flags (idle_flag), `byte` by mp_state in kvm_run (run_mp_state), `poll` by poll(2) of all
vCPUs (vcpu_poll). `ask` is the protocol that the flag is for: the VMM asks for a HLT exit by
kvm_run, passes a barrier, reads the flag, and signals only a vCPU in HLT; a busy one exits when
it would block (a HLT with an event pending makes no exit). `eventfd`: it need not. The threads of
halted vCPUs poll their vCPU and the queue's eventfd, and the first to wake takes the work.
"""

import os
from array import array
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from kbench._abi import lib
from kbench._native import wake_sources
from kbench._native.work import WorkQueue
from kbench.catalogue import IdleWindow
from kbench.catalogue.policies import policy
from kbench.kvm import extension
from kbench.record.recording import Recording
from kbench.worker.idle.arrivals import UNCOUNTED, arrivals
from kbench.worker.idle.player import WindowPlayer
from kbench.worker.idle.window import ANSWER_NS, STAMP_CAPACITY, Plan
from kbench.worker.idle.windowed import WARMUP_EVENTS, WindowedMeasurement
from kbench.worker.vm import idle_vm
from kbench.worker.vm.idle_vm import IdleVm

WORK_ROUNDS = 1  # of an item: next to nothing
LOOKS = ("kick", "flag", "poll", "byte", "ask")  # methods by which the VMM looks for an idle vCPU
BLIND = (
    "{:,} of {:,} hunts found an idle vCPU: the others signalled the next one in turn, "
    "whatever it did (a blind kick)"
)
ASKED = (
    "{:,} of {:,} hunts found a vCPU in HLT: the others signalled nobody, and the next vCPU "
    "that would block exits and takes the work"
)
NEEDS = {
    "flag": ("KVM_KBENCH_IDLE_FLAG",),
    "poll": ("KVM_KBENCH_VCPU_POLL",),
    "byte": ("KVM_KBENCH_RUN_MP_STATE",),
    "ask": ("KVM_KBENCH_IDLE_FLAG", "KVM_KBENCH_USERSPACE_EXITS"),
    "eventfd": ("KVM_KBENCH_VCPU_POLL",),
}


class Hunt(WindowedMeasurement):
    """Hunts `loops` times a run; no event wakes a guest, and all vCPUs but the busy ones idle."""

    events_per_loop = 1.0

    def __init__(self, benchmark: IdleWindow, vm: IdleVm, eventfd: int) -> None:
        row = vm.policy
        super().__init__(benchmark, row, vm.image_sha256, vm.tsc_khz)
        self._queue = WorkQueue(STAMP_CAPACITY, WORK_ROUNDS)
        idle = lib.KB_IDLE_EOI if row.irqchip else 0
        flags = [idle | lib.KB_IDLE_BUSY] * benchmark.busy
        flags += [idle] * (benchmark.vcpus - benchmark.busy)
        self._player = WindowPlayer(
            vm,
            flags,
            self.where,
            queue=self._queue,
            in_vcpu_thread=True,
            accounts=self.where.shares_waker,
        )
        if benchmark.method == "ask":
            for vcpu_thread in self._player.vcpu_threads:
                vcpu_thread.let_ask()
        if benchmark.method == "eventfd":
            self._source = wake_sources.enqueue(self._queue, eventfd)
            for vcpu_thread in self._player.vcpu_threads:
                vcpu_thread.listen(eventfd)
        else:
            self._source = wake_sources.hunt(
                self._queue, self._player.vcpu_threads, benchmark.method
            )

    def run(self, loops: int) -> float:
        """Hunt `loops` times; the sum of the delays in ns."""
        self.seed_index += 1
        times = arrivals(self, loops)
        self._queue.reset()
        self._source.reset()
        plan = Plan(times, (self._source,), times[-1] + ANSWER_NS, margin=self.margin)
        before = self.histogram.total_ticks
        window = self._player.play(plan)
        begun = self._queue.starts
        fired, planned = window.fired, window.planned
        events = range(UNCOUNTED, len(begun))
        self.record(max(0, begun[n] - planned[n]) for n in events)
        self.stage("late", (fired[n] - planned[n] for n in range(UNCOUNTED, len(times))))
        if window.leaving:
            done = [(n, n, begun[n]) for n in events if begun[n] >= window.raised[n]]
            self.left(done, fired, window.raised, window.leaving, "begin")
        if self.benchmark.method in LOOKS:
            self._looked(events, begun, planned)
        self.count(window, due=loops, handled=len(events), woken=0)
        total = self.histogram.nanoseconds(self.histogram.total_ticks - before)
        return self.took(total, len(events))

    def _looked(self, events: range, begun: "array[int]", planned: "array[int]") -> None:
        """Tell the hunts that found an idle vCPU from those that signalled one blindly."""
        hits = self._source.hits
        delays = [(hits[n], max(0, begun[n] - planned[n])) for n in events]
        self.stage("found", (delay for hit, delay in delays if hit))
        asks = self.benchmark.method == "ask"
        missed = "asked" if asks else "blind"
        self.stage(missed, (delay for hit, delay in delays if not hit))
        self.add("hunts", len(delays))
        # Those of the counted hunts: only `ask` sends none where it finds none.
        uncounted = sum(1 for hit in hits[:UNCOUNTED] if hit or not asks)
        self.add("hunt_signals", self._source.signals - uncounted)
        self.add("hunts_found", sum(hit for hit, _ in delays))

    def recording(self) -> Recording:
        found, hunts = (int(self.counters.get(name, 0)) for name in ("hunts_found", "hunts"))
        if found < hunts:
            self.warn((ASKED if self.benchmark.method == "ask" else BLIND).format(found, hunts))
        return super().recording()

    def close(self) -> None:
        self._player.close()


@contextmanager
def prepare(benchmark: IdleWindow) -> Iterator[Hunt]:
    """The VM and the measurement of a `hunt` row, after a few hunts that worked."""
    row = policy(benchmark.policy)
    with ExitStack() as stack:
        needs = NEEDS.get(benchmark.method, ())
        vm = stack.enter_context(idle_vm.build(row, benchmark.vcpus, needs=needs))
        if needs:
            on = extension.bits((*needs, *row.switched))
            for each in vm.vcpus:
                extension.enable(each.vcpu, on)
        eventfd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        stack.callback(os.close, eventfd)
        measurement = Hunt(benchmark, vm, eventfd)
        stack.callback(measurement.close)
        measurement.warm_up(WARMUP_EVENTS)
        yield measurement
