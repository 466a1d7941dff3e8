# SPDX-License-Identifier: MIT
"""Probes of a vCPU that blocks in KVM_RUN in another thread.

After the interrupt the guest reports, so that thread leaves KVM_RUN and stays outside until
the next probe: no probe can miss that the vCPU was runnable.
"""

import os
import threading
import time
from select import select

from kbench._abi import lib
from kbench._native import mp_state_probe
from kbench._native.mp_state_probe import MpStateProbe
from kbench._native.vcpu_thread import VcpuThread
from kbench.catalogue import IdleWindow
from kbench.errors import KbenchError, Unavailable
from kbench.worker import errors, threads
from kbench.worker.idle.mpstate.measurement import MpState, probe_by
from kbench.worker.threads import Scheduling
from kbench.worker.vm.idle_vm import IdleVm

# Probes until an answer counts as never right: the vCPU thread has to wake meanwhile, and a
# probe that is no system call takes next to nothing.
MAX_PROBES, MAX_PROBES_IN_MEMORY = 100_000, 10_000_000
PATIENCE = 50  # times as many where that thread may have a pCPU to itself: about a second
SETTLE_SECONDS = 200e-6  # by then the vCPU blocks again, most times
LIMIT_SECONDS, LIMIT_SECONDS_EACH = 1.0, 0.01  # of the probes of a run
ASLEEP = "it is not right in {:,} probes: the vCPU thread has to run for it, and did not"
BLOCKED = "KVM_RUN holds the vCPU's mutex: no answer came until a signal ended it"


class Inside(MpState):
    """Probes of a vCPU that its thread runs; `go` is an eventfd that lets it re-enter."""

    def __init__(self, benchmark: IdleWindow, vm: IdleVm, go: int) -> None:
        super().__init__(benchmark, vm)
        self._go = go
        self._vcpu_thread = VcpuThread(self.vcpu.fd, self.vcpu.run_address, 1)
        in_memory = self.method in ("byte", "flag")
        self._cpus = sorted(os.sched_getaffinity(0))
        self._limit = MAX_PROBES_IN_MEMORY if in_memory else MAX_PROBES
        self._limit *= PATIENCE if len(self._cpus) > 1 else 1

    def _hold(self) -> None:
        with self.vcpu.in_thread():
            mp_state_probe.hold(self._vcpu_thread, self._go)

    def run(self, loops: int) -> float:
        """Probe `loops` times; the sum in ns."""
        before = self.histogram.total_ticks
        self.idle_vcpu.restart(lib.KB_IDLE_EOI | lib.KB_IDLE_REPORT)
        self._vcpu_thread.reset()
        limit = threading.Timer(LIMIT_SECONDS + loops * LIMIT_SECONDS_EACH, self._stop)
        # On one CPU the vCPU thread runs only when this one waits: methods that need it show it.
        first, last = (frozenset([self._cpus[n]]) for n in (0, -1))
        jobs = [(Scheduling(first), self._hold)]
        with threads.running(Scheduling(last, 1), jobs, self._stop) as team:
            limit.start()
            try:
                for _ in range(loops):
                    self._halt()
                    self.probe(self._probe(), self._limit)
                    self._check()
            finally:
                limit.cancel()
                limit.join()
        for note in sorted(team.notes):
            self.warn(note)
        return self.histogram.nanoseconds(self.histogram.total_ticks - before)

    def _probe(self) -> MpStateProbe:
        if self.method == "kick":
            return mp_state_probe.kick_out(self.vcpu.fd, self._vcpu_thread)
        return probe_by(self.method, self.vcpu, -1) or self.blocking

    def _halt(self) -> None:
        """Let the vCPU re-enter, until it blocks in KVM_RUN."""
        time.sleep(SETTLE_SECONDS)
        while mp_state_probe.cost(self.blocking, 1)[1]:
            self._check()
            os.eventfd_write(self._go, 1)
            time.sleep(SETTLE_SECONDS)
        if select([self._go], [], [], 0)[0]:
            os.eventfd_read(self._go)

    def _check(self) -> None:
        """Raises where the vCPU thread has ended, by an error or by the limit."""
        if not self._vcpu_thread.stopping:
            return
        error, _, unexpected = self._vcpu_thread.failure
        if unexpected:
            raise errors.unexpected_exit("KVM_EXIT_IO", self.vcpu, self.vm.memory)
        if error:
            raise errors.failed_entry(error, self.vcpu)
        raise Unavailable(BLOCKED) if self.method == "get" else KbenchError(errors.BUSY)

    def _stop(self) -> None:
        self._vcpu_thread.stop()
        os.eventfd_write(self._go, 1)

    def never(self) -> str:
        return ASLEEP.format(self._limit)
