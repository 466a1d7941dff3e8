# SPDX-License-Identifier: MIT
"""Interrupts for VTL1: from the planned time to its handler, or from its return to VTL0."""

import os
import threading
import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from operator import add

from kbench._abi import ffi, lib
from kbench._native import floors, wake_sources, waker
from kbench._native.vtl import VirtualProcessor
from kbench.catalogue import IdleWindow
from kbench.catalogue.vtl import MOVES
from kbench.errors import KbenchError
from kbench.worker import errors, threads
from kbench.worker.idle.arrivals import UNCOUNTED, arrivals
from kbench.worker.idle.vtl.tellers import ROUTED, TO_VTL1, Tellers
from kbench.worker.idle.window import ANSWER_NS, STAMP_CAPACITY, Leaving, check_events, leaving
from kbench.worker.idle.windowed import WindowedMeasurement
from kbench.worker.threads import Scheduling
from kbench.worker.vm import stimer
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
        self._timer = self._event.endswith("stimer")
        if self._timer:
            stimer.enable(vm, one)
        if self._event.endswith("ipi"):
            self._source = wake_sources.enter(vm.vcpus[2].vcpu.fd)
        self._stats = stack.enter_context(zero.get_stats_fd())
        super().__init__(benchmark, None, vm.image_sha256, zero.get_tsc_khz())
        # A VTL0 that runs leaves KVM_RUN only after the waker has left the pCPU that they share.
        fired = self._event.startswith("enter") and not self._timer
        self._waits = fired and not self._idle and one_cpu()

    def run(self, loops: int) -> float:
        """Interrupt it `loops` times; the sum of the latencies in ns."""
        check_events(UNCOUNTED + loops)
        self.seed_index += 1
        times = arrivals(self, loops)
        log = waker.WakerLog(len(times), self._waits)
        self._restart()
        waker_at, jobs = self._places()
        with threads.running(waker_at, jobs, self._stop) as team:
            if self._waits:
                mine = time.pthread_getcpuclockid(threading.get_ident())
                self._processor.note_others(mine, team.clocks[1])
            # The first KVM_RUN in another thread than before waits for RCU, some 10 ms.
            if not self._wait(self._settled, SETTLED_WITHIN_NS):
                raise KbenchError(f"{errors.BUSY}: the vCPUs did not start in time")
            (self._let_fire if self._timer else self._fire)(times, log)
            self._wait(lambda: self._answered(log.fired[-1]), ANSWERED_WITHIN_NS)
            waker.sleep_until(waker.monotonic_ns() + CHECK_NS, self._processor)  # VTL0 is back
        self._check()
        for note in sorted(team.notes):
            self.warn(note)
        before = self.histogram.total_ticks
        if self._event == "return":
            self._returns()
        else:
            self._enters(log)
        self._void = self._void or self._contradicted()
        return self.histogram.nanoseconds(self.histogram.total_ticks - before)

    def _fire(self, times: Sequence[int], log: waker.WakerLog) -> None:
        start = waker.monotonic_ns() + LEAD_NS
        waker.fire_at(
            array("q", [start + time for time in times]), bytes(len(times)),
            (self._source,), self._processor, self.histogram.tsc_khz, self.margin,
            ANSWER_NS, log,
        )  # fmt: skip

    def _let_fire(self, times: Sequence[int], log: waker.WakerLog) -> None:
        """Let VTL1's timer fire: the first event, an MSI that is not counted, arms it."""
        start, now, khz = waker.monotonic_ns(), floors.tsc(), self.histogram.tsc_khz
        ticks = [now + (LEAD_NS + time) * khz // 1_000_000 for time in times[1:]]
        due = array("Q", [now, *stimer.plan(self._vm, self._one, ticks, khz)])
        log.planned[:], log.fired[:] = due, due
        self._vm.vm.signal_msi(TO_VTL1)
        waker.rest_until(start + LEAD_NS + times[-1] + ANSWER_NS)

    def _restart(self) -> None:
        self._zero.restart(lib.KB_IDLE_EOI)
        also = lib.KB_IDLE_TIMER if self._timer else 0
        self._one.restart(lib.KB_IDLE_EOI | lib.KB_IDLE_VTL1 | also)
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
        return self._one.host_tick(int(area.stamps[newest])) >= fired

    def _places(self) -> tuple[Scheduling, list[threads.Job]]:
        """Where the waker runs, and the threads: the processor's and its teller's.

        The teller is a device model's thread, above all others. On a single CPU the
        processor's thread stands above the waker, unless its VTL0 never leaves the CPU.
        """
        cpus = sorted(os.sched_getaffinity(0))
        last_cpu = frozenset(cpus[-1:])
        processor = Scheduling(frozenset(cpus[:1]), 2 if one_cpu() and self._idle else 0)
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

    def _enters(self, log: waker.WakerLog) -> None:
        """From the planned time of each interrupt to VTL1's handler."""
        planned, fired = log.planned, log.fired
        handlers = array("Q", self._one.stamps())
        noticed, left = (self._processor.stamps_of(what) for what in (NOTICED, LEFT))
        knew = [noticed[at] if at >= 0 else NEVER for at in waker.answers(fired, noticed)]
        # Where the VMM sends the MSI, a handler before that was another event's.
        sent = array("Q", knew) if self.benchmark.method in ROUTED else fired
        found = waker.answers(sent, handlers)
        answered = enumerate(found[UNCOUNTED:], UNCOUNTED)
        events = [(n, handlers[at]) for n, at in answered if at >= 0]
        self.record(handler - planned[n] for n, handler in events)
        gone = self._leaving(log)
        for n, handler in events:
            if not self._timer:
                self.stage("late", [max(0, fired[n] - planned[n])])
            at, exited = fired[n], bisect_right(left, handler) - 1  # the last one before it
            reached = {"tell": knew[n]}
            if exited >= 0:
                if gone:
                    reached["kick"] = log.raised[n]
                    reached["leave"] = gone.at(n, exited, log.raised[n], left[exited])
                reached["stop"] = left[exited]
            for name, stamp in reached.items():
                if at <= stamp <= handler:
                    self.stage(name, [stamp - at])
                    at = stamp
            self.stage("start", [handler - at])
        self._count(len(planned) - UNCOUNTED, len(events))

    def _leaving(self, log: waker.WakerLog) -> Leaving | None:
        """When the waker has left the pCPU: the teller preempts it, and is gone before."""
        if not self._waits:
            return None
        own, tellers = self._processor.cpu_of(0), self._processor.cpu_of(1)
        told = (now - before for before, now in zip([0, *tellers], tellers, strict=False))
        both = array("Q", map(add, own, told))
        return leaving(log, both, self.histogram.tsc_khz)

    def _returns(self) -> None:
        """From each of VTL1's counted VTL_RETURNs to VTL0's next instruction."""
        returned = self._processor.stamps_of(RETURNED)
        plan = ffi.unpack(self._one.area.plan, len(returned))
        outs = [self._one.host_tick(tick) for tick in plan]
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


def one_cpu() -> bool:
    """Whether the waker and the virtual processor share the one CPU that there is."""
    return len(os.sched_getaffinity(0)) == 1
