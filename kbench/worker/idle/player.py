# SPDX-License-Identifier: MIT
"""Where windows are played: start the vCPUs, fire the plan, stop, and read what everyone saw."""

import os
from array import array
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from select import select

from kbench._abi import lib
from kbench._native import floors, waker
from kbench._native.vcpu_thread import VcpuThread
from kbench._native.work import WorkQueue
from kbench.errors import KbenchError
from kbench.kvm import Vcpu
from kbench.worker import errors, threads
from kbench.worker.crosscheck.counters import Counters, open_stats, read
from kbench.worker.crosscheck.delta import Delta
from kbench.worker.idle.window import Plan, Window
from kbench.worker.threads import Place, Places
from kbench.worker.vm.idle_vcpu import IdleVcpu
from kbench.worker.vm.idle_vm import IdleVm

# From the start of the threads to the window: by then the guests are in their idle loop.
# On a machine where that is not enough the next one is tried.
LEADS_NS = (12_000_000, 20_000_000, 80_000_000, 320_000_000)
SETTLE_NS = 5_000_000  # of it, what the vCPUs have to themselves at least
BUSY = "the machine is too busy"
COUNTERS_NS = 2_000_000  # what reading the counters may take at the window's start
ROOM = 4096  # stamps that a lane keeps

Beside = tuple[Place, Callable[[VcpuThread], None]]
"""A thread beside the vCPUs': where, and what it does until that lane is stopped."""


class Stage:
    """The lanes of a VM's vCPUs, ready for one window after another.

    `flags` are the KB_IDLE_* of each vCPU that has a lane (a sender has none), `queue` the
    VMM's work, which with `in_lane` the vCPUs' own threads do. `beside` are other threads;
    `wake` takes those that block out of it, so that they see their end.
    """

    def __init__(
        self,
        vm: IdleVm,
        flags: Sequence[int],
        where: Places,
        *,
        queue: WorkQueue | None = None,
        in_lane: bool = False,
        beside: Sequence[Beside] = (),
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.vm, self.flags, self.where = vm, flags, where
        self.tsc_khz = vm.tsc_khz
        self._queue, self._beside, self._wake = queue, beside, wake
        work = queue if in_lane else None
        vcpus = [each.vcpu for each in vm.vcpus[: len(flags)]]
        self.lanes = [
            VcpuThread(vcpu.fd, vcpu.run_address, ROOM, work, vm.policy.waits, each.event_fd)
            for each, vcpu in zip(vm.vcpus, vcpus, strict=False)
        ]
        self._stack = ExitStack()
        self._stats = open_stats(vcpus, self._stack)

    def close(self) -> None:
        self._stack.close()

    def play(self, plan: Plan) -> Window:
        """Play one window.

        Raises GuestError where a vCPU failed, KbenchError where its thread hangs, or where
        the machine is too busy to start it.
        """
        most = lib.KB_IDLE_PLAN_MAX - 1
        if len(plan.times) > most:
            raise KbenchError(f"{len(plan.times)} events in a value, at most {most}: lower --loops")
        for lead in LEADS_NS:
            window = self._try(plan, lead)
            if window is not None:
                return window
        raise KbenchError(f"{BUSY}: the vCPUs did not start in time")

    def _try(self, plan: Plan, lead: int) -> Window | None:
        """play(), or None when the threads needed longer than `lead` ns to start."""
        vcpus = self._restart()
        count = len(plan.times)
        planned, fired = array("Q", bytes(8 * count)), array("Q", bytes(8 * count))
        start = waker.monotonic_ns() + lead
        if plan.armed:
            planned = fired = self._ticks(start, plan.times)
            vcpus[0].arm(planned)
        with threads.running(self.where.waker, self._jobs(), self._stop) as team:
            if waker.monotonic_ns() > start - COUNTERS_NS - SETTLE_NS:
                return None
            waker.sleep_until(start - COUNTERS_NS, self.lanes[0])
            begin = self._counters(team, closing=False)
            if not plan.armed:
                times = array("q", [start + offset for offset in plan.times])
                waker.fire_at(
                    times, plan.which or bytes(count), plan.sources, self.lanes[0],
                    self.tsc_khz, plan.margin, planned, fired,
                )  # fmt: skip
            waker.sleep_until(start + plan.length, self.lanes[0])
            end = self._counters(team, closing=True)
        self._check()
        if begin is None or end is None:
            raise KbenchError("a vCPU's thread ended without a reason")
        return Window(
            planned=planned,
            fired=fired,
            guests=[array("Q", each.stamps()) for each in vcpus],
            acks=self.lanes[0].stamps,
            idle_exits=sum(lane.idle_exits for lane in self.lanes),
            delta=Delta(begin, end),
            notes=frozenset(team.notes),
        )

    def _restart(self) -> list[IdleVcpu]:
        vcpus = self.vm.vcpus[: len(self.flags)]
        spin = self.vm.policy.spin_ns * self.tsc_khz // 1_000_000
        for index, (each, flags) in enumerate(zip(vcpus, self.flags, strict=True)):
            each.restart(flags, peer=index ^ 1, spin=spin)
        for lane in self.lanes:
            lane.reset()
        if not self.vm.policy.irqchip and select([self.vm.eventfd], [], [], 0)[0]:
            os.eventfd_read(self.vm.eventfd)  # an interrupt that the last window left
        return vcpus

    def _jobs(self) -> list[threads.Job]:
        """The vCPUs' threads, then those beside them."""
        lanes = zip(self.where.vcpus, self.vm.vcpus, self.lanes, strict=False)
        jobs = [(at, partial(_run, each.vcpu, lane)) for at, each, lane in lanes]
        return [*jobs, *((at, partial(run, self.lanes[0])) for at, run in self._beside)]

    def _counters(self, team: threads.Threads, *, closing: bool) -> Counters | None:
        """The counters now; None when a vCPU's thread has ended, which _check() explains."""
        tids = team.tids[: len(self.lanes)]
        try:
            return read(tids, team.clocks, self._stats, self._queue, closing=closing)
        except OSError:
            if any(lane.ended for lane in self.lanes):
                return None
            raise

    def _stop(self) -> None:
        for lane in self.lanes:
            lane.stop()
        self._wake()

    def _ticks(self, start: int, times: Sequence[int]) -> "array[int]":
        """These times after `start` (CLOCK_MONOTONIC, ns) as host TSC values."""
        now, tick = waker.monotonic_ns(), floors.tsc()
        return array("Q", [tick + (start - now + t) * self.tsc_khz // 1_000_000 for t in times])

    def _check(self) -> None:
        for each, lane in zip(self.vm.vcpus, self.lanes, strict=False):
            error, _, unexpected = lane.failure
            if unexpected:
                expect = "an exit of an idle guest"
                raise errors.unexpected_exit(expect, each.vcpu, self.vm.memory)
            if error:
                raise errors.failed_entry(error, each.vcpu)
            fault = self.vm.memory.struct("kb_params", lib.KB_PARAMS).fault_rip
            if fault:
                raise errors.unexpected_exit("an event", each.vcpu, self.vm.memory)


def _run(vcpu: Vcpu, lane: VcpuThread) -> None:
    with vcpu.in_thread():
        lane.run()
