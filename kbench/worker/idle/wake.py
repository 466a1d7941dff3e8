# SPDX-License-Identifier: MIT
"""Family `wake`: from the planned time of an event to its acknowledgement in userspace.

Stages: `late` (planned -> fired: the waker's own lateness), `guest` (fired -> the guest's
handler starts) and `ack` (handler -> its report is back in userspace; of a signal, which
enters no handler: fired -> KVM_RUN returns).
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from random import Random

from kbench._abi import lib
from kbench._native import wake_sources, waker
from kbench._native.wake_sources import WakeSource
from kbench.catalogue import Benchmark
from kbench.catalogue.policies import Policy, policy
from kbench.worker.idle.player import Stage
from kbench.worker.idle.window import Plan
from kbench.worker.idle.windowed import WindowedMeasurement
from kbench.worker.vm import idle_vm
from kbench.worker.vm.idle_vm import IdleVm

# Distances between events. Around a polling limit, where there is one, so that both the
# poll that succeeds and the one that fails are met.
GAP_NS = (200_000, 1_800_000)
AFTER_NS = 5_000_000
FIRST = 8  # wake-ups before anything is measured
REPORT = lib.KB_IDLE_REPORT


def gaps(row: Policy, random: Random, count: int, handling: int = 0) -> list[int]:
    """`count` absolute times in ns. `handling` of each distance the guest does not idle."""
    limit = row.poll_ns or row.spin_ns
    low, high = (limit // 4 + handling, 2 * limit + handling) if limit else GAP_NS
    times, now = [], 0
    for _ in range(count):
        now += random.randrange(low, high)
        times.append(now)
    return times


def arrivals(measurement: WindowedMeasurement, count: int) -> list[int]:
    """The next `count` times of `measurement`: other ones each turn, the same in every run."""
    assert measurement.policy is not None
    random = Random(f"{measurement.benchmark.name} {measurement.turn}")
    return gaps(measurement.policy, random, count, measurement.handling)


class Wake(WindowedMeasurement):
    """Wakes the first vCPU `loops` times a run, from one source."""

    def __init__(self, benchmark: Benchmark, machine: IdleVm) -> None:
        row = machine.policy
        super().__init__(benchmark, row, machine.image_sha256, machine.tsc_khz)
        flags = REPORT | (lib.KB_IDLE_EOI if row.irqchip else 0)
        if benchmark.source == "timer":
            flags |= lib.KB_IDLE_TIMER
        self._stage = Stage(machine, [flags], self.where)
        self._source = source(benchmark.source, machine, self._stage)

    def run(self, loops: int) -> float:
        """Wake it `loops` times; the sum of the latencies in ns."""
        self.turn += 1
        times = arrivals(self, loops)
        name = self.benchmark.source
        plan = Plan(
            times, (self._source,), times[-1] + AFTER_NS, armed=name == "timer", margin=self.margin
        )
        before = self.histogram.total_ticks
        window = self._stage.play(plan)
        acks, starts = window.acks, window.guests[0]
        if name == "timer":  # a deadline each, one armed after the other
            found: Sequence[int] = range(min(loops, len(starts)))
        else:  # a kick enters no handler
            found = waker.answers(window.fired, acks if name == "signal" else starts)
        # The guest reports each event, so reports and events have the same numbers.
        events = [(n, at) for n, at in enumerate(found) if 0 <= at < len(acks)]
        planned, fired = window.planned, window.fired
        self.record(acks[at] - planned[n] for n, at in events)
        if name != "timer":
            self.stage("late", (fired[n] - planned[n] for n, _ in events))
        if name == "signal":
            self.stage("ack", (acks[at] - fired[n] for n, at in events))
        else:
            self.stage("guest", (starts[at] - fired[n] for n, at in events))
            self.stage("ack", (acks[at] - starts[at] for _, at in events))
        # A signal takes the thread out of a halt that goes on with the next KVM_RUN.
        woken = 0 if name == "signal" else len({at for _, at in events})
        self.count(window, due=loops, handled=len(events), woken=woken)
        total = self.histogram.nanoseconds(self.histogram.total_ticks - before)
        return self.took(total, len(events))

    def close(self) -> None:
        self._stage.close()


def source(name: str, machine: IdleVm, stage: Stage) -> WakeSource:
    """The WakeSource called `name` for the first vCPU of `machine`."""
    match name:
        case "timer":
            return wake_sources.timer()
        case "irqfd" | "eventfd":
            return wake_sources.eventfd(machine.eventfd)
        case "irqfd_ioapic":
            return wake_sources.eventfd(machine.ioapic_eventfd)
        case "signal_msi" | "nmi":
            message = "nmi" if name == "nmi" else "irq"
            return wake_sources.signal_msi(machine.vm.fd, machine.message_address(message))
        case "ipi":
            sibling = machine.vcpus[1]
            sibling.restart(lib.KB_IDLE_SENDER, peer=0)
            return wake_sources.enter(sibling.vcpu.fd)
        case "signal":
            return wake_sources.kick(stage.lanes[0])
        case "store":
            return wake_sources.store(machine.vcpus[0].line_address)
    raise ValueError(name)


@contextmanager
def prepare(benchmark: Benchmark) -> Iterator[Wake]:
    """The VM and the measurement of a `wake` row, after a few wake-ups that worked."""
    row = policy(benchmark.policy)
    with ExitStack() as stack:
        vcpus = 2 if benchmark.source == "ipi" else 1
        machine = stack.enter_context(idle_vm.build(row, vcpus))
        measurement = Wake(benchmark, machine)
        stack.callback(measurement.close)
        measurement.probe(FIRST)
        yield measurement
