# SPDX-License-Identifier: MIT
"""Family `vtl`: two vCPUs on shared memory stand for VTL0 and VTL1 of one virtual processor.

One thread runs one of them at a time. A device interrupts VTL1 at random times (open loop):

kick      the VMM reads the device's eventfd, sends the MSI and signals the thread
flag      the same, but it signals only a VTL0 that M4 shows in HLT; else the next HLT exits
eventfd   the device's eventfd is an irqfd, and M8 signals another one, which the VMM reads
poll      the same with epoll(7) of VTL1's vCPU (M8)

With a halted VTL0, `eventfd` and `poll` need no other thread and no signal: HLT exits (M1),
and the processor's thread itself waits for both vCPUs.

Stages of `enter`: `late` (planned -> written), `tell` (-> a thread of the VMM knows), `stop`
(-> VTL0 has left KVM_RUN), `start` (-> VTL1's handler runs); of `return`: `exit` (VTL1's OUT ->
userspace) and `entry` (-> VTL0's next instruction).
"""

import os
import select
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from random import Random

from kbench._abi import ffi, lib
from kbench._native import vtl, wake_sources, waker
from kbench._native.vtl import VirtualProcessor
from kbench.catalogue import Benchmark
from kbench.catalogue.policies import policy
from kbench.errors import KbenchError
from kbench.kvm import extension
from kbench.kvm.vm import Msi
from kbench.worker import errors, threads
from kbench.worker.idle.player import BUSY
from kbench.worker.idle.wake import FIRST, gaps
from kbench.worker.idle.windowed import WindowedMeasurement
from kbench.worker.threads import Place
from kbench.worker.vm import idle_vm
from kbench.worker.vm.idle_vm import IdleVm

HALTED, RUNNING = policy("hlt"), policy("spin")
NEEDS = {
    "kick": "",
    "eventfd": "KVM_KBENCH_VCPU_EVENTFD",
    "poll": "KVM_KBENCH_VCPU_POLL",
    "flag": "KVM_KBENCH_IDLE_FLAG",
}
ROUTED = ("kick", "flag")  # the VMM sends the MSI itself
EXITS = "KVM_KBENCH_USERSPACE_EXITS"
TO_VTL1 = Msi(data=lib.KB_VECTOR, address=0xFEE01000)  # APIC id 1
LEAD_NS = 5_000_000  # before the first event
# Until the vCPUs stand where they have to, and until the last event has its answer.
SETTLED_WITHIN_NS, ANSWERED_WITHIN_NS = 2_000_000_000, 200_000_000
LOOK_NS = 1_000_000
ROOM = 4096
TOLD, LEFT, RETURNED = range(3)
NEVER = 2**64 - 1  # a stamp


class Vtl(WindowedMeasurement):
    """Interrupts VTL1 `loops` times a run."""

    def __init__(self, benchmark: Benchmark, machine: IdleVm, stack: ExitStack) -> None:
        self._vm, self._stack = machine, stack
        self._zero, self._one = machine.vcpus
        zero, one = self._zero.vcpu, self._one.vcpu
        self._processor = VirtualProcessor(zero.fd, zero.run_address, ROOM)
        self._processor.vtl1(one.fd, one.run_address)
        self._device = machine.eventfd
        machine.vm.set_gsi_routing([(idle_vm.GSI_MSI, TO_VTL1)])
        message = {"address_lo": TO_VTL1.address, "data": TO_VTL1.data}
        self._message = ffi.new("struct kvm_msi *", message)
        self._ends: list[int] = []  # eventfds whose readers have to see the end
        self._idle = benchmark.event == "enter_idle"
        self._routes = benchmark.source in ROUTED
        self._tellers = self._told_by(benchmark.source)
        self._stats = stack.enter_context(zero.get_stats_fd())
        super().__init__(benchmark, None, machine.image_sha256, zero.get_tsc_khz())

    def _told_by(self, way: str) -> list[Callable[[], None]]:
        """Set `way` up; what tells the processor's thread, unless it looks for itself."""
        processor, zero, one = self._processor, self._zero.vcpu, self._one.vcpu
        bit = getattr(lib, NEEDS[way]) if NEEDS[way] else 0
        if self._routes:
            self._device = fd = self._eventfd()
            if way == "flag":
                extension.enable(zero, bit)
                processor.idle_only()
            message = int(ffi.cast("uintptr_t", self._message))
            return [lambda: vtl.relay(processor, fd, self._vm.vm.fd, message)]
        eventfds = way == "eventfd"
        fds = (self._eventfd(), self._eventfd()) if eventfds else (zero.fd, one.fd)
        extension.enable(one, bit, fds[1])
        if self._idle:
            extension.enable(zero, bit, fds[0])
            extension.write(zero, lib.KVM_RUN_KBENCH_EXITS, lib.KVM_KBENCH_EXIT_HLT)
            processor.wait_for(*fds, eventfds)
            return []
        if eventfds:
            return [lambda: vtl.relay(processor, fds[1], -1, 0)]
        # By edges: POLLPRI stays until VTL1 has taken its interrupt.
        epoll = self._stack.enter_context(select.epoll())
        epoll.register(one.fd, select.EPOLLPRI | select.EPOLLET)
        epoll.register(self._eventfd(), select.EPOLLIN)
        return [lambda: vtl.watch(processor, epoll.fileno())]

    def _eventfd(self) -> int:
        fd = os.eventfd(0, os.EFD_CLOEXEC)
        self._stack.callback(os.close, fd)
        self._ends.append(fd)
        return fd

    def run(self, loops: int) -> float:
        """Interrupt it `loops` times; the sum of the latencies in ns."""
        if loops >= lib.KB_IDLE_PLAN_MAX:
            raise KbenchError(f"{loops} events in a value, at most {ROOM}: lower --loops")
        self.turn += 1
        times = gaps(HALTED, Random(f"{self.benchmark.name} {self.turn}"), loops)
        planned, fired = array("Q", bytes(8 * loops)), array("Q", bytes(8 * loops))
        self._restart()
        processor, tsc_khz = self._processor, self.histogram.tsc_khz
        waker_at, jobs = self._places()
        with threads.running(waker_at, jobs, self._stop) as team:
            # A vCPU's first KVM_RUN in another thread than before waits for RCU, some 10 ms.
            if not self._wait(self._settled, SETTLED_WITHIN_NS):
                raise KbenchError(f"{BUSY}: the vCPUs did not start in time")
            start = waker.monotonic_ns() + LEAD_NS
            waker.fire_at(
                array("q", [start + time for time in times]), bytes(loops),
                (wake_sources.eventfd(self._device),), processor, tsc_khz, self.margin,
                planned, fired,
            )  # fmt: skip
            self._wait(lambda: self._answered(fired[-1]), ANSWERED_WITHIN_NS)
            waker.sleep_until(waker.monotonic_ns() + LOOK_NS, processor)  # VTL0 is back
        self._check()
        for note in sorted(team.notes):
            self.warn(note)
        before = self.histogram.total_ticks
        if self.benchmark.event == "return":
            self._returns()
        else:
            self._enters(planned, fired)
        self._void = self._void or self._otherwise()
        return self.histogram.nanoseconds(self.histogram.total_ticks - before)

    def _restart(self) -> None:
        self._zero.restart(lib.KB_IDLE_EOI)
        self._one.restart(lib.KB_IDLE_EOI | lib.KB_IDLE_VTL1)
        self._processor.reset()
        self._halts = self._stats.scalars().get("halt_exits", 0)
        for fd in self._ends:
            if select.select([fd], [], [], 0)[0]:
                os.eventfd_read(fd)

    def _wait(self, until: Callable[[], bool], limit: int) -> bool:
        """Whether `until` holds within `limit` ns, or the processor has ended: see _check()."""
        now = waker.monotonic_ns()
        end = now + limit
        while not (self._processor.ended or until()):
            if now > end:
                return False
            waker.sleep_until(now + LOOK_NS, self._processor)
            now = waker.monotonic_ns()
        return True

    def _settled(self) -> bool:
        """Whether VTL1 has returned, and VTL0 runs or has halted."""
        if self._idle:
            return self._stats.scalars().get("halt_exits", 0) > self._halts
        return int(self._zero.area.events) > 0

    def _answered(self, fired: int) -> bool:
        """Whether VTL1 has handled an event since then."""
        area = self._one.area
        last = (int(area.events) - 1) % lib.KB_IDLE_STAMPS_MAX
        return int(area.stamps[last]) - self._one.tsc_offset >= fired

    def _places(self) -> tuple[Place, list[threads.Job]]:
        """Where the waker runs, and the threads: the processor's and its teller's.

        The teller is a device model's thread, above all others. On a single CPU the
        processor's thread stands above the waker, unless its VTL0 never leaves the CPU.
        """
        cpus = sorted(os.sched_getaffinity(0))
        last = frozenset(cpus[-1:])
        processor = Place(frozenset(cpus[:1]), 2 if len(cpus) == 1 and self._idle else 0)
        tellers = [(Place(last, 3), teller) for teller in self._tellers]
        return Place(last, 1), [(processor, self._run), *tellers]

    def _run(self) -> None:
        with self._zero.vcpu.in_thread(), self._one.vcpu.in_thread():
            self._processor.run()

    def _stop(self) -> None:
        self._processor.stop()
        for fd in self._ends:
            os.eventfd_write(fd, 1)

    def _check(self) -> None:
        error, reason, unexpected = self._processor.failure
        vcpus = self._zero.vcpu, self._one.vcpu
        if unexpected:
            vcpu = next(each for each in vcpus if each.run.exit_reason == reason)
            raise errors.unexpected_exit("an exit of a VTL", vcpu, self._vm.memory)
        if error:
            raise errors.failed_entry(error, vcpus[0])
        if errors.exception(self._vm.memory):
            raise errors.unexpected_exit("an interrupt", vcpus[1], self._vm.memory)

    def _otherwise(self) -> str:
        """What KVM's own counters say against a VTL0 that never halts.

        One that idles has halted before the first interrupt (_settled()), and no event of its
        own ends that.
        """
        halts = self._stats.scalars().get("halt_exits", 0) - self._halts
        return "" if self._idle or not halts else f"VTL0 is to run, KVM counted {halts} HLT exits"

    def _enters(self, planned: "array[int]", fired: "array[int]") -> None:
        """From the planned time of each interrupt to VTL1's handler."""
        handlers = array("Q", self._one.stamps())
        told, left = (self._processor.stamps_of(what) for what in (TOLD, LEFT))
        knew = [told[at] if at >= 0 else NEVER for at in waker.answers(fired, told)]
        # Where the VMM sends the MSI, a handler before that was another event's.
        sent = array("Q", knew) if self._routes else fired
        found = waker.answers(sent, handlers)
        events = [(n, handlers[at]) for n, at in enumerate(found) if at >= 0]
        self.record(handler - planned[n] for n, handler in events)
        for n, handler in events:
            self.stage("late", [max(0, fired[n] - planned[n])])
            at = fired[n]
            for name, reached in (("tell", knew[n]), ("stop", last(left, handler))):
                if at <= reached <= handler:
                    self.stage(name, [reached - at])
                    at = reached
            self.stage("start", [handler - at])
        self._count(len(planned), len(events))

    def _returns(self) -> None:
        """From each of VTL1's VTL_RETURNs but the first to VTL0's next instruction."""
        returned = self._processor.stamps_of(RETURNED)
        plan = ffi.unpack(self._one.area.plan, len(returned))
        outs = [tick - self._one.tsc_offset for tick in plan]
        resumed = self._zero.stamps()
        for n in range(1, len(outs)):
            at = bisect_left(resumed, outs[n])
            # Another interrupt may have come before VTL0 did.
            if at < len(resumed) and (n + 1 == len(outs) or resumed[at] < outs[n + 1]):
                self.record([resumed[at] - outs[n]])
                self.stage("exit", [max(0, returned[n] - outs[n])])
                self.stage("entry", [max(0, resumed[at] - returned[n])])
        self._count(len(outs) - 1, self.histogram.count)

    def _count(self, due: int, handled: int) -> None:
        for name, count in (("events_due", due), ("events_handled", handled)):
            self.counters[name] = self.counters.get(name, 0) + count

    def derived(self) -> dict[str, int | float]:
        return {}


def last(stamps: "array[int]", until: int) -> int:
    """The last of `stamps` (increasing) up to `until`; 0 where there is none."""
    at = bisect_right(stamps, until)
    return stamps[at - 1] if at else 0


@contextmanager
def prepare(benchmark: Benchmark) -> Iterator[Vtl]:
    """The VM and the measurement of a `vtl` row, after a few switches that worked."""
    with ExitStack() as stack:
        row = HALTED if benchmark.event == "enter_idle" else RUNNING
        machine = stack.enter_context(idle_vm.build(row, 2))
        needs = [NEEDS[benchmark.source], *([EXITS] if row is HALTED else [])]
        for name in needs if needs[0] else []:
            extension.require(machine.system, getattr(lib, name), name)
        measurement = Vtl(benchmark, machine, stack)
        measurement.probe(FIRST)
        yield measurement
