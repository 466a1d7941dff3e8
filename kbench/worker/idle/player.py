# SPDX-License-Identifier: MIT
"""Playing a window: start the vCPUs, fire the plan, stop, and read what everyone saw."""

import os
import threading
import time
from array import array
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from math import ceil
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
from kbench.worker.errors import BUSY
from kbench.worker.idle.window import (
    STAMP_CAPACITY,
    Leaving,
    Plan,
    Window,
    check_events,
    leaving,
)
from kbench.worker.threads import Places, Scheduling
from kbench.worker.vm.idle_vcpu import IdleVcpu
from kbench.worker.vm.idle_vm import IdleVm

# From the start of the threads to the window: by then the guests are in their idle loop. KVM_RUN
# in another thread than before first waits for RCU, up to four ticks of 4 ms. Where one is too
# short, the next is tried.
LEADS_NS = (20_000_000, 40_000_000, 80_000_000, 320_000_000, 1_280_000_000)
MOST_KEPT = 2  # of these, for the next window: a machine that was busy for once is tried again
BUSY_NS = 100_000  # that a busy vCPU works between two moments in which it idles
SETTLE_NS = 5_000_000  # the least part of it that the vCPUs have to themselves
COUNTERS_NS = 2_000_000  # what a reading of the counters may take before the window's start
COUNTERS_STEP_NS = 50_000  # when it begins does not follow every instruction of a reading

Helper = tuple[Scheduling, Callable[[VcpuThread], object]]
"""A helper thread: where it runs, and its body, which ends when the vCPU thread is stopped."""


class WindowPlayer:
    """The vCPU threads of a VM, ready for one window after another.

    `flags` are the KB_IDLE_* of each vCPU that has a thread (a sender of IPIs has none).
    `queue` is the VMM's work, done by the vCPU threads if `in_vcpu_thread`. `wake` ends the
    blocking of `helpers`, so that they see that they shall end. With `accounts` the waker, which
    is the calling thread, and who answers it note the waker's CPU time: the first vCPU thread
    with each stamp, or the queue with each item.
    """

    def __init__(
        self,
        vm: IdleVm,
        flags: Sequence[int],
        where: Places,
        *,
        queue: WorkQueue | None = None,
        in_vcpu_thread: bool = False,
        helpers: Sequence[Helper] = (),
        wake: Callable[[], None] = lambda: None,
        accounts: bool = False,
    ) -> None:
        self.vm, self.flags, self.where = vm, flags, where
        self.tsc_khz = vm.tsc_khz
        self._queue, self._helpers, self._wake = queue, helpers, wake
        work = queue if in_vcpu_thread else None
        vcpus = [each.vcpu for each in vm.vcpus[: len(flags)]]
        self.vcpu_threads = [
            VcpuThread(
                vcpu.fd, vcpu.run_address, STAMP_CAPACITY, work, vm.policy.waits, each.event_fd
            )
            for each, vcpu in zip(vm.vcpus, vcpus, strict=False)
        ]
        self._accounts = accounts
        self._answers = work or self.vcpu_threads[0]
        if accounts:
            self._answers.note_waker(time.pthread_getcpuclockid(threading.get_ident()))
        self._stack = ExitStack()
        self._stats = open_stats(vcpus, self._stack)
        self._lead = 0  # what the last window took: threads in cgroups start late in each
        self._stopping = threading.Event()  # its CPU clock lives as long as a thread does
        pcpus = where.vcpus[0].cpus
        self._pcpu = min(pcpus) if len(pcpus) == 1 else None

    def close(self) -> None:
        self._stack.close()

    def play(self, plan: Plan) -> Window:
        """Play one window.

        Raises GuestError where a vCPU failed, KbenchError for too many events, a thread that
        hangs, or a machine too busy to start it.
        """
        check_events(len(plan.times))
        for at in range(self._lead, len(LEADS_NS)):
            window = self._try(plan, LEADS_NS[at])
            if window is not None:
                self._lead = min(at, MOST_KEPT)
                return window
            self._check()  # a guest that died does not idle
        raise KbenchError(f"{BUSY}: the vCPUs did not start in time")

    def _try(self, plan: Plan, lead: int) -> Window | None:
        """play(), or None when the threads needed longer than `lead` ns to start."""
        vcpus = self._restart()
        start = waker.monotonic_ns() + lead
        count = len(plan.times)
        log = waker.WakerLog(count, self._accounts)
        planned, fired, raised = log.planned, log.fired, log.raised
        fire = partial(
            waker.fire_at, array("q", [start + offset for offset in plan.times]),
            plan.which or bytes(count), plan.sources, self.vcpu_threads[0],
            self.tsc_khz, plan.margin, plan.length - plan.times[-1], log,
        )  # fmt: skip
        jobs = self._jobs()
        if plan.armed:
            planned = fired = raised = self._ticks(start, plan.times)
            vcpus[0].arm(planned)
        elif plan.vmm_timer:
            jobs.append((self.where.helper, lambda: (fire(), self._stopping.wait())))
        with threads.running(self.where.waker, jobs, self._stop) as team:
            took = self._rehearse(team)
            if waker.monotonic_ns() > start - took - SETTLE_NS:
                return None
            waker.sleep_until(start - took, self.vcpu_threads[0])
            if not self._idling():
                return None
            begin = self._counters(team, closing=False)
            if not plan.armed and not plan.vmm_timer:
                fire()
            waker.rest_until(start + plan.length)
            end = self._counters(team, closing=True)
        self._check()
        if plan.vmm_timer:  # where other tasks kept it from its pCPU, it has not fired all
            done = sum(map(bool, fired))
            planned, fired = planned[:done], fired[:done]
        if begin is None or end is None:
            raise KbenchError("a vCPU thread ended without a reason")
        return Window(
            planned=planned,
            fired=fired,
            raised=raised,
            leaving=self._leaving(log) if self._accounts and not plan.armed else None,
            guests=[array("Q", each.stamps()) for each in vcpus],
            acks=self.vcpu_threads[0].stamps,
            delta=Delta(begin, end),
            notes=frozenset(team.notes),
        )

    def _leaving(self, log: waker.WakerLog) -> Leaving:
        return leaving(log, self._answers.waker_cpu, self.tsc_khz)

    def _restart(self) -> list[IdleVcpu]:
        self._stopping.clear()
        vcpus = self.vm.vcpus[: len(self.flags)]
        spin = self.vm.policy.spin_ns * self.tsc_khz // 1_000_000
        for index, (each, flags) in enumerate(zip(vcpus, self.flags, strict=True)):
            busy = BUSY_NS * self.tsc_khz // 1_000_000 if flags & lib.KB_IDLE_BUSY else spin
            each.restart(flags, peer=index ^ 1, spin=busy)
        for vcpu_thread in self.vcpu_threads:
            vcpu_thread.reset()
        if not self.vm.policy.irqchip and select([self.vm.eventfd], [], [], 0)[0]:
            os.eventfd_read(self.vm.eventfd)  # an interrupt that the last window left
        return vcpus

    def _jobs(self) -> list[threads.Job]:
        """The vCPU threads, then the helpers."""
        vcpus = zip(self.where.vcpus, self.vm.vcpus, self.vcpu_threads, strict=False)
        jobs = [(place, partial(_run, each.vcpu, thread)) for place, each, thread in vcpus]
        helpers = [(place, partial(run, self.vcpu_threads[0])) for place, run in self._helpers]
        return [*jobs, *helpers]

    def _counters(self, team: threads.Threads, *, closing: bool) -> Counters | None:
        """The counters now; None when a vCPU thread has ended, which _check() explains."""
        tids = team.tids[: len(self.vcpu_threads)]
        try:
            return read(tids, team.clocks, self._stats, self._tally, self._pcpu, closing=closing)
        except OSError:
            if any(vcpu_thread.ended for vcpu_thread in self.vcpu_threads):
                return None
            raise

    def _idling(self) -> bool:
        """Whether every guest has begun to idle."""
        return all(each.area.rounds for each in self.vm.vcpus[: len(self.flags)])

    def _rehearse(self, team: threads.Threads) -> int:
        """How long before the window the counters are to be read, in ns, from a first reading."""
        begin = waker.monotonic_ns()
        self._counters(team, closing=False)
        steps = ceil((waker.monotonic_ns() - begin) / COUNTERS_STEP_NS)
        return min(steps * COUNTERS_STEP_NS, COUNTERS_NS)

    def _tally(self) -> dict[str, int]:
        """What this process and its guests count themselves, so far."""
        areas = [each.area for each in self.vm.vcpus[: len(self.flags)]]
        return {
            "work": self._queue.done if self._queue else 0,
            "idle_exits": sum(vcpu_thread.idle_exits for vcpu_thread in self.vcpu_threads),
            "rounds": sum(area.rounds for area in areas),
            "events": sum(area.events for area in areas),
        }

    def _stop(self) -> None:
        self._stopping.set()
        for vcpu_thread in self.vcpu_threads:
            vcpu_thread.stop()
        self._wake()

    def _ticks(self, start: int, times: Sequence[int]) -> "array[int]":
        """These times after `start` (CLOCK_MONOTONIC, ns) as host TSC values."""
        now, tick = waker.monotonic_ns(), floors.tsc()
        return array("Q", [tick + (start - now + t) * self.tsc_khz // 1_000_000 for t in times])

    def _check(self) -> None:
        for each, vcpu_thread in zip(self.vm.vcpus, self.vcpu_threads, strict=False):
            error, _, unexpected = vcpu_thread.failure
            if unexpected:
                expect = "an exit of an idle guest"
                raise errors.unexpected_exit(expect, each.vcpu, self.vm.memory)
            if error:
                raise errors.failed_entry(error, each.vcpu)
            fault = self.vm.memory.struct("kb_params", lib.KB_PARAMS).fault_rip
            if fault:
                raise errors.unexpected_exit("an event", each.vcpu, self.vm.memory)


def _run(vcpu: Vcpu, vcpu_thread: VcpuThread) -> None:
    with vcpu.in_thread():
        vcpu_thread.run()
