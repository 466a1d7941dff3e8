# SPDX-License-Identifier: MIT
"""The threads of an idle benchmark: where they run, at which priority, and their end."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from kbench._native import helpers
from kbench.errors import KbenchError

WAKER_PRIORITY = 1  # SCHED_FIFO
# What a machine with ten times more to do than CPUs takes, with some to spare.
START_SECONDS = END_SECONDS = 30.0
SLACK_NS = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thread may run, and its SCHED_FIFO priority (0: as the process has it)."""

    cpus: frozenset[int]
    fifo: int = 0
    nice: int = 0

    def take(self) -> str:
        """Put the calling thread there; what was not permitted, or ""."""
        os.sched_setaffinity(0, self.cpus)
        if self.nice:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self.nice)
        try:
            if self.fifo:
                os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(self.fifo))
        except PermissionError:
            return "SCHED_FIFO is not permitted: the waker competes with other tasks"
        return ""


Job = tuple[Place, Callable[[], None]]
"""A thread: where, and what it does."""


@dataclass(frozen=True, slots=True)
class Places:
    """The places of the waker, of each vCPU's thread, and of threads that share a pCPU with
    the first of them. `each`: every vCPU has a pCPU to itself.
    """

    waker: Place
    vcpus: tuple[Place, ...]
    beside: Place
    each: bool


def places(vcpus: int) -> Places:
    """Spread over the CPUs that this process may use.

    The waker gets the last one; each vCPU one of the others to itself while there are
    enough, else they share all of those. With a single CPU all share it. The vCPUs'
    threads compete in SCHED_OTHER, as a VMM's do, and the waker stands above them: the
    guest runs when the waker has gone to sleep again, whether its thread halted or spins.
    """
    allowed = sorted(os.sched_getaffinity(0))
    waker = Place(frozenset(allowed[-1:]), WAKER_PRIORITY)
    others = allowed[:-1] or allowed
    if vcpus < len(allowed):
        own = tuple(Place(frozenset([cpu])) for cpu in others[:vcpus])
        return Places(waker, own, own[0], each=True)
    shared = Place(frozenset(others))
    return Places(waker, (shared,) * vcpus, shared, each=False)


@dataclass
class Crew:
    """The running threads: kernel ids and CPU clocks of the vCPUs', in order, then the others'."""

    threads: list[int] = field(default_factory=list)
    clocks: list[int] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)


@contextmanager
def running(where: Place, jobs: Sequence[Job], stop: Callable[[], None]) -> Iterator[Crew]:
    """Run each job in a thread at its place, and the calling thread, the waker, at `where`.

    At the end, on every path, `stop` is called until all jobs have returned, so it must be
    able to end each of them wherever it is. Raises KbenchError for one that does not end.
    """
    crew = Crew()
    members = [_Member(place, job) for place, job in jobs]
    affinity, slack = os.sched_getaffinity(0), helpers.set_timer_slack(SLACK_NS)
    scheduling = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        for member in members:
            member.start()
            if not member.ready.wait(START_SECONDS):
                raise KbenchError("a thread did not start: the machine is too busy")
            crew.threads.append(member.native_id or 0)
            crew.clocks.append(member.clock)
            crew.notes |= {member.note} - {""}
        crew.notes |= {where.take()} - {""}
        yield crew
    finally:
        os.sched_setscheduler(0, *scheduling)
        os.sched_setaffinity(0, affinity)
        helpers.set_timer_slack(slack)
        _end(members, stop)


class _Member(threading.Thread):
    def __init__(self, place: Place, job: Callable[[], None]) -> None:
        super().__init__(daemon=True)  # one that hangs in KVM_RUN must not hold up the exit
        self.place, self.job = place, job
        self.ready = threading.Event()
        self.note = ""
        self.clock = 0

    def run(self) -> None:
        self.clock = time.pthread_getcpuclockid(threading.get_ident())
        self.note = self.place.take()
        self.ready.set()
        self.job()


def _end(members: Sequence[_Member], stop: Callable[[], None]) -> None:
    end = time.monotonic() + END_SECONDS
    stop()
    for member in members:
        while member.is_alive():
            member.join(0.05)
            if not member.is_alive():
                break
            if time.monotonic() > end:
                raise KbenchError(f"a vCPU's thread did not end within {END_SECONDS:g} s")
            stop()  # a kick may have come before the thread was there to take it
