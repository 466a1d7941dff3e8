# SPDX-License-Identifier: MIT
"""Family `idle`: CPU time of an idle vCPU, its wakeup latency, and how many events it handles.

The value of a run is CPU seconds of a vCPU thread per second of the guest; where the VMM emulates
the guest's timer, its thread's CPU time is part of it. The histogram has the wake-ups of the same
windows, from the planned time of an event to the start of the guest's handler. The measurement
itself causes no exit to userspace.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise

from kbench._abi import lib
from kbench._native import wake_sources, waker
from kbench.catalogue import IdleWindow
from kbench.catalogue.policies import policy
from kbench.worker.idle.accounted import AccountedMeasurement, require_pcpus
from kbench.worker.idle.player import WindowPlayer
from kbench.worker.idle.window import Plan, Window
from kbench.worker.idle.windowed import LOOP_NS
from kbench.worker.vm import idle_vm
from kbench.worker.vm.idle_vm import IdleVm

# Patterns whose idle periods are short enough for KVM's halt_poll_ns to grow.
SHORT_IDLE_PERIODS = ("storage", "pingpong")


class Idle(AccountedMeasurement):
    """One window of about `loops` x 10 ms a run, in which events wake the first vCPU.

    Further vCPUs run the same guest and no event wakes them; the value is the mean of all.
    """

    def __init__(self, benchmark: IdleWindow, vm: IdleVm) -> None:
        super().__init__(benchmark, vm)
        flags = lib.KB_IDLE_EOI if vm.policy.irqchip else 0
        if self.pattern.kind == "pingpong":
            flags |= lib.KB_IDLE_ANSWER
        # Without a LAPIC the VMM has to be the timer.
        self._lapic, self._vmm = self.source == "lapic-timer", self.source == "vmm-timer"
        if self._vmm:
            self.account = "vcpu+vmm-timer"
        first = flags | (lib.KB_IDLE_TIMER if self._lapic else 0)
        others = [flags] * (len(vm.vcpus) - 1)
        self._player = WindowPlayer(vm, [first, *others], self.where)
        self._sources = (wake_sources.eventfd(vm.eventfd),)

    def run(self, loops: int) -> float:
        """Idle for about `loops` x 10 ms; `loops` times the CPU time per guest second, in ns."""
        self.seed_index += 1
        events = self.pattern.schedule(loops * LOOP_NS, self.seed_index)
        window = self._player.play(
            Plan(
                events.times,
                self._sources,
                events.length,
                armed=self._lapic,
                vmm_timer=self._vmm,
            )
        )
        kind = self.pattern.kind
        if kind == "pingpong":
            self._pingpong(window)
            due = handled = window.delta.tally("events")
        else:
            due, handled = len(events.times), self._events(window)
        woken = sum(window.inside(stamps) for stamps in window.guests)
        self.count(window, due=due, handled=handled, woken=woken, polls=kind in SHORT_IDLE_PERIODS)
        cpu = window.delta.cpu
        timer = window.delta.helpers[0] if self._vmm else 0
        if self._vmm:
            self.add("timer_cpu_s", timer / 1e9)
            self.add("cpu_s", timer / 1e9)
        # pyperf refuses values that are not above 0: a nanosecond per second stands for nothing.
        return loops * max(1.0, (sum(cpu) + timer) / len(cpu) / window.delta.wall * 1e9)

    def _events(self, window: Window) -> int:
        """Record each event's wake-up; how many were handled before the window's end."""
        starts = window.guests[0]
        if self._lapic:
            found: Sequence[int] = range(min(len(window.planned), len(starts)))
        else:
            found = waker.answers(window.fired, starts)
            self.stage("late", (f - p for f, p in zip(window.fired, window.planned, strict=True)))
        pairs = [(n, at) for n, at in enumerate(found) if at >= 0]
        self.record(starts[at] - window.planned[n] for n, at in pairs)
        return window.inside(starts[at] for _, at in pairs)

    def _pingpong(self, window: Window) -> None:
        """Record half of each round trip between the two guests."""
        starts = window.guests[0]
        self.record(
            (after - before) // 2
            for before, after in pairwise(starts)
            if after <= window.delta.end.tsc
        )

    def value(self) -> float | None:
        wall = self.counters.get("wall_s")
        if not wall:
            return None
        return max(1.0, self.counters["cpu_s"] / wall / len(self._player.vcpu_threads) * 1e9)

    def close(self) -> None:
        self._player.close()


@contextmanager
def prepare(benchmark: IdleWindow) -> Iterator[Idle]:
    """The VM and the measurement of an `idle` row, after a window that worked."""
    row = policy(benchmark.policy)
    require_pcpus(row, benchmark.vcpus)
    with ExitStack() as stack:
        vm = stack.enter_context(idle_vm.build(row, benchmark.vcpus))
        measurement = Idle(benchmark, vm)
        stack.callback(measurement.close)
        measurement.warm_up(1)
        yield measurement
