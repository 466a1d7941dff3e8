# SPDX-License-Identifier: MIT
"""Family `idle`: CPU time of an idle vCPU, its wakeup latency, and how many events it handles.

The value of a run is CPU seconds of a vCPU thread per second of the guest. The histogram has
the wake-ups of the same windows, from the planned time of an event to the start of the
guest's handler. The measurement itself causes no exit to userspace.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise

from kbench._abi import lib
from kbench._native import wake_sources, waker
from kbench.catalogue import IdleWindow
from kbench.catalogue.patterns import pattern
from kbench.catalogue.policies import policy
from kbench.worker.idle.player import WindowPlayer
from kbench.worker.idle.window import ANSWER_NS, Plan, Window
from kbench.worker.idle.windowed import LOOP_NS, WindowedMeasurement
from kbench.worker.vm import idle_vm
from kbench.worker.vm.idle_vm import IdleVm

# Patterns whose idle periods are short enough for KVM's halt_poll_ns to grow.
SHORT_IDLE_PERIODS = ("storage", "pingpong")
PINGPONG_START_NS = 1_000_000


class Idle(WindowedMeasurement):
    """One window of `loops` x 10 ms a run, in which a pattern of events wakes the first vCPU.

    Further vCPUs run the same guest and no event wakes them; the value is the mean of all.
    """

    def __init__(self, benchmark: IdleWindow, vm: IdleVm) -> None:
        row = vm.policy
        super().__init__(benchmark, row, vm.image_sha256, vm.tsc_khz)
        self._pattern = what = pattern(benchmark.pattern)
        # Without a LAPIC the VMM has to be the timer.
        self._timer = what.timer and row.irqchip
        flags = lib.KB_IDLE_EOI if row.irqchip else 0
        if what.kind == "pingpong":
            flags |= lib.KB_IDLE_ANSWER
        first = flags | (lib.KB_IDLE_TIMER if self._timer else 0)
        others = [flags] * (len(vm.vcpus) - 1)
        self._player = WindowPlayer(vm, [first, *others], self.where)
        self._sources = (wake_sources.eventfd(vm.eventfd),)

    def run(self, loops: int) -> float:
        """Idle for `loops` x 10 ms; `loops` times the CPU time per guest second, in ns."""
        self.seed_index += 1
        length = loops * LOOP_NS
        kind = self._pattern.kind
        if kind == "pingpong":
            times: Sequence[int] = [PINGPONG_START_NS]
        else:
            times = self._pattern.schedule(length - ANSWER_NS, self.seed_index)
        window = self._player.play(Plan(times, self._sources, length, armed=self._timer))
        answered = self._pingpong(window) if kind == "pingpong" else self._events(window)
        woken = sum(map(len, window.guests))
        due = woken if kind == "pingpong" else len(times)
        self.count(window, due=due, handled=answered, woken=woken, polls=kind in SHORT_IDLE_PERIODS)
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
        # pyperf refuses values that are not above 0: a nanosecond per second stands for nothing.
        return max(1.0, self.counters["cpu_s"] / wall / len(self._player.vcpu_threads) * 1e9)

    def close(self) -> None:
        self._player.close()


def share(window: Window) -> float:
    """CPU seconds of a vCPU thread per second, above 0."""
    cpu = window.delta.cpu
    return max(1e-9, sum(cpu) / len(cpu) / window.delta.wall)


@contextmanager
def prepare(benchmark: IdleWindow) -> Iterator[Idle]:
    """The VM and the measurement of an `idle` row, after a window that worked."""
    with ExitStack() as stack:
        vm = stack.enter_context(idle_vm.build(policy(benchmark.policy), benchmark.vcpus))
        measurement = Idle(benchmark, vm)
        stack.callback(measurement.close)
        measurement.warm_up(1)
        yield measurement
