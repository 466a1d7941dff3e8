# SPDX-License-Identifier: MIT
"""Interrupts for VTL1: from the planned time to its handler, or from its return to VTL0."""

import os
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from contextlib import ExitStack

from kbench._abi import ffi, lib
from kbench._native import wake_sources, waker
from kbench._native.vtl import VirtualProcessor
from kbench.catalogue import IdleWindow
from kbench.catalogue.vtl import MOVES
from kbench.errors import KbenchError
from kbench.worker import errors, threads
from kbench.worker.idle.arrivals import UNCOUNTED, arrivals
from kbench.worker.idle.vtl.tellers import ROUTED, Tellers
from kbench.worker.idle.window import ANSWER_NS, STAMP_CAPACITY, check_events
from kbench.worker.idle.windowed import WindowedMeasurement
from kbench.worker.threads import Scheduling
from kbench.worker.vm.idle_vm import IdleVm

LEAD_NS = 5_000_000  # before the first event
# Until the vCPUs are where they have to be, and until the last event has its answer.
SETTLED_WITHIN_NS, ANSWERED_WITHIN_NS = 2_000_000_000, 200_000_000
CHECK_NS = 1_000_000  # between two checks of either
NOTICED, LEFT, RETURNED = range(3)  # VirtualProcessor.stamps_of()
NEVER = 2**64 - 1  # a stamp


class Vtl(WindowedMeasurement):
    """Interrupts VTL1 `loops` times a run."""

    events_per_loop = 1.0

    def __init__(self, benchmark: IdleWindow, vm: IdleVm, stack: ExitStack, bit: int) -> None:
        self._vm = vm
        self._zero, self._one = vm.vcpus[:2]
        zero, one = self._zero.vcpu, self._one.vcpu
        self._processor = VirtualProcessor(zero.fd, zero.run_address, STAMP_CAPACITY)
        self._processor.vtl1(one.fd, one.run_address)
        self._event = benchmark.event.removesuffix(MOVES)
        if self._event != benchmark.event:
            self._processor.move_state()
        self._idle = self._event.startswith("enter_idle")
        self._tellers = Tellers(benchmark.method, bit, self._processor, vm, stack, idle=self._idle)
        self._source = wake_sources.eventfd(self._tellers.device)
        if self._event.endswith("ipi"):
            self._source = wake_sources.enter(vm.vcpus[2].vcpu.fd)
        self._stats = stack.enter_context(zero.get_stats_fd())
        super().__init__(benchmark, None, vm.image_sha256, zero.get_tsc_khz())

    def run(self, loops: int) -> float:
        """Interrupt it `loops` times; the sum of the latencies in ns."""
        check_events(UNCOUNTED + loops)
        self.seed_index += 1
        times = arrivals(self, loops)
        log = waker.WakerLog(len(times))
        planned, fired = log.planned, log.fired
        self._restart()
        processor, tsc_khz = self._processor, self.histogram.tsc_khz
        waker_at, jobs = self._places()
        with threads.running(waker_at, jobs, self._stop) as team:
            # The first KVM_RUN in another thread than before waits for RCU, some 10 ms.
            if not self._wait(self._settled, SETTLED_WITHIN_NS):
                raise KbenchError(f"{errors.BUSY}: the vCPUs did not start in time")
            start = waker.monotonic_ns() + LEAD_NS
            waker.fire_at(
                array("q", [start + time for time in times]), bytes(len(times)),
                (self._source,), processor, tsc_khz, self.margin,
                ANSWER_NS, log,
            )  # fmt: skip
            self._wait(lambda: self._answered(fired[-1]), ANSWERED_WITHIN_NS)
            waker.sleep_until(waker.monotonic_ns() + CHECK_NS, processor)  # VTL0 is back
        self._check()
        for note in sorted(team.notes):
            self.warn(note)
        before = self.histogram.total_ticks
        if self._event == "return":
            self._returns()
        else:
            self._enters(planned, fired)
        self._void = self._void or self._contradicted()
        return self.histogram.nanoseconds(self.histogram.total_ticks - before)

    def _restart(self) -> None:
        self._zero.restart(lib.KB_IDLE_EOI)
        self._one.restart(lib.KB_IDLE_EOI | lib.KB_IDLE_VTL1)
        for each in self._vm.vcpus[2:]:
            each.restart(lib.KB_IDLE_SENDER, peer=1)
        self._processor.reset()
        self._halts = self._stats.scalars().get("halt_exits", 0)
        self._tellers.reset()

    def _wait(self, until: Callable[[], bool], limit: int) -> bool:
        """Whether `until` holds within `limit` ns, or the processor has ended: see _check()."""
        now = waker.monotonic_ns()
        end = now + limit
        while not (self._processor.ended or until()):
            if now > end:
                return False
            waker.sleep_until(now + CHECK_NS, self._processor)
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
        newest = (int(area.events) - 1) % lib.KB_IDLE_STAMPS_MAX
        return int(area.stamps[newest]) - self._one.tsc_offset >= fired

    def _places(self) -> tuple[Scheduling, list[threads.Job]]:
        """Where the waker runs, and the threads: the processor's and its teller's.

        The teller is a device model's thread, above all others. On a single CPU the
        processor's thread stands above the waker, unless its VTL0 never leaves the CPU.
        """
        cpus = sorted(os.sched_getaffinity(0))
        last_cpu = frozenset(cpus[-1:])
        processor = Scheduling(frozenset(cpus[:1]), 2 if len(cpus) == 1 and self._idle else 0)
        tellers = [(Scheduling(last_cpu, 3), job) for job in self._tellers.jobs]
        return Scheduling(last_cpu, 1), [(processor, self._run), *tellers]

    def _run(self) -> None:
        with self._zero.vcpu.in_thread(), self._one.vcpu.in_thread():
            self._processor.run()

    def _stop(self) -> None:
        self._processor.stop()
        self._tellers.end()

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

    def _contradicted(self) -> str:
        """How KVM's counters contradict a VTL0 that never halts.

        One that idles has halted before the first interrupt (_settled()), and it has no
        event that ends the halt.
        """
        halts = self._stats.scalars().get("halt_exits", 0) - self._halts
        return "" if self._idle or not halts else f"VTL0 is to run, KVM counted {halts} HLT exits"

    def _enters(self, planned: "array[int]", fired: "array[int]") -> None:
        """From the planned time of each interrupt to VTL1's handler."""
        handlers = array("Q", self._one.stamps())
        noticed, left = (self._processor.stamps_of(what) for what in (NOTICED, LEFT))
        knew = [noticed[at] if at >= 0 else NEVER for at in waker.answers(fired, noticed)]
        # Where the VMM sends the MSI, a handler before that was another event's.
        sent = array("Q", knew) if self.benchmark.method in ROUTED else fired
        found = waker.answers(sent, handlers)
        answered = enumerate(found[UNCOUNTED:], UNCOUNTED)
        events = [(n, handlers[at]) for n, at in answered if at >= 0]
        self.record(handler - planned[n] for n, handler in events)
        for n, handler in events:
            self.stage("late", [max(0, fired[n] - planned[n])])
            at = fired[n]
            for name, reached in (("tell", knew[n]), ("stop", last(left, handler))):
                if at <= reached <= handler:
                    self.stage(name, [reached - at])
                    at = reached
            self.stage("start", [handler - at])
        self._count(len(planned) - UNCOUNTED, len(events))

    def _returns(self) -> None:
        """From each of VTL1's counted VTL_RETURNs to VTL0's next instruction."""
        returned = self._processor.stamps_of(RETURNED)
        plan = ffi.unpack(self._one.area.plan, len(returned))
        outs = [tick - self._one.tsc_offset for tick in plan]
        resumed = self._zero.stamps()
        first = 1 + UNCOUNTED  # VTL1 returns once before any interrupt
        for n in range(first, len(outs)):
            at = bisect_left(resumed, outs[n])
            # Another interrupt may have come before VTL0 did.
            if at < len(resumed) and (n + 1 == len(outs) or resumed[at] < outs[n + 1]):
                self.record([resumed[at] - outs[n]])
                self.stage("exit", [max(0, returned[n] - outs[n])])
                self.stage("entry", [max(0, resumed[at] - returned[n])])
        self._count(len(outs) - first, self.histogram.count)

    def _count(self, due: int, handled: int) -> None:
        self.add("events_due", due)
        self.add("events_handled", handled)

    def derived(self) -> dict[str, int | float]:
        return {}


def last(stamps: "array[int]", until: int) -> int:
    """The last of `stamps` (increasing) up to `until`; 0 where there is none."""
    at = bisect_right(stamps, until)
    return stamps[at - 1] if at else 0
