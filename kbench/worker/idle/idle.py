# SPDX-License-Identifier: MIT
"""Family `idle`: what an idle vCPU burns, how late it wakes, and whether the guest gets on.

The value of a run is CPU seconds of a vCPU's thread per second of the guest; the
histogram has the wake-ups of the same windows, from the planned time of an event to the start
of the guest's handler. Nothing leaves KVM_RUN for the sake of the measurement.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise

from kbench._abi import lib
from kbench._native import wake_sources, waker
from kbench.catalogue import Benchmark
from kbench.catalogue.patterns import Pattern, pattern
from kbench.catalogue.policies import policy
from kbench.worker.idle.player import Stage
from kbench.worker.idle.window import Plan, Window
from kbench.worker.idle.windowed import WindowedMeasurement
from kbench.worker.vm import idle_vm
from kbench.worker.vm.idle_vm import IdleVm

WINDOW_NS = 10_000_000  # of one loop
AFTER_NS = 5_000_000  # for the last event's answer
# Patterns whose idle periods are short enough for KVM's dynamic limit of polling to grow.
SHORT = ("storage", "pingpong")
PINGPONG_START_NS = 1_000_000


class Idle(WindowedMeasurement):
    """One window of `loops` x 10 ms a run, in which a pattern of events wakes the first vCPU.

    With several vCPUs the others run the same guest and no event wakes them; the value
    is the mean of all.
    """

    def __init__(self, benchmark: Benchmark, machine: IdleVm, what: Pattern) -> None:
        row = machine.policy
        super().__init__(benchmark, row, machine.image_sha256, machine.tsc_khz)
        self._pattern = what
        # Without a LAPIC the VMM has to be the timer.
        self._timer = what.timer and row.irqchip
        flags = lib.KB_IDLE_EOI if row.irqchip else 0
        if what.kind == "pingpong":
            flags |= lib.KB_IDLE_ANSWER
        first = flags | (lib.KB_IDLE_TIMER if self._timer else 0)
        others = [flags] * (len(machine.vcpus) - 1)
        self._stage = Stage(machine, [first, *others], self.where)
        self._sources = (wake_sources.eventfd(machine.eventfd),)

    def run(self, loops: int) -> float:
        """Idle for `loops` x 10 ms; `loops` times the CPU time per guest second, in ns."""
        self.turn += 1
        length = loops * WINDOW_NS
        kind = self._pattern.kind
        if kind == "pingpong":
            times: Sequence[int] = [PINGPONG_START_NS]
        else:
            times = self._pattern.schedule(length - AFTER_NS, self.turn)
        window = self._stage.play(Plan(times, self._sources, length, armed=self._timer))
        answered = self._pingpong(window) if kind == "pingpong" else self._events(window)
        woken = sum(map(len, window.guests))
        due = woken if kind == "pingpong" else len(times)
        self.count(window, due=due, handled=answered, woken=woken, polls=kind in SHORT)
        return loops * share(window) * 1e9

    def _events(self, window: Window) -> int:
        """Record each event's wake-up; how many were answered."""
        starts = window.guests[0]
        if self._timer:
            found: Sequence[int] = range(min(len(window.planned), len(starts)))
        else:
            found = waker.answers(window.fired, starts)
            self.stage("late", (f - p for f, p in zip(window.fired, window.planned, strict=True)))
        pairs = [(n, at) for n, at in enumerate(found) if at >= 0]
        self.record(starts[at] - window.planned[n] for n, at in pairs)
        return len(pairs)

    def _pingpong(self, window: Window) -> int:
        """Record half of each round trip between the two guests."""
        starts = window.guests[0]
        self.record((after - before) // 2 for before, after in pairwise(starts))
        return sum(map(len, window.guests))

    def value(self) -> float | None:
        wall = self.counters.get("wall_s")
        if not wall:
            return None
        # pyperf wants values above 0: a nanosecond a second stands for nothing at all.
        return max(1.0, self.counters["cpu_s"] / wall / len(self._stage.lanes) * 1e9)

    def close(self) -> None:
        self._stage.close()


def share(window: Window) -> float:
    """CPU seconds of a vCPU's thread per second, above 0."""
    cpu = window.delta.cpu
    return max(1e-9, sum(cpu) / len(cpu) / window.delta.wall)


@contextmanager
def prepare(benchmark: Benchmark) -> Iterator[Idle]:
    """The VM and the measurement of an `idle` row, after a window that worked."""
    with ExitStack() as stack:
        machine = stack.enter_context(idle_vm.build(policy(benchmark.policy), benchmark.vcpus))
        measurement = Idle(benchmark, machine, pattern(benchmark.pattern))
        stack.callback(measurement.close)
        measurement.probe(1)
        yield measurement
