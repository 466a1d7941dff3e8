# SPDX-License-Identifier: MIT
"""One open-loop window: start the vCPUs, fire the plan, stop, and read what everyone saw."""

import os
import time
from array import array
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from select import select

from kbench._abi import lib
from kbench._loops import floors, lanes, waker
from kbench._loops.lanes import Lane, Queue
from kbench._loops.waker import Source
from kbench.errors import KbenchError
from kbench.kvm.stats import Stats
from kbench.policies import EXITS
from kbench.worker import errors
from kbench.worker.idling import account, crew
from kbench.worker.idling.account import Spent
from kbench.worker.idling.crew import Places
from kbench.worker.idling.vm import IdleVcpu, IdleVm

# From the start of the threads to the window: by then the guests are in their idle loop.
# On a machine where that is not enough the next one is tried.
LEADS_NS = (20_000_000, 80_000_000, 320_000_000)
SETTLE_NS = 5_000_000  # of it, what the vCPUs have to themselves at least
BUSY = "the machine is too busy"
ACCOUNT_NS = 2_000_000  # what reading the counters may take at the window's start
ROOM = 4096  # stamps that a lane keeps


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall happen: `times` in ns from the window's start, `which` of `sources` for each.

    With `armed` the first vCPU's timer does it instead, and nothing is fired. The waker
    sleeps until `margin` ns before each time and spins the rest. `length` in ns.
    """

    times: Sequence[int]
    sources: tuple[Source, ...]
    length: int
    which: bytes = b""
    armed: bool = False
    margin: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """What happened, in ticks of the host's TSC: `planned` and `fired` by event of the plan,
    `guests` the events that each vCPU's guest handled, `acks` when the first lane came back.
    `helper_cpu` is in ns.
    """

    planned: "array[int]"
    fired: "array[int]"
    guests: "list[array[int]]"
    acks: "array[int]"
    idle_exits: int
    spent: Spent
    helper_cpu: int
    notes: frozenset[str]


def _cpu(clocks: Sequence[int]) -> int:
    return sum(map(time.clock_gettime_ns, clocks))


class Stage:
    """The lanes of a VM's vCPUs, ready for one window after another.

    `flags` are the KB_IDLE_* of each vCPU that has a lane (a sender has none), `queue` the
    VMM's work; `helper`, where given, does that work in a thread of its own, which
    `wake_helper` ends together with the lanes.
    """

    def __init__(
        self,
        vm: IdleVm,
        flags: Sequence[int],
        where: Places,
        *,
        queue: Queue | None = None,
        in_lane: bool = False,
        helper_fd: int | None = None,
    ) -> None:
        self.vm, self.flags, self.where = vm, flags, where
        self.tsc_khz = vm.vcpus[0].vcpu.get_tsc_khz()
        self._queue, self.in_lane = queue, in_lane
        self._helper_fd = helper_fd
        wait_fd = -1 if vm.policy.irqchip else vm.eventfd
        blocks = vm.policy.run == (EXITS, "KVM_KBENCH_EXIT_HLT") and not vm.policy.poll
        exits = lib.KVM_RUN_KBENCH_EXITS if blocks else -1
        self.lanes = [
            Lane(
                each.vcpu.fd,
                each.vcpu.run_address,
                ROOM,
                wait_fd,
                queue if in_lane else None,
                vm.policy.poll,
                exits,
            )
            for each in vm.vcpus[: len(flags)]
        ]
        self._stats: list[Stats] = [each.vcpu.get_stats_fd() for each in vm.vcpus[: len(flags)]]

    def close(self) -> None:
        for each in self._stats:
            each.close()

    def play(self, plan: Plan, mark: Callable[[], None] = lambda: None) -> Window:
        """Play one window. `mark` is called at its begin and at its end.

        Raises GuestError where a vCPU failed, KbenchError where its thread hangs, or where
        the machine is too busy to start it.
        """
        most = lib.KB_IDLE_PLAN_MAX - 1
        if len(plan.times) > most:
            raise KbenchError(f"{len(plan.times)} events in a value, at most {most}: lower --loops")
        for lead in LEADS_NS:
            window = self._try(plan, mark, lead)
            if window is not None:
                return window
        raise KbenchError(f"{BUSY}: the vCPUs did not start in time")

    def _try(self, plan: Plan, mark: Callable[[], None], lead: int) -> Window | None:
        """play(), or None when the threads needed longer than `lead` ns to start."""
        vcpus = self._restart()
        count = len(plan.times)
        planned, fired = array("Q", bytes(8 * count)), array("Q", bytes(8 * count))
        start = waker.monotonic_ns() + lead
        if plan.armed:
            planned = fired = self._ticks(start, plan.times)
            vcpus[0].arm(planned)
        with self._running() as team:
            if waker.monotonic_ns() > start - ACCOUNT_NS - SETTLE_NS:
                return None
            waker.sleep_until(start - ACCOUNT_NS, self.lanes[0])
            mark()
            helper = _cpu(team.clocks[len(vcpus) :])
            begin = self._account(team, closing=False)
            if not plan.armed:
                times = array("q", [start + offset for offset in plan.times])
                waker.fire_at(
                    times, plan.which or bytes(count), plan.sources, self.lanes[0],
                    self.tsc_khz, plan.margin, planned, fired,
                )  # fmt: skip
            waker.sleep_until(start + plan.length, self.lanes[0])
            end = self._account(team, closing=True)
            helper = _cpu(team.clocks[len(vcpus) :]) - helper
            mark()
        self._check()
        if begin is None or end is None:
            raise KbenchError("a vCPU's thread ended without a reason")
        return Window(
            planned=planned,
            fired=fired,
            guests=[array("Q", each.stamps()) for each in vcpus],
            acks=self.lanes[0].stamps,
            idle_exits=sum(lane.idle_exits for lane in self.lanes),
            spent=Spent(begin, end),
            helper_cpu=helper,
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

    def _running(self) -> AbstractContextManager[crew.Crew]:
        jobs = [(at, lane.run) for at, lane in zip(self.where.vcpus, self.lanes, strict=True)]
        fd, queue = self._helper_fd, self._queue
        if fd is not None and queue is not None:
            jobs.append((self.where.worker, lambda: lanes.work(queue, fd, self.lanes[0])))
        return crew.running(self.where.waker, jobs, self._stop)

    def _account(self, team: crew.Crew, *, closing: bool) -> account.Account | None:
        """The counters now; None when a vCPU's thread has ended, which _check() explains."""
        count = len(self.lanes)
        try:
            threads, clocks = team.threads[:count], team.clocks[:count]
            return account.read(threads, clocks, self._stats, closing=closing)
        except OSError:
            if any(lane.ended for lane in self.lanes):
                return None
            raise

    def _stop(self) -> None:
        for lane in self.lanes:
            lane.stop()
        if self._helper_fd is not None and self._helper_fd >= 0:
            os.eventfd_write(self._helper_fd, 1)

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
