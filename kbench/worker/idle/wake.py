# SPDX-License-Identifier: MIT
"""Family `wake`: from the planned time of an event to its acknowledgement in userspace.

Stages: `late` (planned -> fired: how late the waker was), `guest` (fired -> the guest's
handler starts) and `ack` (handler -> its report reaches userspace). A signal enters no
handler: its `ack` is fired -> KVM_RUN returns. Where the waker shares the vCPU's pCPU, the
vCPU cannot run before the waker has left it: `raise` (fired -> its system call has returned) and
`leave` (-> it has gone to sleep) come first then, and `guest` begins there.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from kbench._abi import lib
from kbench._native import wake_sources, waker
from kbench._native.vcpu_thread import VcpuThread
from kbench._native.wake_sources import WakeSource
from kbench.catalogue import IdleWindow
from kbench.catalogue.policies import policy
from kbench.catalogue.wake import monitors
from kbench.record import cpuidle
from kbench.worker.idle.arrivals import UNCOUNTED, arrivals
from kbench.worker.idle.player import WindowPlayer
from kbench.worker.idle.window import ANSWER_NS, Plan, Window
from kbench.worker.idle.windowed import WARMUP_EVENTS, WindowedMeasurement
from kbench.worker.vm import idle_vm
from kbench.worker.vm.idle_vm import IdleVm

REPORT = lib.KB_IDLE_REPORT
LINE = 64  # bytes of a cache line: further vCPUs monitor the next ones of the first one's page


class Wake(WindowedMeasurement):
    """Wakes the first vCPU `loops` times a run, from one wake source."""

    events_per_loop = 1.0

    def __init__(self, benchmark: IdleWindow, vm: IdleVm) -> None:
        row = vm.policy
        super().__init__(benchmark, row, vm.image_sha256, vm.tsc_khz)
        others = lib.KB_IDLE_EOI if row.irqchip else 0
        flags = REPORT | others
        if benchmark.wake_source == "timer":
            flags |= lib.KB_IDLE_TIMER
        for index, each in enumerate(vm.vcpus[1 : benchmark.vcpus], 1):
            each.regs.r13 = lib.KB_IDLE + lib.KB_IDLE_LINE + index * LINE
        # On its own pCPU the waker is in nobody's way.
        every = [flags, *[others] * (benchmark.vcpus - 1)]
        self._player = WindowPlayer(vm, every, self.where, accounts=self.where.shares_waker)
        self._source = wake_source(benchmark, vm, self._player.vcpu_threads[0])
        # What the vCPU's pCPU does is its own where nobody else is there.
        self._pcpu = min(self.where.vcpus[0].cpus) if self.where.own_pcpu else None

    def run(self, loops: int) -> float:
        """Wake it `loops` times; the sum of the latencies in ns."""
        self.seed_index += 1
        times = arrivals(self, loops)
        name = self.benchmark.wake_source
        plan = Plan(
            times, (self._source,), times[-1] + ANSWER_NS, armed=name == "timer", margin=self.margin
        )
        before = self.histogram.total_ticks
        window = self._play(plan)
        if name == "store_beside":
            return self._beside(window, before)
        acks, starts = window.acks, window.guests[0]
        if name == "timer":  # a deadline each, one armed after the other
            found: Sequence[int] = range(min(len(times), len(starts)))
        else:  # a kick enters no handler
            found = waker.answers(window.fired, acks if name == "signal" else starts)
        # The guest reports each event, so reports and events have the same indices.
        answered = enumerate(found[UNCOUNTED:], UNCOUNTED)
        events = [(n, at) for n, at in answered if 0 <= at < len(acks)]
        planned, fired = window.planned, window.fired
        self.record(acks[at] - planned[n] for n, at in events)
        if name != "timer":
            self.stage("late", (fired[n] - planned[n] for n, _ in events))
        ends, then = (acks, "ack") if name == "signal" else (starts, "guest")
        if window.leaving:
            reached = ((n, at, ends[at]) for n, at in events)
            self.left(reached, fired, window.raised, window.leaving, then)
        else:
            self.stage(then, (ends[at] - fired[n] for n, at in events))
        if name != "signal":
            self.stage("ack", (acks[at] - starts[at] for _, at in events))
        # A signal interrupts a halt that continues with the next KVM_RUN.
        woken = 0 if name == "signal" else len({at for _, at in events})
        self.count(window, due=loops, handled=len(events), woken=woken)
        total = self.histogram.nanoseconds(self.histogram.total_ticks - before)
        return self.took(total, len(events))

    def _play(self, plan: Plan) -> Window:
        """One window, and the idle states that the vCPU's pCPU entered meanwhile."""
        if self._pcpu is None:
            return self._player.play(plan)
        states = cpuidle.read(self._pcpu)
        window = self._player.play(plan)
        for name, value in cpuidle.counters(states, cpuidle.read(self._pcpu)).items():
            self.add(name, value)
        return window

    def _beside(self, window: Window, before: int) -> float:
        """A store that is nobody's event: what it takes until the storing vCPU has left."""
        events = range(UNCOUNTED, len(window.planned))
        self.record(window.raised[n] - window.planned[n] for n in events)
        self.stage("late", (window.fired[n] - window.planned[n] for n in events))
        self.stage("raise", (window.raised[n] - window.fired[n] for n in events))
        self.count(window, due=len(events), handled=len(events), woken=0)
        return self.took(
            self.histogram.nanoseconds(self.histogram.total_ticks - before), len(events)
        )

    def close(self) -> None:
        self._player.close()


def wake_source(benchmark: IdleWindow, vm: IdleVm, vcpu_thread: VcpuThread) -> WakeSource:
    """The wake source of a row, for the first vCPU of `vm`, run by `vcpu_thread`."""
    name = benchmark.wake_source
    if by_sibling(benchmark) and name != "ipi":
        sibling = vm.vcpus[benchmark.vcpus]
        # Beside: a line of the page that no vCPU monitors.
        line = benchmark.vcpus if name == "store_beside" else 0
        sibling.regs.r13 = lib.KB_IDLE + lib.KB_IDLE_LINE + line * LINE
        sibling.restart(lib.KB_IDLE_STORER)
        return wake_sources.enter(sibling.vcpu.fd)
    match name:
        case "timer":
            return wake_sources.timer()
        case "irqfd" | "eventfd":
            return wake_sources.eventfd(vm.eventfd)
        case "irqfd_ioapic":
            return wake_sources.eventfd(vm.ioapic_eventfd)
        case "signal_msi" | "nmi":
            message = "nmi" if name == "nmi" else "irq"
            return wake_sources.signal_msi(vm.vm.fd, vm.message_address(message))
        case "ipi":
            sibling = vm.vcpus[1]
            sibling.restart(lib.KB_IDLE_SENDER, peer=0)
            return wake_sources.enter(sibling.vcpu.fd)
        case "signal":
            return wake_sources.kick(vcpu_thread)
        case "store":
            return wake_sources.store(vm.vcpus[0].line_address)
    raise ValueError(name)


def by_sibling(benchmark: IdleWindow) -> bool:
    """Whether one more vCPU, which the waker enters, is what wakes."""
    monitored = monitors(policy(benchmark.policy))
    name = benchmark.wake_source
    return name in ("ipi", "store_vcpu", "store_beside") or (name == "store" and monitored)


@contextmanager
def prepare(benchmark: IdleWindow) -> Iterator[Wake]:
    """The VM and the measurement of a `wake` row, after a few wake-ups that worked."""
    row = policy(benchmark.policy)
    with ExitStack() as stack:
        vcpus = benchmark.vcpus + by_sibling(benchmark)
        vm = stack.enter_context(idle_vm.build(row, vcpus, huge=benchmark.huge))
        measurement = Wake(benchmark, vm)
        stack.callback(measurement.close)
        measurement.warm_up(WARMUP_EVENTS)
        yield measurement
