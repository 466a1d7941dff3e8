# SPDX-License-Identifier: MIT
"""Threads around the measuring one: where they run, at which priority, and how they end."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kbench._native import helpers
from kbench.errors import KbenchError

WAKER_PRIORITY = 1  # SCHED_FIFO
# Ample even with ten times more runnable tasks than CPUs.
START_SECONDS = END_SECONDS = 30.0
SLACK_NS = 1


@dataclass(frozen=True, slots=True)
class Scheduling:
    """The CPUs a thread may use, its SCHED_FIFO priority (0: the process's policy), its nice.

    `cgroup` is the cgroup.threads of its cgroup, None for the process's.
    """

    cpus: frozenset[int]
    fifo: int = 0
    nice: int = 0
    cgroup: Path | None = None

    def take(self) -> str:
        """Move the calling thread there. Returns what was not permitted, or ""."""
        if self.cgroup:
            self.cgroup.write_text(str(threading.get_native_id()))
        os.sched_setaffinity(0, self.cpus)
        if self.nice:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self.nice)
        try:
            if self.fifo:
                os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(self.fifo))
        except PermissionError:
            return "SCHED_FIFO is not permitted: the waker competes with other tasks"
        return ""


Job = tuple[Scheduling, Callable[[], object]]
"""A thread: where it runs, and its body."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the waker, each vCPU thread, and helpers on the first vCPU's pCPU run.

    `own_pcpu`: each vCPU has a pCPU to itself.
    """

    waker: Scheduling
    vcpus: tuple[Scheduling, ...]
    helper: Scheduling
    own_pcpu: bool

    @property
    def shares_waker(self) -> bool:
        """Whether the waker runs on a pCPU of the vCPUs."""
        return any(self.waker.cpus & vcpu.cpus for vcpu in self.vcpus)


def places(vcpus: int) -> Places:
    """Spread a waker and `vcpus` vCPU threads over the CPUs that this process may use.

    The waker gets the last CPU. Each vCPU gets one of the others while there are enough,
    else they share all the others; a single CPU is shared by all. The vCPU threads are
    SCHED_OTHER, as a VMM's are. The waker has priority: on a shared CPU the guest runs once
    the waker sleeps again, whether the vCPU halted or spins.
    """
    allowed = sorted(os.sched_getaffinity(0))
    waker = Scheduling(frozenset(allowed[-1:]), WAKER_PRIORITY)
    others = allowed[:-1] or allowed
    if vcpus < len(allowed):
        own = tuple(Scheduling(frozenset([cpu])) for cpu in others[:vcpus])
        return Places(waker, own, own[0], own_pcpu=True)
    shared = Scheduling(frozenset(others))
    return Places(waker, (shared,) * vcpus, shared, own_pcpu=False)


@dataclass
class Threads:
    """The running threads: kernel thread ids and CPU clocks, in the order of their jobs.

    `notes` says what was not permitted.
    """

    tids: list[int] = field(default_factory=list)
    clocks: list[int] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)


@contextmanager
def running(where: Scheduling, jobs: Sequence[Job], stop: Callable[[], None]) -> Iterator[Threads]:
    """Run each job in a thread at its place, and the calling thread at `where`.

    At the end, on every path, `stop` is called until all jobs have returned: it must be able
    to end each job wherever it is. Raises KbenchError where one does not start or end.
    """
    threads = Threads()
    members = [_Member(at, job) for at, job in jobs]
    affinity, slack = os.sched_getaffinity(0), helpers.set_timer_slack(SLACK_NS)
    scheduling = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        for member in members:
            member.start()
            if not member.ready.wait(START_SECONDS):
                raise KbenchError("a thread did not start: the machine is too busy")
            threads.tids.append(member.native_id or 0)
            threads.clocks.append(member.clock)
            threads.notes |= {member.note} - {""}
        threads.notes |= {where.take()} - {""}
        yield threads
    finally:
        os.sched_setscheduler(0, *scheduling)
        os.sched_setaffinity(0, affinity)
        helpers.set_timer_slack(slack)
        _end(members, stop)


class _Member(threading.Thread):
    def __init__(self, where: Scheduling, job: Callable[[], object]) -> None:
        super().__init__(daemon=True)  # one that hangs in KVM_RUN must not hold up the exit
        self.where, self.job = where, job
        self.ready = threading.Event()
        self.note = ""
        self.clock = 0

    def run(self) -> None:
        # These are for the main thread, which acts on them; kicks are not blocked.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGALRM, signal.SIGTERM})
        self.clock = time.pthread_getcpuclockid(threading.get_ident())
        self.note = self.where.take()
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
                raise KbenchError(f"a thread did not end within {END_SECONDS:g} s")
            stop()  # a kick may have come before the thread was there to take it
