# SPDX-License-Identifier: MIT
"""Family `work`: what is left of the pCPU for the VMM's own work while a vCPU idles on it.

The work is a queue of items of equal cost. Where the policy makes idling an exit to
userspace, the vCPU thread does it, in slices; else a helper thread on the same pCPU does. A
device wakes the guest meanwhile.

`batch`, `nice19`: there is always another item. The value is the wall time an item takes, the
histogram the guest's wake-ups (planned -> handler). In nice19 the helper has that nice value.
`competitor`, `competitor19`: the same as batch, and a task that never sleeps
competes for the pCPU, at nice 0 or 19: what is left for it?
`urgent`: items arrive at random; the histogram is the delay from the planned arrival to the start
of the work, the stage `wake` the guest's wake-ups.
`..._cgroups`: the vCPU's threads, the one that works and the competitor are in a cgroup each.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from os import EFD_CLOEXEC, close, eventfd, eventfd_write
from pathlib import Path

from kbench._abi import lib
from kbench._native import helpers, wake_sources, waker
from kbench._native.vcpu_thread import VcpuThread
from kbench._native.work import WorkQueue
from kbench.catalogue import IdleWindow
from kbench.catalogue.patterns import Pattern
from kbench.catalogue.policies import policy
from kbench.catalogue.work import described
from kbench.worker.cgroups import cgroups
from kbench.worker.idle.accounted import AccountedMeasurement, require_pcpus
from kbench.worker.idle.player import Helper, WindowPlayer
from kbench.worker.idle.window import STAMP_CAPACITY, Plan, Window
from kbench.worker.idle.windowed import LOOP_NS
from kbench.worker.vm import idle_vm
from kbench.worker.vm.idle_vm import IdleVm

WORK_ROUNDS = 5_000  # of an item: some 5 us, or 25,000 instructions
ARRIVALS = Pattern(name="arrivals", title="work", kind="poisson", rate=500, seed=2)
NICE = 19
COMPETITORS = ("competitor", "competitor19")
CGROUPS = ("vcpu", "work", "competitor")
GUEST, WORK = 0, 1  # which wake source fires
Body = Callable[[VcpuThread], object]


class Work(AccountedMeasurement):
    """One window of `loops` x 10 ms a run."""

    alone = False
    starves = True

    def __init__(
        self, benchmark: IdleWindow, vm: IdleVm, cgroup: Mapping[str, Path], stack: ExitStack
    ) -> None:
        super().__init__(benchmark, vm)
        self._urgent, self._in_vcpu_thread = benchmark.method == "urgent", vm.policy.in_userspace
        if self._in_vcpu_thread:
            self.account = "vcpu+work"
        self._queue = queue = WorkQueue(STAMP_CAPACITY, WORK_ROUNDS)
        arrivals = eventfd(0, EFD_CLOEXEC)
        stack.callback(close, arrivals)
        if cgroup:
            vcpus = tuple(replace(each, cgroup=cgroup["vcpu"]) for each in self.where.vcpus)
            self.where = replace(self.where, vcpus=vcpus)
        running = self._helpers(partial(helpers.work, queue, arrivals), cgroup)
        flags = [lib.KB_IDLE_EOI if vm.policy.irqchip else 0] * len(vm.vcpus)
        self._player = player = WindowPlayer(
            vm,
            flags,
            self.where,
            queue=queue,
            in_vcpu_thread=self._in_vcpu_thread,
            helpers=running,
            wake=lambda: eventfd_write(arrivals, 1),
        )
        stack.callback(player.close)
        if benchmark.slice:
            for vcpu_thread in player.vcpu_threads:
                vcpu_thread.work_for(*slice_(benchmark.slice, vm.tsc_khz))
        if not self._in_vcpu_thread:
            arrive = wake_sources.enqueue(queue, arrivals)
        elif vm.policy.busy:  # it exits again and again: no need to signal it
            arrive = wake_sources.enqueue(queue, -1)
        else:
            arrive = wake_sources.hunt(queue, player.vcpu_threads)
        self._sources = (wake_sources.eventfd(vm.eventfd), arrive)

    def _helpers(self, work: Body, cgroup: Mapping[str, Path]) -> list[Helper]:
        """The threads beside the vCPU's, on its pCPU; in a cgroup each where the row says so."""
        method = self.benchmark.method
        found: dict[str, tuple[int, Body]] = {}
        if not self._in_vcpu_thread:
            found["work"] = (NICE if method == "nice19" else 0, work)
        if method in COMPETITORS:
            found["competitor"] = (NICE if method == "competitor19" else 0, helpers.spin)
        here = self.where.helper
        return [
            (replace(here, nice=nice, cgroup=cgroup.get(name)), body)
            for name, (nice, body) in found.items()
        ]

    def run(self, loops: int) -> float:
        """Work for `loops` x 10 ms; in ns, `loops` times the value."""
        self.seed_index += 1
        wakes = self.pattern.schedule(loops * LOOP_NS, self.seed_index)
        events = [(time, GUEST) for time in wakes.times]
        if self._urgent:
            arrivals = ARRIVALS.schedule(wakes.length, self.seed_index)
            events = sorted(events + [(time, WORK) for time in arrivals.times])
        which = bytes(kind for _, kind in events)
        self._queue.reset(endless=not self._urgent)
        times = [time for time, _ in events]
        window = self._player.play(Plan(times, self._sources, wakes.length, which))
        self._count(window, which)
        if self._urgent:
            return loops * self.histogram.total / max(1, self.histogram.count)
        return loops * window.delta.wall / max(1, window.delta.tally("work"))

    def _count(self, window: Window, which: bytes) -> None:
        wakes = [n for n, kind in enumerate(which) if kind == GUEST]
        starts = window.guests[0]
        found = waker.answers(window.fired, starts)
        woken = [(n, found[n]) for n in wakes if found[n] >= 0]
        late = [starts[at] - window.planned[n] for n, at in woken]
        if self._urgent:
            arrivals = [n for n, kind in enumerate(which) if kind == WORK]
            pairs = zip(arrivals, self._queue.starts, strict=False)
            self.record(max(0, at - window.planned[n]) for n, at in pairs)
            self.stage("wake", late)
        else:
            self.record(late)
        due = len({at for _, at in woken})
        handled = window.inside(starts[at] for _, at in woken)
        # Work in the vCPU thread keeps it from halting again between two events.
        halts = 0 if self._in_vcpu_thread else due
        self.count(window, due=len(wakes), handled=handled, woken=halts, polls=False)
        seconds = [nanoseconds / 1e9 for nanoseconds in window.delta.helpers]
        self.add("work_items", window.delta.tally("work"))
        if not self._in_vcpu_thread:
            self.add("worker_cpu_s", seconds[0])
        if self.benchmark.method in COMPETITORS:
            self.add("competitor_cpu_s", seconds[-1])

    def marks(self) -> dict[str, str]:
        found = super().marks() | {"cgroup": "each" if self.benchmark.own_cgroups else "one"}
        if self.benchmark.slice:
            found["slice"] = described(self.benchmark.slice)
        return found

    def value(self) -> float | None:
        if self._urgent:
            return None
        return self.counters.get("wall_s", 0) * 1e9 / max(1, self.counters.get("work_items", 1))

    def derived(self) -> dict[str, int | float]:
        """Fairness as shares: of what worker and vCPU got, and of the pCPU for a competitor."""
        counters = self.counters
        wall = counters.get("wall_s") or 1
        figures = {"work_per_s": round(counters.get("work_items", 0) / wall, 3)}
        if beside_cpu := counters.get("worker_cpu_s"):
            figures["worker_share"] = round(beside_cpu / (counters["cpu_s"] + beside_cpu), 6)
        if "competitor_cpu_s" in counters:
            figures["competitor_share"] = round(counters["competitor_cpu_s"] / wall, 6)
        return super().derived() | figures


def slice_(text: str, tsc_khz: int) -> tuple[int, int]:
    """A row's slice as VcpuThread.work_for() takes it: items and ticks, one of them 0."""
    if text.endswith("us"):
        return 0, int(text.removesuffix("us")) * tsc_khz // 1000
    return int(text), 0


@contextmanager
def prepare(benchmark: IdleWindow) -> Iterator[Work]:
    """The VM and the measurement of a `work` row, after a window that worked."""
    row = policy(benchmark.policy)
    require_pcpus(row, benchmark.vcpus)
    with ExitStack() as stack:
        cgroup: Mapping[str, Path] = {}
        if benchmark.own_cgroups:
            # Before the VM: its first KVM_RUN may make a kernel thread of it, which is in the vCPU
            # thread's cgroup until the VM is closed (kvm_mmu_start_lpage_recovery(), 6.12.95).
            cgroup = stack.enter_context(cgroups(CGROUPS))
        vm = stack.enter_context(idle_vm.build(row, benchmark.vcpus))
        measurement = Work(benchmark, vm, cgroup, stack)
        measurement.warm_up(1)
        yield measurement
