# SPDX-License-Identifier: MIT
"""Family `mpstate`: what a probe of a halted vCPU costs, and when it is right after an interrupt.

`probe`, `right`: the vCPU is halted outside KVM_RUN, where a VMM has it after a HLT exit or
a restore, and one thread does everything. `probe_inside`, `right_inside`: it blocks in
KVM_RUN in a thread of its own, which leaves KVM_RUN after the interrupt, by the guest's
report, and stays outside until the next probe: so no probe can miss it.

Stages of the two `right`s: `raise` (KVM_SIGNAL_MSI) and `probe` (every probe up to the right
one). A way that is never right has no figure: it is a skip that says so.
"""

import os
import signal
import threading
import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from select import select

from kbench._abi import lib
from kbench._native import mp_state_probe
from kbench._native.mp_state_probe import MpStateProbe
from kbench._native.vcpu_thread import VcpuThread
from kbench.catalogue import Benchmark
from kbench.catalogue.policies import policy
from kbench.errors import KbenchError, Unavailable
from kbench.kvm import Vcpu, extension
from kbench.worker import errors, threads
from kbench.worker.idle.windowed import WindowedMeasurement
from kbench.worker.threads import Place
from kbench.worker.vm import idle_vm
from kbench.worker.vm.idle_vm import IdleVm

LIKE = policy("hlt")
NEEDS = {
    "poll": "KVM_KBENCH_VCPU_POLL",
    "eventfd": "KVM_KBENCH_VCPU_EVENTFD",
    "byte": "KVM_KBENCH_RUN_MP_STATE",
    "flag": "KVM_KBENCH_IDLE_FLAG",
}
FIRST = 4  # before anything is measured
# Looks until an answer counts as never right. Outside nothing else happens; inside the
# vCPU's thread has to wake meanwhile, and looks that are no system call take next to nothing.
MOST_OUTSIDE, MOST_INSIDE, MOST_IN_MEMORY = 1_000, 100_000, 10_000_000
PATIENT = 50  # times as many where that thread may have a pCPU: about a second
SETTLE_SECONDS = 200e-6  # inside: by then the vCPU blocks again, most times
LIMIT_SECONDS, LIMIT_EACH = 1.0, 0.01  # of the looks of a run, inside
RFLAGS_IF = 1 << 9
NEVER = "after the interrupt it still says HALTED, in {} looks; {} a KVM_RUN it says RUNNABLE"
ASLEEP = "it is not right in {:,} looks: the vCPU's own thread has to run for it, and did not"
NOTHING = "it says nothing of a vCPU outside KVM_RUN: a halted one looks runnable"
BLOCKED = "KVM_RUN holds the vCPU's mutex: no answer came until a signal ended it"


class MpState(WindowedMeasurement):
    """Looks `loops` times a run, by one way."""

    def __init__(self, benchmark: Benchmark, machine: IdleVm) -> None:
        self.vm, self.each = machine, machine.vcpus[0]
        self.vcpu: Vcpu = self.each.vcpu
        self.way = benchmark.source
        self._right = benchmark.event.startswith("right")
        self._message = machine.message_address("irq")
        self._stats = self.vcpu.get_stats_fd()
        self.blocking = mp_state_probe.stats(self._stats.fd, self._stats.offset("blocking"))
        super().__init__(benchmark, None, machine.image_sha256, self.vcpu.get_tsc_khz())

    def look(self, look: MpStateProbe, most: int) -> None:
        """The event: one look, or an interrupt and looks until the answer is right."""
        if not self._right:
            ticks, said = mp_state_probe.cost(look, 1)
            if said:
                raise Unavailable(NOTHING)
            self.record(ticks)
            return
        raised, looked, number = mp_state_probe.until_runnable(
            look, self.vm.vm.fd, self._message, most
        )
        if not number:
            raise Unavailable(self.never())
        self.record([raised + looked])
        self.stage("raise", [raised])
        self.stage("probe", [looked])
        for name, count in (("probes", number), ("probes_stale", number - 1)):
            self.counters[name] = self.counters.get(name, 0) + count

    @abstractmethod
    def never(self) -> str:
        """Why no look was right."""

    def derived(self) -> dict[str, int | float]:
        return {}

    def close(self) -> None:
        self._stats.close()


class Outside(MpState):
    """Of a vCPU that no thread runs."""

    def __init__(self, benchmark: Benchmark, machine: IdleVm, eventfd: int) -> None:
        super().__init__(benchmark, machine)
        self._kick = mp_state_probe.kick(self.vcpu.fd)
        if self.way == "kick":
            self._look = self._kick
        else:
            self._look = of(self.way, self.vcpu, eventfd) or self.blocking
        self.each.restart(lib.KB_IDLE_EOI)
        regs = self.vcpu.get_regs()
        regs.rflags |= RFLAGS_IF  # else the interrupt would not end the halt
        self.vcpu.set_regs(regs)
        self.vcpu.set_signal_mask(0)

    def run(self, loops: int) -> float:
        """Look `loops` times; the sum in ns."""
        before = self.histogram.total_ticks
        old = signal.pthread_sigmask(signal.SIG_BLOCK, {self._kick.signal})
        try:
            for _ in range(loops):
                self.vcpu.set_lapic(self.each.lapic)  # nothing pending
                self.vcpu.set_mp_state(lib.KVM_MP_STATE_HALTED)
                mp_state_probe.cost(self._look, 1)  # reads an eventfd empty
                if self._right and mp_state_probe.cost(self._look, 1)[1]:
                    raise Unavailable(NOTHING)
                self.look(self._look, MOST_OUTSIDE)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, old)
        return self.histogram.nanoseconds(self.histogram.total_ticks - before)

    def never(self) -> str:
        _, said = mp_state_probe.cost(self._kick, 1)
        return NEVER.format(f"{MOST_OUTSIDE:,}", "after" if said else "not even after")


class Inside(MpState):
    """Of a vCPU that blocks in KVM_RUN in another thread."""

    def __init__(self, benchmark: Benchmark, machine: IdleVm, go: int) -> None:
        super().__init__(benchmark, machine)
        self._go = go
        self._lane = VcpuThread(self.vcpu.fd, self.vcpu.run_address, 1)
        in_memory = self.way in ("byte", "flag")
        self._cpus = sorted(os.sched_getaffinity(0))
        self._most = MOST_IN_MEMORY if in_memory else MOST_INSIDE
        self._most *= PATIENT if len(self._cpus) > 1 else 1

    def _hold(self) -> None:
        with self.vcpu.in_thread():
            mp_state_probe.hold(self._lane, self._go)

    def run(self, loops: int) -> float:
        """Look `loops` times; the sum in ns."""
        before = self.histogram.total_ticks
        self.each.restart(lib.KB_IDLE_EOI | lib.KB_IDLE_REPORT)
        self._lane.reset()
        limit = threading.Timer(LIMIT_SECONDS + loops * LIMIT_EACH, self._stop)
        # On one CPU the vCPU's thread runs when this one waits: who has to wait for it, shows.
        first, last = (frozenset([self._cpus[n]]) for n in (0, -1))
        jobs = [(Place(first), self._hold)]
        with threads.running(Place(last, 1), jobs, self._stop) as team:
            limit.start()
            try:
                for _ in range(loops):
                    self._halted()
                    self.look(self._way(), self._most)
                    self._check()
            finally:
                limit.cancel()
                limit.join()
        for note in sorted(team.notes):
            self.warn(note)
        return self.histogram.nanoseconds(self.histogram.total_ticks - before)

    def _way(self) -> MpStateProbe:
        if self.way == "kick":
            return mp_state_probe.kick_out(self.vcpu.fd, self._lane)
        return of(self.way, self.vcpu, -1) or self.blocking

    def _halted(self) -> None:
        """Let the vCPU go on, until it blocks in KVM_RUN."""
        time.sleep(SETTLE_SECONDS)
        while mp_state_probe.cost(self.blocking, 1)[1]:
            self._check()
            os.eventfd_write(self._go, 1)
            time.sleep(SETTLE_SECONDS)
        if select([self._go], [], [], 0)[0]:
            os.eventfd_read(self._go)

    def _check(self) -> None:
        """Raises where the vCPU's thread has ended, by itself or by the limit."""
        if not self._lane.stopping:
            return
        error, _, unexpected = self._lane.failure
        if unexpected:
            raise errors.unexpected_exit("KVM_EXIT_IO", self.vcpu, self.vm.memory)
        if error:
            raise errors.failed_entry(error, self.vcpu)
        raise Unavailable(BLOCKED) if self.way == "get" else KbenchError("the machine is too busy")

    def _stop(self) -> None:
        self._lane.stop()
        os.eventfd_write(self._go, 1)

    def never(self) -> str:
        return ASLEEP.format(self._most)


def of(way: str, vcpu: Vcpu, eventfd: int) -> MpStateProbe | None:
    """The MpStateProbe of `way`, where it needs nothing but the vCPU or the eventfd."""
    match way:
        case "get":
            return mp_state_probe.get(vcpu.fd)
        case "poll":
            return mp_state_probe.poll(vcpu.fd)
        case "eventfd":
            return mp_state_probe.eventfd(eventfd)
        case "byte":
            return mp_state_probe.byte(vcpu.run_address)
        case "flag":
            return mp_state_probe.flag(vcpu.run_address)
    return None


@contextmanager
def prepare(benchmark: Benchmark) -> Iterator[MpState]:
    """The VM and the measurement of an `mpstate` row, after a few looks that worked."""
    with ExitStack() as stack:
        machine = stack.enter_context(idle_vm.build(LIKE, 1))
        fd = os.eventfd(0, os.EFD_CLOEXEC)
        stack.callback(os.close, fd)
        needs = NEEDS.get(benchmark.source)
        if needs:
            extension.require(machine.system, getattr(lib, needs), needs)
            extension.enable(machine.vcpus[0].vcpu, getattr(lib, needs), fd)
        measurement: MpState
        if benchmark.event.endswith("inside"):
            measurement = Inside(benchmark, machine, fd)
        else:
            os.set_blocking(fd, False)
            measurement = Outside(benchmark, machine, fd)
        stack.callback(measurement.close)
        measurement.probe(FIRST)
        yield measurement
