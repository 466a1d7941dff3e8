# SPDX-License-Identifier: MIT
"""Family `work`: what is left of the pCPU for the VMM's own work while a vCPU idles on it.

The work is a queue of items of equal cost. It is done in the vCPU's thread where the policy
makes idling an exit to userspace, in slices; else by another thread on the same pCPU. The
guest is woken by a device meanwhile.

`batch`, `nice19`: there is always another item; the value is the wall time an item takes,
the histogram the guest's wake-ups (planned -> handler). nice19 does it at that priority.
`urgent`: items arrive at random; the histogram is the delay from the planned arrival to the start
of the work, the stage `wake` the guest's wake-ups.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from os import EFD_CLOEXEC, close, eventfd

from kbench._abi import lib
from kbench._loops import waker
from kbench._loops.lanes import Queue
from kbench.benches import Benchmark
from kbench.patterns import Pattern, pattern
from kbench.policies import policy
from kbench.worker.idling import crew, vm
from kbench.worker.idling.idle import AFTER_NS, WINDOW_NS
from kbench.worker.idling.scenario import Scenario
from kbench.worker.idling.vm import IdleVm
from kbench.worker.idling.window import Plan, Stage, Window

ROUNDS = 5_000  # of an item: some 5 us, or 25,000 instructions
ARRIVALS = Pattern(name="arrivals", title="work", kind="poisson", rate=500, seed=2)
NICE = 19
GUEST, WORK = 0, 1  # which source fires


class Work(Scenario):
    """One window of `loops` x 50 ms a run."""

    alone = False

    def __init__(self, benchmark: Benchmark, machine: IdleVm, stack: ExitStack) -> None:
        row = machine.policy
        self._urgent = benchmark.source == "urgent"
        self._pattern = pattern(benchmark.pattern)
        self._queue = Queue(4096, ROUNDS)
        in_lane = row.in_userspace
        helper_fd = None
        if not in_lane and self._urgent:
            helper_fd = eventfd(0, EFD_CLOEXEC)
            stack.callback(close, helper_fd)
        elif not in_lane:
            helper_fd = -1
        vcpus = len(machine.vcpus)
        nice = NICE if benchmark.source == "nice19" else 0
        where = crew.places(vcpus, busy=row.busy, fair=True, nice=nice, pinned=benchmark.pinned)
        flags = [lib.KB_IDLE_EOI if row.irqchip else 0] * vcpus
        self._stage = stage = Stage(
            machine, flags, where, queue=self._queue, in_lane=in_lane, helper_fd=helper_fd
        )
        stack.callback(stage.close)
        if helper_fd is not None:
            arrive = waker.enqueue(self._queue, helper_fd)
        elif row.busy:  # it leaves KVM_RUN by itself, again and again
            arrive = waker.enqueue(self._queue, -1)
        else:
            arrive = waker.hunt(self._queue, stage.lanes)
        self._sources = (waker.eventfd(machine.eventfd), arrive)
        super().__init__(benchmark, row, machine.image_sha256, stage.tsc_khz)

    def run(self, loops: int) -> float:
        """Work for `loops` x 50 ms; in ns, `loops` times the value."""
        self.turn += 1
        length = loops * WINDOW_NS
        events = [(time, GUEST) for time in self._pattern.schedule(length - AFTER_NS, self.turn)]
        if self._urgent:
            arrivals = ARRIVALS.schedule(length - AFTER_NS, self.turn)
            events = sorted(events + [(time, WORK) for time in arrivals])
        which = bytes(kind for _, kind in events)
        self._queue.reset(endless=not self._urgent)
        done: list[int] = []
        plan = Plan([time for time, _ in events], self._sources, length, which)
        window = self._stage.play(plan, lambda: done.append(self._queue.done))
        items = max(1, done[-1] - done[-2])
        self._count(window, which, items)
        if self._urgent:
            return loops * self.histogram.total / max(1, self.histogram.count)
        return loops * window.spent.wall / items

    def _count(self, window: Window, which: bytes, items: int) -> None:
        wakes = [n for n, kind in enumerate(which) if kind == GUEST]
        starts = window.guests[0]
        found = waker.answers(window.fired, starts)
        woken = [(n, found[n]) for n in wakes if found[n] >= 0]
        late = [starts[at] - window.planned[n] for n, at in woken]
        if self._urgent:
            arrivals = [n for n, kind in enumerate(which) if kind == WORK]
            begun: Sequence[int] = self._queue.starts
            # Item k is the k-th arrival; the last ones may not have begun.
            pairs = zip(arrivals, begun, strict=False)
            self.record(max(0, at - window.planned[n]) for n, at in pairs)
            self.stage("wake", late)
        else:
            self.record(late)
        due = len({at for _, at in woken})
        # Work in the vCPU's thread keeps it from halting again between two events.
        halts = 0 if self._stage.in_lane else due
        self.count(window, due=len(wakes), handled=len(woken), woken=halts, polls=False)
        spent = {"work_items": items, "worker_cpu_s": window.helper_cpu / 1e9}
        for name, value in spent.items():
            self.counters[name] = self.counters.get(name, 0) + value

    def value(self) -> float | None:
        if self._urgent:
            return None
        return self.counters.get("wall_s", 0) * 1e9 / max(1, self.counters.get("work_items", 1))

    def derived(self) -> dict[str, int | float]:
        cpu, wall = self.counters.get("cpu_s", 0), self.counters.get("wall_s") or 1
        beside = self.counters.get("worker_cpu_s", 0)
        fairness = {"worker_share": round(beside / (cpu + beside), 6)} if beside else {}
        rate = {"work_per_s": round(self.counters.get("work_items", 0) / wall, 3)}
        return super().derived() | rate | fairness


@contextmanager
def prepare(benchmark: Benchmark) -> Iterator[Work]:
    """The VM and the measurement of a `work` row, after a window that worked."""
    with ExitStack() as stack:
        machine = stack.enter_context(vm.build(policy(benchmark.policy), benchmark.vcpus))
        measurement = Work(benchmark, machine, stack)
        measurement.probe(1)
        yield measurement
